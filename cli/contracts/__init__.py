"""`contracts/`: what the services promise, written from their code and committed."""

from cli.contracts.files import ROOT, differences, generated, write
from cli.contracts.promises import Promise, consumed, promises

__all__ = ["ROOT", "Promise", "consumed", "differences", "generated", "promises", "write"]
