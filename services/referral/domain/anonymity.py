"""Crowds: facts about people made coarser until nobody stands out, by generalisation and never by chance.

The Regulation respecting the anonymization of personal information (A-2.1, r. 0.1) names three risks. Against
singling out, a crowd has at least 11 people of at least 3 organisations; against linkage, everybody in it reads the
same; against inference, no outcome is that of more than three in four, or the outcome goes.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

FEWEST_PEOPLE = 11
FEWEST_ORGANIZATIONS = 3
MOST_ALIKE = 0.75
ANY = "any"

Facts = Mapping[str, str]
Coarsen = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Case:
    """One person's: what could be known of them from elsewhere (`facts`), and what must not be learnt (`outcome`)."""

    facts: Facts
    outcome: str
    organization: str


@dataclass(frozen=True, slots=True)
class Crowd:
    """People who read the same: the coarse facts, and the outcomes of each, None where they would tell too much."""

    facts: Facts
    cases: tuple[Case, ...]
    outcomes: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Ladder:
    """A fact's steps from `any` down to the finest told."""

    name: str
    steps: tuple[Coarsen, ...]


def crowds(cases: Sequence[Case], ladders: Sequence[Ladder], fewest: int = FEWEST_PEOPLE) -> list[Crowd]:
    """Return everybody in crowds as fine as is safe; nobody where all together are too few.

    The crowds share nobody and leave nobody out, and there are no totals beside them: nothing can be subtracted.
    """
    if not _is_crowd(cases, fewest):
        return []
    whole = dict.fromkeys((ladder.name for ladder in ladders), ANY)
    return _split(tuple(cases), whole, ladders, dict.fromkeys(whole, 0), fewest)


def _split(
    cases: tuple[Case, ...], facts: Facts, ladders: Sequence[Ladder], depth: Mapping[str, int], fewest: int
) -> list[Crowd]:
    """Take one step down the first ladder that allows it, and go on in each part."""
    for ladder in ladders:
        level = depth[ladder.name]
        if level == len(ladder.steps):
            continue
        parts, rest = _parts(cases, ladder.name, ladder.steps[level], fewest)
        if len(parts) + bool(rest) > 1 or (parts and not rest):
            deeper = {**depth, ladder.name: level + 1}
            # Those left over go on without this ladder: their own step would tell them apart.
            ended = {**depth, ladder.name: len(ladder.steps)}
            found = [] if not rest else _split(rest, facts, ladders, ended, fewest)
            for value, part in parts.items():
                found += _split(part, {**facts, ladder.name: value}, ladders, deeper, fewest)
            return found
    return [Crowd(facts, cases, _outcomes(cases))]


def _parts(
    cases: tuple[Case, ...], name: str, coarsen: Coarsen, fewest: int
) -> tuple[dict[str, tuple[Case, ...]], tuple[Case, ...]]:
    """Part cases by one step; what is too small goes together, with the smallest of the others until it is a crowd."""
    by_value: dict[str, list[Case]] = {}
    for case in cases:
        by_value.setdefault(coarsen(case.facts[name]), []).append(case)
    parts: dict[str, tuple[Case, ...]] = {}
    rest: list[Case] = []
    for value, part in sorted(by_value.items(), key=lambda each: (len(each[1]), each[0])):
        if not _is_crowd(part, fewest) or (rest and not _is_crowd(rest, fewest)):
            rest += part
        else:
            parts[value] = tuple(part)
    while rest and parts and not _is_crowd(rest, fewest):
        rest += parts.pop(min(parts, key=lambda value: (len(parts[value]), value)))
    return parts, tuple(rest)


def _is_crowd(cases: Sequence[Case], fewest: int) -> bool:
    organizations = {case.organization for case in cases}
    return len(cases) >= fewest and len(organizations) >= FEWEST_ORGANIZATIONS


def _outcomes(cases: Sequence[Case]) -> tuple[str, ...] | None:
    """Return the outcomes of a crowd in no order of theirs; None where most share one."""
    outcomes = sorted(case.outcome for case in cases)
    most = max(Counter(outcomes).values())
    return tuple(outcomes) if most <= MOST_ALIKE * len(outcomes) else None
