"""Someone who plays a part: signed in through the gateway, acting for one organisation."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from cli.demo_people import Demo
from cli.sign_in import Person, through_gateway

API = "/api/v1"


@dataclass(frozen=True)
class Answer:
    """What the system answered: the status, the body, and the code where it refused."""

    status: int
    body: Mapping[str, Any]

    @property
    def code(self) -> str:
        """The stable code of a refusal, empty otherwise."""
        return str(self.body.get("code", ""))

    @property
    def refusal(self) -> tuple[int, str]:
        """The status and the code together."""
        return self.status, self.code

    @property
    def words(self) -> str:
        """The refusal for people."""
        return f"refused: {self.status} {self.code}"


@dataclass(frozen=True)
class Party:
    """A signed-in person; `address` is where mail reaches them, `seconds` what signing in took.

    `versions` is the version of each record they read last: what they change, they change as they read it.
    """

    name: str
    part: str
    address: str
    client: httpx2.AsyncClient
    me: Mapping[str, Any]
    seconds: float
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def user(self) -> str:
        """Their own id."""
        return str(self.me["user"])

    @property
    def organization(self) -> str:
        """The id of the organisation they act for."""
        return str(self.me["organization"]["id"])

    async def get(self, path: str, **query: str) -> Answer:
        """Read something under `/api/v1`."""
        return self._kept(await self.client.get(f"{API}{path}", params=query))

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Do something under `/api/v1`, to the version read last."""
        known = [self.versions[part] for part in path.split("/") if part in self.versions]
        headers = {"If-Match": known[0]} if known else {}
        return self._kept(await self.client.post(f"{API}{path}", json=dict(body or {}), headers=headers))

    async def delete(self, path: str) -> Answer:
        """Take something away under `/api/v1`."""
        return self._kept(await self.client.delete(f"{API}{path}"))

    def _kept(self, answer: httpx2.Response) -> Answer:
        body = answer.json() if answer.content else {}
        if "id" in body and "ETag" in answer.headers:
            self.versions[body["id"]] = answer.headers["ETag"]
        return Answer(answer.status_code, body)


@asynccontextmanager
async def signed_in(gateway: str, demo: Demo, role: Mapping[str, str]) -> AsyncIterator[Party]:
    """Sign a demo person in as a browser does, with the password and the one-time code."""
    login = demo.login(role["login"])
    person = Person(login.username, login.password, login.totp_secret)
    began = time.monotonic()
    async with through_gateway(gateway, person, role["organization"]) as client:
        me = (await client.get("/auth/me")).raise_for_status().json()
        seconds = time.monotonic() - began
        yield Party(login.name, role["part"], login.username, client, me, seconds)


@dataclass(frozen=True)
class Door:
    """Where everyone signs in, with the logins that were made for the demo."""

    gateway: str
    demo: Demo

    def enter(self, role: Mapping[str, str]) -> AbstractAsyncContextManager[Party]:
        """Sign in whoever plays this role."""
        return signed_in(self.gateway, self.demo, role)
