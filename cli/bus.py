"""The bus from code: who may say and hear what, and the streams, which only `ops` may make."""

from collections.abc import Iterable, Mapping
from importlib import import_module

from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from cli.servers.nats import Account, User, public_key
from kit.messages import Subscription, stream_of

SERVICES = ("membership", "referral", "notifications")
STREAM_BYTES = 32 * 1024**3
DUPLICATE_WINDOW_SECONDS = 600
MESSAGE_BYTES = 64 * 1024
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


async def apply(js: JetStreamContext, services: Iterable[str] = SERVICES, max_bytes: int = STREAM_BYTES) -> list[str]:
    """Create or update the services' streams as `ops`; returns one line for each that changed."""
    changes = []
    for service in services:
        config = stream_config(service, max_bytes)
        try:
            before = (await js.stream_info(stream_of(service))).config
        except NotFoundError:
            await js.add_stream(config)
            changes.append(f"{config.name}: created")
            continue
        after = (await js.update_stream(config)).config
        if after != before:
            changes.append(f"{config.name}: updated")
    return changes


async def recreate_stream(js: JetStreamContext, service: str) -> None:
    """Delete and create a service's stream: after a purge the same message id would be acked and not stored."""
    config = stream_config(service)
    try:
        config.max_bytes = (await js.stream_info(stream_of(service))).config.max_bytes
        await js.delete_stream(stream_of(service))
    except NotFoundError:
        pass
    await js.add_stream(config)
