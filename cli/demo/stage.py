"""What every step works with: the parties, the mailbox, what earlier steps brought about, and the rules' verdict."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from cli.demo.listening import Listener
from cli.demo.party import Answer, Door, Party
from cli.demo.telling import Teller

POLL_SECONDS = 0.1
SOON_SECONDS = 15.0

T = TypeVar("T")


class RuleBroken(Exception):  # noqa: N818 - it reads as what happened
    """The system did something else than the rules say."""

    def __init__(self, rule: str, expected: object, found: object) -> None:
        super().__init__(rule)
        self.rule, self.expected, self.found = rule, expected, found


@dataclass
class Stage:
    """The play so far; `made` holds ids by the name a step gave them, `streams` the live streams parties follow.

    `logs` is the folder of the processes' logs; None where they run elsewhere.
    """

    scenario: Mapping[str, Any]
    teller: Teller
    mailbox: httpx2.AsyncClient
    door: Door
    logs: Path | None
    exits: AsyncExitStack
    parties: dict[str, Party] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    streams: dict[str, Listener] = field(default_factory=dict)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    def hold(self, rule: str, found: object, expected: object) -> None:
        """Tell that a rule held, or raise `RuleBroken`."""
        if found != expected:
            raise RuleBroken(rule, expected, found)
        self.teller.holds(rule)

    def succeeded(self, what: str, answer: Answer) -> Mapping[str, Any]:
        """Return the body of an answer that is no refusal; raises `RuleBroken`."""
        if answer.status >= httpx2.codes.BAD_REQUEST:
            raise RuleBroken(what, "success", (*answer.refusal, answer.body.get("errors", "")))
        return answer.body

    async def read(self, key: str, path: str, **query: str) -> Mapping[str, Any]:
        """Return what a party reads; raises `RuleBroken` when it is refused."""
        return self.succeeded(f"{path} is read", await self.parties[key].get(path, **query))

    async def do(self, key: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Return what a party's act answers; raises `RuleBroken` when it is refused."""
        return self.succeeded(f"{path} is done", await self.parties[key].post(path, body))

    def sees(self, key: str, what: str) -> None:
        """Tell what a party sees or does."""
        party = self.parties[key]
        self.teller.sees(f"{party.name} ({party.part})", what)


async def soon(what: str, look: Callable[[], Awaitable[T | None]], within: float = SOON_SECONDS) -> tuple[T, float]:
    """Look until there is something; return it with the seconds it took, or raise `RuleBroken`."""
    began = time.monotonic()
    while not (found := await look()):
        if time.monotonic() - began > within:
            raise RuleBroken(what, f"within {within:.0f} s", "nothing")
        await asyncio.sleep(POLL_SECONDS)
    return found, time.monotonic() - began


# What a person says in their own words; codes alone ("adult", "high") tell nobody apart.
OWN_WORDS = frozenset(
    {
        "preferred_name",
        "prs_FirstName",
        "prs_SecondName",
        "place",
        "note",
        "facts",
        "status",
        "address",
        "ask_for",
        "code_word",
    }
)


def forbidden_words(scenario: Mapping[str, Any]) -> list[str]:
    """Return what stands in the persons' records in their own words: it must not leave the system."""
    classes = [fields for person in scenario["persons"].values() for fields in person.values()]
    return sorted({fields[name] for fields in classes for name in OWN_WORDS & fields.keys()})
