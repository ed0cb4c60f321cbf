"""A dead SMTP server: it holds up nobody, and each letter arrives with one Message-ID, or never where it is too old."""

import asyncio
import email.policy
import gc
from collections import Counter
from datetime import timedelta
from email import message_from_bytes

import pytest
from aiosmtpd.smtp import SMTP

from kit import jobs
from kit.jobs import WORKERS, Jobs
from kit.mail import Mail, Mailer
from kit.mongo import ensure_indexes
from kit.tasks import running
from kit.testing import ManualClock, eventually
from tests.servers import free_port
from tests.toy.measured import measured

PEOPLE, LETTERS_EACH = 10, 3
KEPT = timedelta(hours=24)


class PostOffice:
    """An SMTP server that dies and comes back on its port; once, in the middle of a letter it has already taken."""

    def __init__(self) -> None:
        self.port = free_port()
        self.arrived: list[str] = []
        self.dies_at = 0
        self._server = None
        self._open = set()

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802 - aiosmtpd calls it
        letter = message_from_bytes(envelope.content, policy=email.policy.default)
        self.arrived.append(letter["Message-ID"].strip("<>"))
        if len(self.arrived) == self.dies_at:
            for transport in list(self._open):
                transport.abort()
        return "250 OK"

    def connection(self):
        office = self

        class Connection(SMTP):
            def connection_made(self, transport):
                office._open.add(transport)
                super().connection_made(transport)

        return Connection(self, enable_SMTPUTF8=True)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self.connection, "127.0.0.1", self.port)

    async def shut(self) -> None:
        if self._server:
            self._server.close()
            await self._server.wait_closed()
        gc.collect()


@pytest.fixture
async def office():
    found = PostOffice()
    yield found
    await found.shut()


class Effects:
    """What jobs bring about: letters through the one SMTP server, and calls of an agency that is well."""

    def __init__(self, office: PostOffice, clock: ManualClock) -> None:
        self.mailer = Mailer("127.0.0.1", office.port, "Coalition <no@coalition.example>", timeout=5, clock=clock)
        self.called: list[str] = []

    async def mail(self, job) -> None:
        await self.mailer.send(Mail(job.destination, "Du nouveau", "Connectez-vous.\n", job.key))

    async def call(self, job) -> None:
        self.called.append(job.key)


async def test_a_dead_smtp_server_holds_up_nobody_and_loses_no_letter(mongo, office):
    await ensure_indexes(mongo.db, jobs.INDEXES)
    clock = ManualClock()
    effects = Effects(office, clock)
    work = Jobs(mongo, clock, {"mail": effects.mail, "call": effects.call}, "h")
    before = measured("delivery_failures_total", kind="mail")

    async def add(kind: str, destination: str, key: str) -> None:
        at = clock()
        await mongo.transaction(lambda s: work.add(s, kind, destination, key, {}, at, at + KEPT))

    async with running(work.run()):
        old = [f"old-{n}@coalition" for n in range(PEOPLE)]
        for n, key in enumerate(old):
            await add("mail", f"p{n}@example.org", key)
        await eventually(lambda: failed(before, PEOPLE))

        # Nobody else waits for it.
        await add("call", "agency", "c1")

        async def called():
            return effects.called == ["c1"]

        await eventually(called)

        # A day of silence, then letters of today; the server comes back, and dies once over a letter it has taken.
        clock.advance(KEPT + timedelta(seconds=1))
        fresh = [f"{n}-{m}@coalition" for n in range(PEOPLE) for m in range(LETTERS_EACH)]
        for key in fresh:
            await add("mail", f"p{key.partition('-')[0]}@example.org", key)
        await eventually(lambda: failed(before, 2 * PEOPLE))
        office.dies_at = 5
        await office.open()
        while await mongo.db["jobs"].count_documents({"state": "waiting"}):
            # Failed lanes rest: time passes for them alone, slower than a claim lasts, or two would send one letter.
            clock.advance(timedelta(seconds=5))
            await asyncio.sleep(0.2)

        async def none_left():
            return await mongo.db["lanes"].count_documents({}) == 0

        # A lane goes with its last job, in a step of its own.
        await eventually(none_left)

    arrived = Counter(office.arrived)
    states = Counter([row["state"] async for row in mongo.db["jobs"].find()])
    # It died over one letter at least: a ledger without any repeat would have tested nothing.
    assert sum(times - 1 for times in arrived.values()) >= 1
    assert states == {"done": len(fresh) + 1, "expired": len(old)}
    assert {
        "lost": len(set(fresh) - arrived.keys()),
        "too old": len(arrived.keys() & set(old)),
        "under another id": len(arrived.keys() - set(fresh)),
        # What the server took and did not confirm as it died comes again, with the same id: one a worker at most.
        "twice": max(0, sum(times - 1 for times in arrived.values()) - WORKERS),
        "stuck": await mongo.db["lanes"].count_documents({}),
    } == {"lost": 0, "too old": 0, "under another id": 0, "twice": 0, "stuck": 0}


async def failed(before: float, times: int) -> bool:
    return measured("delivery_failures_total", kind="mail") >= before + times
