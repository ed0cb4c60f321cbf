"""The gateway's image holds what the gateway imports: its lock is the only thing installed there."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OURS = {"gateway", "kit"}


def imported(folder: str) -> set[str]:
    """Every top-level package that a folder's modules import, the tests' helpers apart."""
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        if "testing" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - OURS - sys.stdlib_module_names


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_all_that_the_gateway_imports_is_in_its_own_lock():
    lock = (ROOT / "requirements" / "gateway.txt").read_text()
    locked = {normal(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)}
    providers = packages_distributions()
    missing = {
        package
        for package in imported("gateway") | imported("kit")
        if not {normal(name) for name in providers[package]} & locked
    }
    assert missing == set(), "add these to the gateway's group in pyproject.toml, then `make lock`"
