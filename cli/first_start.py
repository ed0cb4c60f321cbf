"""`coalition init`: the first real start. Founds the coalition and invites its first two board members, once."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

REFUSED = 2
console = Console(highlight=False)


def init(
    first: Annotated[str, typer.Argument(help="The address of one board member.")],
    second: Annotated[str, typer.Argument(help="The address of another.")],
    number: Annotated[str, typer.Option("--business-number", help="The coalition's Quebec enterprise number.")],
) -> None:
    """Invite the first two board members; they admit everyone else. Works once, and the audit says so."""
    from cli import founding  # noqa: PLC0415 - it brings the whole service, which every other command would wait for

    try:
        asyncio.run(founding.found(first, second, number))
    except founding.CannotFound as fault:
        console.print(f"✗ {fault}", style="red", soft_wrap=True)
        raise typer.Exit(REFUSED) from None
    console.print("The coalition is founded. Two invitations are on their way; each link holds for 8 days.")
