"""What an operator does to the bus and its messages: parked ones, streams, projections."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any, NoReturn

import typer
from nats.js.errors import NotFoundError
from rich.table import Table

from cli import bus as bus_code
from cli.erased import delete_erased
from cli.local.environment import BUS_ACCOUNT, bus_seeds
from cli.local.state import RunDirectory
from cli.reach import database_of, operator, refuse, say, setting, show
from cli.servers.nats import render_accounts
from kit import relay
from kit.bus import Bus
from kit.clock import utc_now
from kit.marks import NotParked, ask_replay, drop_parked
from kit.mongo import Document
from kit.projections import ask_rebuild

parked = typer.Typer(help="Messages set aside for their own fault.", no_args_is_help=True)
stream = typer.Typer(help="The services' streams.", no_args_is_help=True)
bus = typer.Typer(help="Streams and accounts as the code states them.", no_args_is_help=True)
projection = typer.Typer(help="Read models.", no_args_is_help=True)

NEEDED = """\
# For a nats-server of your own: put it into its configuration, then reload it (SIGHUP). No secret is in it.
# JetStream must be on and may reserve what the streams ask for: jetstream { store_dir: "…", max_file_store: 1TB }
"""
SHOWN = ("sequence", "subject", "message_id", "time", "reason")


def _known(service: str) -> str:
    if service not in bus_code.SERVICES:
        refuse(f"There is no service {service}: {', '.join(bus_code.SERVICES)}.")
    return service


Service = Annotated[str, typer.Argument(callback=_known, help=", ".join(bus_code.SERVICES))]
ByWhom = Annotated[str, typer.Option("--by", prompt="Who drops it", help="Who drops it, kept for good.")]


async def _rows(service: str, query: Document) -> list[Document]:
    async with database_of(service) as mongo:
        return await mongo.db["parked"].find(query).sort([("consumer", 1), ("aggregate", 1), ("sequence", 1)]).to_list()


@parked.command("list")
def list_parked(service: Service) -> None:
    """List what is parked, with its reason."""
    rows = asyncio.run(_rows(service, {}))
    if not rows:
        say("Nothing is parked.")
        return
    table = Table(*("consumer", "aggregate", "sequence", "subject", "reason"), box=None, pad_edge=False)
    for row in rows:
        table.add_row(row["consumer"], row["aggregate"], str(row["sequence"]), row["subject"], row["reason"])
    show(table)


@parked.command("show")
def show_parked(service: Service, consumer: str, aggregate: str) -> None:
    """Show an aggregate's parked messages whole: they hold identifiers, never personal data."""
    rows = asyncio.run(_rows(service, {"consumer": consumer, "aggregate": aggregate}))
    if not rows:
        _refuse_unparked(service)
    for row in rows:
        for name, value in ({key: row[key] for key in SHOWN} | {"body": row["body"].decode(errors="replace")}).items():
            say(f"{name:<10}  {value}")
        say("")


@parked.command("replay")
def replay_parked(service: Service, consumer: str, aggregate: Annotated[str | None, typer.Argument()] = None) -> None:
    """Ask the service to replay, in order; the rest of an aggregate waits again if one still fails."""

    async def ask() -> int:
        async with database_of(service) as mongo:
            return await ask_replay(mongo.db, consumer, aggregate)

    asked = asyncio.run(ask())
    if not asked:
        _refuse_unparked(service)
    say(f"{asked} aggregate(s) will be replayed within a second.")


@parked.command("drop")
def drop(service: Service, consumer: str, aggregate: str, by: ByWhom) -> None:
    """Give up an aggregate's earliest parked message, and keep who did."""

    async def work() -> int:
        async with database_of(service) as mongo:
            return await mongo.transaction(lambda s: drop_parked(s, mongo.db, consumer, aggregate, by, utc_now()))

    try:
        dropped = asyncio.run(work())
    except NotParked:
        _refuse_unparked(service)
    say(f"{by} dropped message {dropped} of {aggregate}. `replay` lets the next ones go on.")


def _refuse_unparked(service: str) -> NoReturn:
    refuse(f"No such message is parked: `coalition parked list {service}` names consumers and aggregates.")


@bus.command("accounts")
def print_accounts() -> None:
    """Print the accounts part of a nats-server's configuration: public keys and what each may say and hear.

    The keys are those of the environment (`NATS_OPS_SEED`, `<SERVICE>_NATS_SEED`), or this copy's own.
    """
    declared = {service: bus_code.subscriptions(service) for service in bus_code.SERVICES}
    account = bus_code.account(BUS_ACCOUNT, _seeds(), declared)
    typer.echo(f"{NEEDED}accounts: {{\n{render_accounts([account])}\n}}")


def _seeds() -> dict[str, str]:
    names = {user: f"{user.upper()}_NATS_SEED" for user in bus_code.SERVICES} | {"ops": "NATS_OPS_SEED"}
    if not any(name in os.environ for name in names.values()):
        copy = RunDirectory.of_this_copy()
        copy.make()
        return bus_seeds(copy.secrets)
    return {user: setting(name) for user, name in names.items()}


@bus.command("apply")
def apply_bus() -> None:
    """Create or update the streams; running it again changes nothing."""

    async def work() -> list[str]:
        async with operator() as found:
            return await bus_code.apply(found.jetstream())

    for line in asyncio.run(work()) or ["Every stream is as the code states it."]:
        say(line)


@stream.command("rebuild")
def rebuild_stream(service: Service) -> None:
    """Delete a service's stream, create it anew and let its relay publish every row of the outbox again."""

    async def work() -> int:
        async with operator() as found, database_of(service) as mongo:

            async def recreate() -> None:
                await bus_code.recreate_stream(found.jetstream(), service)

            return await relay.rebuild(mongo, service, recreate)

    say(f"{asyncio.run(work())} message(s) will be published anew; consumers know those they had.")


@stream.command("forget")
def forget_erased(
    service: Service, days: Annotated[int, typer.Option(help="Only what was erased this many days ago.")] = 30
) -> None:
    """Delete from a service's stream what was told of records erased since; run it each month, or more often.

    Consumers learn of an erasure by the stream too: give them the days that the longest away among them needs.
    """

    async def work() -> int:
        async with operator() as found, database_of(service) as mongo:
            before = utc_now() - timedelta(days=days)
            return await delete_erased(found.jetstream(), mongo, service, before)

    say(f"{asyncio.run(work())} message(s) about erased records are gone from the stream.")


@projection.command("rebuild")
def rebuild_projection(service: Service, name: str) -> None:
    """Fill a projection's idle copy from the stream; readers change over once it has caught up."""
    declared = {s.name: s for s in bus_code.subscriptions(service) if s.kind == "projection"}
    if name not in declared:
        refuse(f"{service} has no projection {name}. It has: {', '.join(declared) or 'none'}.")

    async def work() -> str:
        async with operator() as found, database_of(service) as mongo:
            return await ask_rebuild(mongo.db, name, _deleter(found, declared[name].stream))

    say(f"Copy {asyncio.run(work())} of {name} is being filled.")


def _deleter(found: Bus, stream_name: str) -> Callable[[str], Awaitable[Any]]:
    async def delete(durable: str) -> None:
        with contextlib.suppress(NotFoundError):
            await found.jetstream().delete_consumer(stream_name, durable)

    return delete
