"""Ends of audit chains that somebody outside the database has seen: told on the bus, or lines of a file.

The lines are JSON, as `coalition audit heads` prints; the services' own log lines `audit.head` are such lines too.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from pydantic import BaseModel, ConfigDict, ValidationError

from kit.messages import stream_of
from kit.mongo import Document

SEALED = "audit-sealed.v1"
SILENCE_SECONDS = 10.0


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


async def told(js: JetStreamContext, service: str) -> Heads:
    """Read every end that a service told on the bus, from the first on; nothing where it tells none."""
    stream, subject = stream_of(service), f"{service}.{SEALED}"
    try:
        last = (await js.get_last_msg(stream, subject)).seq or 0
    except NotFoundError:
        return ()
    heads: list[Head] = []
    subscription = await js.subscribe(subject, stream=stream, ordered_consumer=True)
    try:
        while True:
            message = await subscription.next_msg(timeout=SILENCE_SECONDS)
            end = json.loads(message.data)
            heads.append(
                Head(service=service, organization=end["organization_id"], number=end["number"], hash=end["hash"])
            )
            if message.metadata.sequence.stream >= last:
                return heads
    finally:
        await subscription.unsubscribe()


def by_chain(heads: Iterable[Head]) -> dict[str, list[Document]]:
    """Return the ends of each organisation's chain, each once."""
    chains: dict[str, list[Document]] = defaultdict(list)
    for head in dict.fromkeys(heads):
        chains[head.organization].append({"number": head.number, "hash": head.hash})
    return chains
