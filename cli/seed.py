"""What fills a system with invented data, to measure it or to look at it full."""

import asyncio
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.reach import console, database_of, refuse, say

seed = typer.Typer(help="Fill the system with invented data.", no_args_is_help=True)
COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())


@seed.command("referrals")
def seed_referrals(
    count: Annotated[int, typer.Argument(min=1, max=10_000_000, help="How many referrals to add, 3 a person.")],
) -> None:
    """Add invented people with their consents and referrals, between the members that are there; nobody is told."""
    say(f"{asyncio.run(_referrals(count)):,} referrals added.")


async def _referrals(count: int) -> int:
    from services.referral.seed import NobodyToRefer, load  # noqa: PLC0415 - no other command needs the service
    from services.referral.seed.reach import opened_desk  # noqa: PLC0415

    with Progress(*COLUMNS, console=console) as bar:
        task = bar.add_task("referrals", total=count)
        async with database_of("referral"), opened_desk() as desk:
            try:
                return await load(desk, count, lambda written: bar.advance(task, written))
            except NobodyToRefer:
                refuse("There are too few members with a service and people: start with `make up`, which invents some.")
