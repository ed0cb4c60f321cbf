"""What an operator does to the bus and its messages: parked ones, streams, projections.

Connections come from the environment, as the services' own do: `<SERVICE>_MONGODB_URL`, `<SERVICE>_MONGODB_DATABASE`,
`NATS_URL` and the `ops` NKEY seed in `NATS_OPS_SEED`.
"""

import asyncio
import contextlib
import getpass
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

import typer
from nats.js.errors import NotFoundError
from rich.console import Console
from rich.table import Table

from cli import bus as bus_code
from kit import relay
from kit.bus import Bus
from kit.clock import utc_now
from kit.marks import NotParked, ask_replay, drop_parked
from kit.mongo import Document, Mongo
from kit.projections import ask_rebuild

console = Console()

parked = typer.Typer(help="Messages set aside for their own fault.", no_args_is_help=True)
stream = typer.Typer(help="The services' streams.", no_args_is_help=True)
bus = typer.Typer(help="Streams as the code states them.", no_args_is_help=True)
projection = typer.Typer(help="Read models.", no_args_is_help=True)

Service = Annotated[str, typer.Argument(help="membership, referral or notifications")]


def setting(name: str) -> str:
    """Return a setting of the environment, or end with the one thing to do."""
    value = os.environ.get(name)
    if value is None:
        console.print(f"{name} is not set. Start the system with `make up`, or name your own servers.", style="red")
        raise typer.Exit(2)
    return value


@contextlib.asynccontextmanager
async def database_of(service: str) -> AsyncIterator[Mongo]:
    """Open a service's database."""
    prefix = service.upper()
    mongo = Mongo.connect(setting(f"{prefix}_MONGODB_URL"), setting(f"{prefix}_MONGODB_DATABASE"))
    try:
        yield mongo
    finally:
        await mongo.close()


@contextlib.asynccontextmanager
async def operator() -> AsyncIterator[Bus]:
    """Open the bus as `ops`, waiting at most 10 s for it."""
    async with Bus(setting("NATS_URL"), setting("NATS_OPS_SEED"), "ops") as found:
        async with asyncio.timeout(10):
            await found.ready()
        yield found


async def _rows(service: str, query: Document) -> list[Document]:
    async with database_of(service) as mongo:
        return await mongo.db["parked"].find(query).sort([("consumer", 1), ("aggregate", 1), ("sequence", 1)]).to_list()


@parked.command("list")
def list_parked(service: Service) -> None:
    """List what is parked, with its reason."""
    rows = asyncio.run(_rows(service, {}))
    table = Table(*("consumer", "aggregate", "sequence", "subject", "reason"), box=None)
    for row in rows:
        table.add_row(row["consumer"], row["aggregate"], str(row["sequence"]), row["subject"], row["reason"])
    console.print(table if rows else "Nothing is parked.")


@parked.command("show")
def show_parked(service: Service, consumer: str, aggregate: str) -> None:
    """Show an aggregate's parked messages whole: they hold identifiers, never personal data."""
    for row in asyncio.run(_rows(service, {"consumer": consumer, "aggregate": aggregate})):
        facts = {key: row[key] for key in ("sequence", "subject", "message_id", "time", "reason")}
        console.print(facts | {"body": row["body"].decode(errors="replace")})


@parked.command("replay")
def replay_parked(service: Service, consumer: str, aggregate: Annotated[str | None, typer.Argument()] = None) -> None:
    """Ask the service to replay, in order; the rest of an aggregate waits again if one still fails."""

    async def ask() -> int:
        async with database_of(service) as mongo:
            return await ask_replay(mongo.db, consumer, aggregate)

    console.print(f"{asyncio.run(ask())} aggregate(s) will be replayed within a second.")


@parked.command("drop")
def drop(service: Service, consumer: str, aggregate: str) -> None:
    """Give up an aggregate's earliest parked message, and keep who did."""

    async def work() -> int:
        async with database_of(service) as mongo:
            who, at = getpass.getuser(), utc_now()
            return await mongo.transaction(lambda s: drop_parked(s, mongo.db, consumer, aggregate, who, at))

    try:
        console.print(f"Dropped message {asyncio.run(work())} of {aggregate}. `replay` lets the next ones go on.")
    except NotParked:
        console.print("No such parked message.", style="red")
        raise typer.Exit(1) from None


@bus.command("apply")
def apply_bus() -> None:
    """Create or update the streams; running it again changes nothing."""

    async def work() -> list[str]:
        async with operator() as found:
            return await bus_code.apply(found.jetstream())

    for line in asyncio.run(work()) or ["Every stream is as the code states it."]:
        console.print(line)


@stream.command("rebuild")
def rebuild_stream(service: Service) -> None:
    """Delete a service's stream, create it anew and let its relay publish every row of the outbox again."""

    async def work() -> int:
        async with operator() as found, database_of(service) as mongo:

            async def recreate() -> None:
                await bus_code.recreate_stream(found.jetstream(), service)

            return await relay.rebuild(mongo, service, recreate)

    console.print(f"{asyncio.run(work())} message(s) will be published anew; consumers know those they had.")


@projection.command("rebuild")
def rebuild_projection(service: Service, name: str) -> None:
    """Fill a projection's idle copy from the stream; readers change over once it has caught up."""
    declared = {s.name: s for s in bus_code.subscriptions(service) if s.kind == "projection"}
    if name not in declared:
        console.print(f"{service} has no projection {name}. It has: {', '.join(declared) or 'none'}.", style="red")
        raise typer.Exit(1)

    async def work() -> str:
        async with operator() as found, database_of(service) as mongo:
            return await ask_rebuild(mongo.db, name, _deleter(found, declared[name].stream))

    console.print(f"Copy {asyncio.run(work())} of {name} is being filled.")


def _deleter(found: Bus, stream_name: str) -> Callable[[str], Awaitable[Any]]:
    async def delete(durable: str) -> None:
        with contextlib.suppress(NotFoundError):
            await found.jetstream().delete_consumer(stream_name, durable)

    return delete
