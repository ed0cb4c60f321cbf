"""The gap between what the code states and what Keycloak holds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

SECRETS = frozenset({"secret", "password"})


@dataclass(frozen=True)
class Difference:
    """One value that is not as stated; `where` is its path, and a secret's values never show."""

    where: str
    found: str
    wanted: str


@dataclass(frozen=True)
class Step:
    """One part of the realm: its differences, and the call that closes them."""

    differences: tuple[Difference, ...]
    close: Callable[[], object]


def compare(where: str, wanted: Any, found: Any) -> Iterator[Difference]:
    """Yield each difference; keys the code does not state are not looked at, lists of plain values have no order."""
    if isinstance(wanted, dict):
        held = found if isinstance(found, dict) else {}
        for key, value in wanted.items():
            yield from compare(f"{where}.{key}", value, held.get(key))
    elif _is_table(wanted, found):
        for number, (left, right) in enumerate(zip(wanted, found, strict=True)):
            yield from compare(f"{where}[{number}]", left, right)
    elif _plain(wanted) != _plain(found):
        yield _difference(where, wanted, found)


def _is_table(wanted: Any, found: Any) -> bool:
    nested = isinstance(wanted, list) and any(isinstance(item, dict) for item in wanted)
    return nested and isinstance(found, list) and len(found) == len(wanted)


def _plain(value: Any) -> Any:
    """Keycloak leaves out what is empty, and gives back lists in any order."""
    if value in (None, "", [], {}):
        return None
    return sorted(map(str, value)) if isinstance(value, list | tuple) else value


def _difference(where: str, wanted: Any, found: Any) -> Difference:
    if where.rsplit(".", 1)[-1] in SECRETS:
        return Difference(where, "(another secret)", "(the stated secret)")
    return Difference(where, _shown(found), _shown(wanted))


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)
