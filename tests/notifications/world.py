"""The world around the notifications service: who tells it things, where addresses stand, where mail arrives."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx2
import uvicorn
from aiosmtpd.smtp import SMTP
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from cli.mailbox import smtp
from cli.mailbox.letters import Letter, Letters
from kit.bus import Bus
from kit.clock import utc_now
from kit.http.server import _Server
from kit.messages import headers_of
from kit.testing import eventually, tokens


class MovableClock:
    """The real clock, set forward by as much as a test says."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


class Tellers:
    """Membership and referral, as far as the bus shows them."""

    def __init__(self, membership: Bus, referral: Bus) -> None:
        self._buses = {"membership": membership, "referral": referral}
        self._told: dict[str, int] = {}

    async def tell(self, subject: str, aggregate: str, data: dict, at: datetime | None = None) -> dict:
        """Publish the aggregate's next message; returns its row."""
        sequence = self._told[aggregate] = self._told.get(aggregate, 0) + 1
        source = subject.partition(".")[0]
        row = {"_id": uuid4().hex, "source": source, "subject": f"{subject}.v1", "aggregate": aggregate}
        row |= {"at": at or utc_now(), "sequence": sequence, "data": json.dumps(data)}
        await self.publish(row)
        return row

    async def publish(self, row: dict, message_id: str | None = None) -> None:
        """Publish a row, again under another id when one is given."""
        headers = headers_of(row) | {"Nats-Msg-Id": message_id or row["_id"]}
        await self._buses[row["source"]].jetstream().publish(row["subject"], row["data"].encode(), headers=headers)

    async def activate(
        self, user: str, organization: str, representative: str | None = None, roles: tuple[str, ...] = ()
    ) -> str:
        representative = representative or str(uuid4())
        who = {"representative_id": representative, "organization_id": organization, "user_id": user}
        who |= {"roles": list(roles)}
        await self.tell("membership.representative-activated", f"representative:{representative}", who)
        return representative

    async def deactivate(self, user: str, organization: str, representative: str) -> None:
        who = {"representative_id": representative, "organization_id": organization, "user_id": user}
        await self.tell("membership.representative-deactivated", f"representative:{representative}", who)

    async def change_roles(self, user: str, organization: str, representative: str, *roles: str) -> None:
        who = {"representative_id": representative, "organization_id": organization, "user_id": user}
        aggregate = f"representative:{representative}"
        await self.tell("membership.representative-roles-changed", aggregate, who | {"roles": list(roles)})

    async def of_service(self, organization: str, *, stale: bool) -> str:
        service = str(uuid4())
        data = {"service_id": service, "organization_id": organization, "stale": stale}
        await self.tell("membership.service-changed", f"service:{service}", data)
        return service

    async def of_organization(self, fact: str, organization: str, **more: str) -> dict:
        data = {"organization_id": organization, **more}
        return await self.tell(f"membership.organization-{fact}", f"organization:{organization}", data)

    async def of_referral(
        self, fact: str, notify: list[str], sender: str, receiver: str, *, at: datetime | None = None, key: str = ""
    ) -> dict:
        key = key or str(uuid4())
        data = {"referral_id": key, "sender_organization_id": sender, "receiver_organization_id": receiver}
        return await self.tell(f"referral.{fact}", f"referral:{key}", data | {"notify": notify}, at)


@dataclass
class AddressBook:
    """Keycloak's two routes that addresses are read by; it can be silent."""

    accounts: dict[str, dict] = field(default_factory=dict)
    down: bool = False
    asked: int = 0
    port: int = 0

    def write(self, user: str, email: str, language: str = "fr", **more: object) -> None:
        account = {"id": user, "email": email, "emailVerified": True, "enabled": True}
        self.accounts[user] = account | {"attributes": {"locale": [language]}} | more

    async def token(self, _: Request) -> JSONResponse:
        if self.down:
            return JSONResponse({}, 503)
        return JSONResponse({"access_token": "t", "expires_in": 300, "token_type": "Bearer"})

    async def account(self, request: Request) -> JSONResponse:
        if self.down:
            return JSONResponse({}, 503)
        if request.headers.get("authorization") != "Bearer t":
            return JSONResponse({}, 401)
        self.asked += 1
        found = self.accounts.get(request.path_params["user"])
        return JSONResponse(found or {}, 200 if found else 404)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["AddressBook"]:
        place = "/realms/coalition/protocol/openid-connect/token"

        async def configuration(request: Request) -> JSONResponse:
            return JSONResponse({"token_endpoint": f"http://127.0.0.1:{request.url.port}{place}"})

        routes = [
            Route("/realms/coalition/.well-known/openid-configuration", configuration),
            Route(place, self.token, methods=["POST"]),
            Route("/admin/realms/coalition/users/{user}", self.account),
        ]
        async with serving(uvicorn.Server(quiet(Starlette(routes=routes)))) as port:
            self.port = port
            yield self


def quiet(app) -> uvicorn.Config:
    return uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, timeout_graceful_shutdown=5)


@asynccontextmanager
async def serving(server: uvicorn.Server) -> AsyncIterator[int]:
    """Serve beside the block; yields the port."""
    task = asyncio.create_task(server.serve())

    async def started() -> bool:
        assert not task.done(), task
        return server.started

    await eventually(started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


def service_server(app) -> uvicorn.Server:
    """Return the server a service runs under, which ends open streams when it stops."""
    return _Server(quiet(app), app)


class Picky:
    """An SMTP handler that keeps mail, except what it refuses for good."""

    def __init__(self, letters: Letters) -> None:
        self.keeper = smtp.Keeper(letters)
        self.refused: set[str] = set()
        self.refusal = "550 no such mailbox"

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:  # noqa: N802
        if address in self.refused:
            return self.refusal
        return await self.keeper.handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        return await self.keeper.handle_DATA(server, session, envelope)


class Post:
    """Where mail arrives; it can be shut and opened again on the same port."""

    def __init__(self, directory: Path) -> None:
        self.letters = Letters(directory)
        self.picky = Picky(self.letters)
        self.port = 0
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self.picky, hostname="localhost", loop=loop), smtp.LOOPBACK, self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        if self._server:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def to(self, address: str) -> list[Letter]:
        return self.letters.newest_first(address)


@dataclass
class Someone:
    """A person of an organisation, as a test speaks of them."""

    user: str
    organization: str
    email: str
    representative: str

    def headers(self, **more) -> dict[str, str]:
        return tokens.as_intake(user=self.user, organization=self.organization, **more)


@dataclass
class Event:
    """One server-sent event."""

    name: str = ""
    id: str | None = None
    data: dict = field(default_factory=dict)


@asynccontextmanager
async def streaming(client: httpx2.AsyncClient, headers: dict, **query: str) -> AsyncIterator[AsyncIterator[Event]]:
    """Open the live stream; yields its events, comments left out."""
    async with client.stream("GET", "/api/v1/notifications/stream", headers=headers, params=query) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield _events(response)


async def _events(response: httpx2.Response) -> AsyncIterator[Event]:
    event = Event()
    async for line in response.aiter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            event.name = value
        elif name == "id":
            event.id = value
        elif name == "data":
            event.data = json.loads(value)
        elif not line and event.name:
            yield event
            event = Event()


async def next_of(events: AsyncIterator[Event], name: str, within: float = 10) -> Event:
    """Return the next event of a name; others before it are passed over."""
    async with asyncio.timeout(within):
        async for event in events:
            if event.name == name:
                return event
    raise AssertionError(f"the stream ended before any {name}")
