"""The bus from code: who may say and hear what, and the streams, which only `ops` may make."""

import asyncio
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError, ServerError, ServiceUnavailableError

from cli.servers.nats import Account, User, public_key
from kit.messages import Subscription, stream_of

SERVICES = ("membership", "referral", "notifications")
STREAM_BYTES = 32 * 1024**3
DUPLICATE_WINDOW_SECONDS = 600
MESSAGE_BYTES = 64 * 1024
ANSWER_SECONDS = 5.0
# JSStreamStoreFailedF of nats-server: "error creating store for stream".
_STORE_IN_THE_WAY = 10049
_CREATE_TRIES, _CREATE_WAIT_SECONDS = 20, 0.25
_ONCE: Mapping[str, Any] = {"allow_reconnect": False, "max_reconnect_attempts": 1, "reconnect_time_wait": 0}
_UNKNOWN = "authorization violation"
OPS_PUBLISH = ("$JS.API.>", "$JS.ACK.>")


def subscriptions(service: str) -> tuple[Subscription, ...]:
    """Return what a service declares in its `consumed.py`."""
    declared: tuple[Subscription, ...] = import_module(f"services.{service}.consumed").SUBSCRIPTIONS
    return declared


def service_user(service: str, seed: str, declared: Iterable[Subscription]) -> User:
    """Return a service's NATS user: its own subjects, its declared durables, its own stream's state, its inbox."""
    publish = [f"{service}.>", f"$JS.API.STREAM.INFO.{stream_of(service)}"]
    for subscription in declared:
        for durable in subscription.durables:
            consumer = f"{subscription.stream}.{durable}"
            publish += [
                f"$JS.API.CONSUMER.CREATE.{consumer}",
                f"$JS.API.CONSUMER.CREATE.{consumer}.>",
                f"$JS.API.CONSUMER.INFO.{consumer}",
                f"$JS.API.CONSUMER.MSG.NEXT.{consumer}",
                f"$JS.ACK.{consumer}.>",
            ]
    return User(service, public_key(seed), tuple(publish), (f"_INBOX_{service}.>",))


def account(name: str, seeds: Mapping[str, str], declared: Mapping[str, Iterable[Subscription]]) -> Account:
    """Return an account with an `ops` user and one user a declaring service; `seeds` by user name."""
    ops = User("ops", public_key(seeds["ops"]), OPS_PUBLISH, ("_INBOX_ops.>",))
    services = (service_user(service, seeds[service], own) for service, own in declared.items())
    return Account(name, (ops, *services))


def stream_config(service: str, max_bytes: int = STREAM_BYTES) -> StreamConfig:
    """Return the one stream of a service: kept for ever on disk, full means refused."""
    return StreamConfig(
        name=stream_of(service),
        subjects=[f"{service}.>"],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_age=0,
        max_bytes=max_bytes,
        max_msg_size=MESSAGE_BYTES,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
        deny_delete=False,
        allow_rollup_hdrs=False,
    )


async def refusal(url: str, seed: str, user: str) -> str | None:
    """Say in words why the server at this URL does not serve a user of ours; None when it does."""
    client = Client()
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await client.connect([url], nkeys_seed_str=seed, inbox_prefix=f"_INBOX_{user}", error_cb=_unsaid, **_ONCE)
            if user == "ops":
                await client.jetstream().account_info()
    except (NatsError, OSError, TimeoutError) as error:
        return _refusal(error)
    finally:
        await client.close()
    return None


def _refusal(error: Exception) -> str:
    if isinstance(error, ServiceUnavailableError):
        return "its account has no JetStream"
    # The error's own text otherwise stays untold: it may hold the URL and its password.
    return "it does not know our key" if _UNKNOWN in str(error).lower() else "it does not answer"


async def _unsaid(_: Exception) -> None:
    """Keep nats-py from printing what is told in a line anyway."""


async def apply(js: JetStreamContext, services: Iterable[str] = SERVICES, max_bytes: int = STREAM_BYTES) -> list[str]:
    """Create or update the services' streams as `ops`; returns one line for each that changed."""
    changes = []
    for service in services:
        config = stream_config(service, max_bytes)
        try:
            before = (await js.stream_info(stream_of(service))).config
        except NotFoundError:
            await _create(js, config)
            changes.append(f"{config.name}: created")
            continue
        after = (await js.update_stream(config)).config
        if after != before:
            changes.append(f"{config.name}: updated")
    return changes


async def _create(js: JetStreamContext, config: StreamConfig) -> None:
    """Create a stream; one of the same name that was just deleted may still be leaving the disk."""
    for _ in range(_CREATE_TRIES):
        try:
            await js.add_stream(config)
            return
        except ServerError as error:
            if error.err_code != _STORE_IN_THE_WAY:
                raise
            await asyncio.sleep(_CREATE_WAIT_SECONDS)
    await js.add_stream(config)


async def recreate_stream(js: JetStreamContext, service: str) -> None:
    """Delete and create a service's stream: after a purge the same message id would be acked and not stored."""
    config = stream_config(service)
    try:
        config.max_bytes = (await js.stream_info(stream_of(service))).config.max_bytes
        await js.delete_stream(stream_of(service))
    except NotFoundError:
        pass
    await _create(js, config)
