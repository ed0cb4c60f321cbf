"""How an operator's command reaches what the services use, and how it says what stands in the way.

Connections come from the environment, as the services' own do: `<SERVICE>_MONGODB_URL`, `<SERVICE>_MONGODB_DATABASE`,
`NATS_URL` and the `ops` NKEY seed in `NATS_OPS_SEED`.
"""

import contextlib
import os
from collections.abc import AsyncIterator
from typing import NoReturn

import typer
from pymongo.errors import PyMongoError
from rich.console import Console
from rich.table import Table

from cli.bus import refusal
from kit.bus import Bus
from kit.mongo import Mongo

REFUSED = 2
# No terminal is this wide: a table measured against it has every cell whole.
UNBOUNDED = 10_000
console = Console(highlight=False)


def refuse(why: str) -> NoReturn:
    """End with status 2 and the one line that says what is wrong or what to do."""
    console.print(f"✗ {why}", style="red", soft_wrap=True, markup=False)
    raise typer.Exit(REFUSED)


def say(line: str) -> None:
    """Print a line whole: what an operator copies is never broken."""
    console.print(line, soft_wrap=True, markup=False)


def show(table: Table) -> None:
    """Print a table whole, however narrow the terminal: an id that is broken or cut cannot be copied."""
    width = console.measure(table, options=console.options.update(max_width=UNBOUNDED)).maximum
    Console(file=console.file, width=max(width, 1), highlight=False).print(table, crop=False)


def setting(name: str) -> str:
    """Return a setting of the environment, or end with the one thing to do."""
    value = os.environ.get(name)
    if value is None:
        refuse(f"{name} is not set. Start the system with `make up`, or name your own servers.")
    return value


@contextlib.asynccontextmanager
async def database_of(service: str) -> AsyncIterator[Mongo]:
    """Open a service's database; a database that does not answer ends the command with a line."""
    prefix = service.upper()
    mongo = Mongo.connect(setting(f"{prefix}_MONGODB_URL"), setting(f"{prefix}_MONGODB_DATABASE"))
    try:
        yield mongo
    except PyMongoError as error:
        # Never the error's own text: it may hold the URL and its password.
        refuse(f"The database of {service} does not do as asked ({type(error).__name__}): {prefix}_MONGODB_URL.")
    finally:
        await mongo.close()


@contextlib.asynccontextmanager
async def operator() -> AsyncIterator[Bus]:
    """Open the bus as `ops`; one that does not serve us ends the command with a line."""
    url, seed = setting("NATS_URL"), setting("NATS_OPS_SEED")
    if why := await refusal(url, seed, "ops"):
        refuse(f"NATS_URL does not serve ops: {why}. It needs what `coalition bus accounts` prints.")
    async with Bus(url, seed, "ops") as found:
        await found.ready()
        yield found
