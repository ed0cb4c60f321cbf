"""Plays the runs step by step, and says by its exit status whether every step kept to the rules."""

import tomllib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2

from cli.demo import asking, ending, leaving, reading, referring, suspending, withdrawing
from cli.demo.party import Door
from cli.demo.stage import RuleBroken, Stage
from cli.demo.telling import Teller
from cli.demo_people import NoSuchLogin
from cli.sign_in import SignInRefused

SCENARIO = Path(__file__).with_name("scenario.toml")

INTRODUCTION = """
Everybody here is invented, everything else is real: each line is what a party reads or does through the gateway.
Each ✓ is a rule that held; the first one that does not ends the demo with status 1."""

Step = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Run:
    """A title and its steps; each step's docstring is what is told of it."""

    title: str
    steps: Sequence[Step]


async def everyone_signs_in(stage: Stage) -> None:
    """Everyone signs in through the gateway: authorization code with PKCE, password, one-time code."""
    for key, role in stage.scenario["cast"].items():
        party = await stage.exits.enter_async_context(stage.door.enter(role))
        stage.parties[key] = party
        if key == "board":
            await ending.what_a_play_cut_short_left_is_put_right(stage)
        stage.sees(key, f"for {party.me['organization']['alias']}, in {party.seconds:.1f} s")
    sectors = {party.me["organization"]["sector"] for party in stage.parties.values()}
    stage.hold("all six sectors and the coalition are signed in", len(sectors), 7)


RUNS = (
    Run("Who plays", (everyone_signs_in,)),
    Run("First: a person is referred, with consent, to a service that can help", (*asking.STEPS, *referring.STEPS)),
    Run("Second: consent is withdrawn after acceptance", withdrawing.STEPS),
    Run("Third: an organisation is suspended", suspending.STEPS),
    Run("What left the system", leaving.STEPS),
    Run("Who saw what, when", reading.STEPS),
)


async def play(door: Door, mailbox: str, logs: Path | None, teller: Teller) -> int:
    """Play everything; return 0 when every step kept to the rules, 1 with the first step that did not."""
    scenario = tomllib.loads(SCENARIO.read_text(encoding="utf-8"))
    async with AsyncExitStack() as exits:
        letters = await exits.enter_async_context(httpx2.AsyncClient(base_url=mailbox))
        stage = Stage(scenario, teller, letters, door, logs, exits)
        teller.line(INTRODUCTION)
        try:
            played = await _played(stage)
        finally:
            await _tidied(stage)
    if played:
        teller.line(f"\nEvery step kept to the rules: {teller.held} rules held.")
    return 0 if played else 1


async def _played(stage: Stage) -> bool:
    for run in RUNS:
        stage.teller.run(run.title)
        for step in run.steps:
            if not await _kept(stage, step):
                return False
    return True


async def _kept(stage: Stage, step: Step) -> bool:
    """Play one step; False, told by its name, when the system did something else than the rules say."""
    name = step.__name__
    stage.teller.step((step.__doc__ or name).splitlines()[0])
    try:
        await step(stage)
    except RuleBroken as broken:
        stage.teller.broken(name, broken.rule, str(broken.expected), str(broken.found))
    except (httpx2.HTTPError, SignInRefused, NoSuchLogin) as fault:
        stage.teller.broken(name, "the system answers", "an answer", f"{type(fault).__name__}: {fault}")
    except (KeyError, IndexError, ValueError) as fault:
        stage.teller.broken(name, "the answer keeps its contract", "its fields", f"{type(fault).__name__}: {fault}")
    else:
        return True
    return False


async def _tidied(stage: Stage) -> None:
    """Leave the world as it was: also after a step that broke a rule."""
    for tidy in ending.TIDYING:
        try:
            await tidy(stage)
        except (httpx2.HTTPError, RuleBroken) as fault:
            stage.teller.line(f"  could not tidy up ({tidy.__name__}): {type(fault).__name__}")
