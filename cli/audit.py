"""`coalition audit`: hold the audit log of each service to its seals, and print the chains' ends for others to witness.

The database and the key are the service's own: `<SERVICE>_MONGODB_URL`, `_MONGODB_DATABASE` and `_AUDIT_KEY`.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli.reach import database_of, operator, refuse, say, setting, show
from cli.witness import BadWitness, Head, Heads, by_chain, read, told
from kit.audit import Audit, Finding
from kit.clock import utc_now

AUDITED = ("membership", "referral")
HOLDER = "coalition-audit"
MEANING = {
    "edited": "the row, or the order it stands in, is not what was sealed",
    "missing": "the row is gone",
    "truncated": "the chain ends before this row, which was sealed once",
    "head-missing": "the record of the chain's end is gone",
    "beyond-head": "there is a row behind the end of the chain",
    "unsealed": "waits more than 10 s for its seal: does the service run?",
}

audit = typer.Typer(help="The log of who read and wrote what: is it as it was sealed?", no_args_is_help=True)


def _known(service: str | None) -> str | None:
    if service is not None and service not in AUDITED:
        refuse(f"There is no audit log of {service}: {', '.join(AUDITED)}.")
    return service


Service = Annotated[str | None, typer.Argument(callback=_known, help=f"{', '.join(AUDITED)}; both without it.")]
Organization = Annotated[str | None, typer.Argument(help="The id of one organisation, whose chain alone is read.")]
Witness = Annotated[Path | None, typer.Option(help="What `coalition audit heads` printed before, kept elsewhere.")]
OverBus = Annotated[
    bool | None,
    typer.Option("--bus/--no-bus", help="Hear what the bus was told; unsaid, where NATS_URL is set."),
]


@dataclass(frozen=True)
class Verdict:
    """What was read of a service's log, and what is wrong with it."""

    service: str
    chains: int
    rows: int
    findings: Counter[Finding]

    def __str__(self) -> str:
        return f"{self.service} (chains: {self.chains}, rows: {self.rows})"


@audit.command()
def verify(
    service: Service = None, organization: Organization = None, witness: Witness = None, bus: OverBus = None
) -> None:
    """Find every edit, deletion, reorder and truncation; ends with status 1 when there is any.

    Read with another key than it was sealed with, every row of a log is `edited`. A chain that was cut together with
    the record of its end is found by the ends that were told on the bus, or kept in a file.
    """
    seen = [*_witnessed(witness)]
    if bus or (bus is None and "NATS_URL" in os.environ):
        seen += asyncio.run(_told(_services(service)))
    verdicts = [asyncio.run(_verdict(name, organization, seen)) for name in _services(service)]
    whole = ", ".join(str(verdict) for verdict in verdicts)
    if any(verdict.findings for verdict in verdicts):
        _show(verdicts)
        say(f"✗ The log is not as it was sealed: {whole}.")
        raise typer.Exit(1)
    held = f" and as {len(seen)} witnessed ends say" if seen else ""
    say(f"✓ Everything is as it was sealed{held}: {whole}.")


@audit.command()
def heads(service: Service = None) -> None:
    """Print each chain's end as a JSON line: keep them where the database's owner does not reach."""
    for name in _services(service):
        for head in asyncio.run(_heads(name)):
            say(head.model_dump_json())


def _services(service: str | None) -> tuple[str, ...]:
    return (service,) if service else AUDITED


def _witnessed(file: Path | None) -> Heads:
    try:
        return read(file) if file else ()
    except BadWitness as fault:
        refuse(str(fault))


async def _told(services: Iterable[str]) -> Heads:
    async with operator() as found:
        return [head for service in services for head in await told(found.jetstream(), service)]


async def _verdict(service: str, organization: str | None, seen: Heads) -> Verdict:
    own = [head for head in seen if head.service == service and organization in {None, head.organization}]
    async with _log_of(service) as log:
        chains = [head for head in await log.heads() if organization in {None, head["organization"]}]
        findings = Counter(await log.verify(organization, by_chain(own)))
    if organization and not chains and not findings:
        refuse(f"{service} has no audit chain of {organization}: `coalition audit heads {service}` lists them.")
    return Verdict(service, len(chains), sum(chain["number"] for chain in chains), findings)


def _show(verdicts: Iterable[Verdict]) -> None:
    table = Table("service", "organisation", "row", "finding", "times", "meaning", box=None, pad_edge=False)
    for verdict in verdicts:
        for found, times in verdict.findings.items():
            row = str(found.number) if found.number else "–"
            meaning = MEANING[found.problem]
            table.add_row(verdict.service, found.organization, row, found.problem, str(times), meaning)
    show(table)


async def _heads(service: str) -> list[Head]:
    async with _log_of(service) as log:
        return [Head(service=service, **head) for head in await log.heads()]


@asynccontextmanager
async def _log_of(service: str) -> AsyncIterator[Audit]:
    """Open a service's log; nothing is written to it."""
    key = setting(f"{service.upper()}_AUDIT_KEY").encode()
    async with database_of(service) as mongo:
        yield Audit(mongo, key, utc_now, HOLDER)
