"""Ends of audit chains that somebody outside the database has seen: JSON lines, as `coalition audit heads` prints.

The services' own log lines `audit.head` are such lines too.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from kit.mongo import Document


class BadWitness(Exception):  # noqa: N818 - it reads as what happened
    """The file cannot bear witness; the message says why."""


class Head(BaseModel):
    """One chain's end at some moment: its `number`-th row had this `hash`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    service: str
    organization: str
    number: int
    hash: str


Heads = Sequence[Head]


def read(path: Path) -> Heads:
    """Read a witness file; raises `BadWitness` with the line that is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as fault:
        raise BadWitness(f"{path} cannot be read ({type(fault).__name__}).") from None
    heads = [_head(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not heads:
        raise BadWitness(f"{path} is empty: it bears witness to nothing.")
    return heads


def _head(path: Path, number: int, line: str) -> Head:
    try:
        return Head.model_validate_json(line)
    except ValidationError:
        raise BadWitness(f"{path}, line {number}: no line of `coalition audit heads`.") from None


def rounds(heads: Iterable[Head]) -> list[dict[str, Document]]:
    """Return one head a chain at a time, the newest of each first: every one is held to the log, not the last alone."""
    chains: dict[str, set[Head]] = defaultdict(set)
    for head in heads:
        chains[head.organization].add(head)
    newest_first = [sorted(chain, key=lambda head: -head.number) for chain in chains.values()]
    longest = max(map(len, newest_first), default=0)
    return [_round(chain[turn] for chain in newest_first if turn < len(chain)) for turn in range(longest)]


def _round(heads: Iterable[Head]) -> dict[str, Document]:
    return {head.organization: {"number": head.number, "hash": head.hash} for head in heads}
