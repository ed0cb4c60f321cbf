"""`coalition demo`: starts the system if need be, makes its invented world once, and plays."""

import asyncio
import os

from rich.console import Console

from cli import demo_people
from cli.demo import world
from cli.demo.party import Door
from cli.demo.play import play
from cli.demo.telling import Teller, console
from cli.local import up
from cli.local.plan import Plan

REFUSED = 2
NOBODY_TO_PLAY = (
    "✗ This is a real start (DEMO=0): nobody is invented here who could play.",
    "  → Play in another copy (COALITION_RUN, PORT_BASE), or start over without DEMO=0: ./coalition reset, make demo",
)


def run(plan: Plan) -> int:
    """Play the demo on this copy's own system; the exit status says whether every step kept to the rules.

    A copy for a real start is refused at once: nothing is started or invented there.
    """
    to = console()
    if not plan.demo:
        for line in NOBODY_TO_PLAY:
            to.print(line, soft_wrap=True)
        return REFUSED
    state = plan.run.state()
    if not (state and state.up and state.alive()):
        to.print("The system is not up: starting it. `make down` stops it.\n", soft_wrap=True)
        if status := up.up_detached(plan, to):
            return status
    # What the start wrote for tools holds from now on, whatever was there before.
    os.environ.update(plan.run.environment())
    return asyncio.run(_played(plan, to))


async def _played(plan: Plan, to: Console) -> int:
    people = plan.people
    demo = demo_people.read(people)
    if not demo.logins:
        to.print("Making the invented organisations, services and people (once, about a minute)…", soft_wrap=True)
        _, demo = await world.prepare(plan.people)
    door = Door(os.environ["COALITION_URL"], demo)
    return await play(door, os.environ["COALITION_MAILBOX_URL"], plan.run.logs, Teller(to))
