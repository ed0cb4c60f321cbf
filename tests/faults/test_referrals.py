"""kill -9 of the referral service while people refer: what was answered is kept once, and nothing else is left.

`FAULT_REFERRALS=1000` refers as many people; the suite's time allows for fewer.
"""

import asyncio
import contextlib
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from kit.audit import Audit
from kit.clock import utc_now
from kit.mongo import Mongo
from kit.testing import ManualClock, eventually, tokens
from services.referral.commands.deadlines import sweep_orphan_keys
from services.referral.main import create
from services.referral.settings import ReferralSettings
from tests.gateway.world import process, wait_until_answers
from tests.notifications.world import Tellers
from tests.referral.world import EVIDENCE, NEED
from tests.servers import free_port
from tests.telemetry.system import Realm, local_realm, own_databases, settings_of

REFERRALS = int(os.environ.get("FAULT_REFERRALS", "80"))
AT_ONCE = 6
KILLS = 4
AUDIT_KEY = "k" * 32
CLASSES = ["identity", "safe-contact", "practical-needs"]
RECORD = {"identity": {"age_band": "adult"}, "safe_contact": {"channel": "phone", "address": "555-0134"}}


@dataclass
class Service:
    """The referral service as a process on one port, killed and started again."""

    settings: dict[str, str]
    directory: Path
    port: int = field(default_factory=free_port)
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        own = {f"REFERRAL_{name}".upper(): value for name, value in self.settings.items()}
        environment = dict(os.environ) | own | {"REFERRAL_PORT": str(self.port)}
        self.stack.enter_context(process(["services.referral.main"], environment, self.directory / "referral.log"))

    def kill(self) -> None:
        """SIGKILL, as `process` ends what it started."""
        self.stack.close()

    async def ready(self) -> None:
        await asyncio.to_thread(wait_until_answers, f"{self.url}/health/ready")


@pytest.fixture
def service(tmp_path, seed, ops) -> Iterator[Service]:
    with own_databases() as databases, local_realm() as realm:
        settings = settings_of(databases, seed, tmp_path, "http://127.0.0.1:9", "coalition", 9)["referral"]
        found = Service(settings | trust(realm) | {"audit_key": AUDIT_KEY}, tmp_path)
        found.start()
        yield found
        found.kill()


def trust(realm: Realm) -> dict[str, str]:
    return {"issuer": realm.issuer, "jwks_url": realm.jwks_url}


@dataclass
class Client:
    """An agency's software: it sends again, under the same key, whatever got no answer."""

    http: httpx2.AsyncClient
    headers: dict[str, str]
    resent: int = 0

    async def post(self, path: str, body: object, status: int, moved: str | None = None) -> dict:
        """Return what is answered; `moved` is the refusal that says an earlier sending had its effect unheard."""
        headers = self.headers | {"If-Match": "*", "Idempotency-Key": uuid4().hex}
        sent = 0
        while True:
            answer = await self.send(path, body, headers)
            if answer is not None and answer.status_code == status:
                return answer.json()
            heard = answer is not None and answer.json()["code"]
            if heard and heard == moved and sent:
                return {}
            # Under way in a process that was killed meanwhile, or not ready yet.
            assert heard in (False, "request.in-progress", "service.unavailable"), answer.text
            sent, self.resent = sent + 1, self.resent + 1
            await asyncio.sleep(0.1)

    async def send(self, path: str, body: object, headers: dict[str, str]) -> httpx2.Response | None:
        with contextlib.suppress(httpx2.TransportError):
            return await self.http.post(f"/api/v1/referral{path}", json=body, headers=headers)


@dataclass
class Parties:
    sender: Client
    receiver: Client
    organization: str
    service: str

    async def refer(self, answered: dict[str, set[str]]) -> None:
        """Refer one person and accept it; notes the id of all that was answered."""
        person = (await self.sender.post("/persons", RECORD, 201))["id"]
        answered["persons"].add(person)
        consent = {
            "recipient_organization_id": self.organization,
            "purpose": "support",
            "classes": CLASSES,
            "decision": "grant",
            "until": (utc_now() + timedelta(days=90)).isoformat(),
            "evidence": EVIDENCE,
        }
        given = await self.sender.post(f"/persons/{person}/consents", consent, 201)
        answered["consents"].add(given["id"])
        draft = {"person_id": person, "service_id": self.service, "purpose": "support", "classes": CLASSES}
        referral = (await self.sender.post("/referrals", draft | {"need": NEED}, 201))["id"]
        answered["referrals"].add(referral)
        await self.sender.post(f"/referrals/{referral}/request", None, 200, "referral.not-accepted")
        await self.receiver.post(f"/referrals/{referral}/accept", {}, 200, "referral.already-accepted")


async def told_of(tellers: Tellers, http: httpx2.AsyncClient, ops) -> Parties:
    """Membership tells of two accredited organisations, a worker in each, and a service with counted places."""
    places = {"caseworker": str(uuid4()), "intake": str(uuid4())}
    clients = {}
    for role, organization in places.items():
        who = {"sector": "community", "family": "ngo", "regime": "private"}
        await tellers.of_organization("admitted", organization, **who)
        until = (utc_now() + timedelta(days=365)).isoformat()
        await tellers.of_organization("accredited", organization, accreditation="may-handle-referrals", until=until)
        user, representative = str(uuid4()), str(uuid4())
        facts = {"representative_id": representative, "organization_id": organization, "user_id": user}
        await tellers.tell(
            "membership.representative-activated", f"representative:{representative}", facts | {"roles": [role]}
        )
        bearer = tokens.bearer(
            roles=(role,), user=user, organization=organization, alias=role, exp=int(time.time()) + 3600
        )
        clients[role] = Client(http, bearer)
    service = str(uuid4())
    facts = {"service_id": service, "organization_id": places["intake"], "needs": ["shelter-tonight"]}
    facts |= {"capacity": "counted", "places": REFERRALS, "status": "active", "confidential": False}
    await tellers.tell("membership.service-published", f"service:{service}", facts)
    last = (await ops.jetstream().stream_info("MEMBERSHIP")).state.last_seq

    async def taken():
        infos = [await ops.jetstream().consumer_info("MEMBERSHIP", each) for each in DURABLES]
        return [info.num_pending + info.num_ack_pending for info in infos] == [0, 0] and infos[1].delivered.stream_seq

    await eventually(taken, 60)
    assert last
    return Parties(clients["caseworker"], clients["intake"], places["intake"], service)


DURABLES = ("referral-grants", "referral-directory-a")


@dataclass
class Books:
    """What is stored in the end, beside what was answered."""

    mongo: Mongo
    keys: Mongo
    ops: object
    answered: dict[str, set[str]]
    service: str

    async def faults(self) -> dict[str, int]:
        """0 lost, 0 twice, 0 stuck, 0 orphaned."""
        stored = {name: await self.ids(name) for name in self.answered}
        rows = await self.mongo.db["outbox"].find().sort([("aggregate", 1), ("sequence", 1)]).to_list()
        told = [(row["aggregate"], row["sequence"]) for row in rows]
        held = (await self.mongo.db["places"].find_one({"_id": self.service}) or {"held": {}})["held"]
        accepted = await self.ids("referrals", {"state": "accepted"})
        return {
            "lost": sum(len(ids - stored[name]) for name, ids in self.answered.items()),
            "twice": sum(len(stored[name] - ids) for name, ids in self.answered.items()),
            "not accepted": len(stored["referrals"] - accepted),
            "stuck": await self.count("outbox", {"pending": True}) + await self.count("parked"),
            "gaps": sum(sequence > 1 and (name, sequence - 1) not in set(told) for name, sequence in told),
            "not in the stream": await self.beside_the_stream(rows),
            "places astray": len(held.keys() ^ accepted),
            "keys astray": abs(await self.count("idempotency") - sum(map(len, self.answered.values()))),
            "timers astray": await self.timers_astray(stored["consents"], accepted),
            "unsealed": await self.count("audit", {"unsealed": True}),
        }

    async def timers_astray(self, consents: set[str], accepted: set[str]) -> int:
        """How many timers are nobody's or missing: what is accepted awaits an arrival, a word and an escalation."""
        of_nobody = await self.count("timers", {"key": {"$nin": [*consents, *accepted]}})
        of_accepted = await self.count("timers", {"key": {"$in": list(accepted)}})
        return of_nobody + abs(of_accepted - 3 * len(accepted))

    async def ids(self, collection: str, query: dict | None = None) -> set[str]:
        return {row["_id"] async for row in self.mongo.db[collection].find(query or {}, {"_id": 1})}

    async def count(self, collection: str, query: dict | None = None) -> int:
        return await self.mongo.db[collection].count_documents(query or {})

    async def beside_the_stream(self, rows: list[dict]) -> int:
        """How many rows and messages have no counterpart, or come out of their aggregate's order."""
        js = self.ops.jetstream()
        subscription = await js.subscribe("referral.>", ordered_consumer=True)
        count = (await js.stream_info("REFERRAL")).state.messages
        headers = [(await subscription.next_msg(timeout=10)).headers for _ in range(count)]
        await subscription.unsubscribe()
        order = [(each["ce-subject"], int(each["ce-sequence"])) for each in headers]
        ids = {each["ce-id"] for each in headers}
        return len(ids ^ {str(row["_id"]) for row in rows}) + (sorted(order, key=lambda told: told[0]) != sorted(order))


CLEAN = dict.fromkeys(
    (
        *("lost", "twice", "not accepted", "stuck", "gaps", "not in the stream"),
        *("places astray", "keys astray", "timers astray", "unsealed"),
    ),
    0,
)


@pytest.mark.timeout(600)
async def test_a_service_killed_at_random_while_people_refer_keeps_what_it_answered_once(service, bus_of, ops):
    chance = random.Random(20261124)
    await service.ready()
    answered: dict[str, set[str]] = {"persons": set(), "consents": set(), "referrals": set()}
    async with bus_of("membership") as membership, httpx2.AsyncClient(base_url=service.url, timeout=30) as http:
        await membership.ready()
        parties = await told_of(Tellers(membership, membership), http, ops)
        left = iter(range(REFERRALS))

        async def refer_on() -> None:
            for _ in left:
                await parties.refer(answered)

        referring = [asyncio.create_task(refer_on()) for _ in range(AT_ONCE)]
        for reached in sorted(chance.sample(range(REFERRALS), KILLS)):
            # A referral that breaks ends the wait too.
            while len(answered["referrals"]) <= reached and not any(task.done() for task in referring):
                await asyncio.sleep(0.01)
            await asyncio.to_thread(service.kill)
            service.start()
            await service.ready()
        await asyncio.gather(*referring)
    assert parties.sender.resent + parties.receiver.resent > 0
    async with books_of(service, ops, answered, parties.service) as books:

        async def clean():
            return await books.faults() == CLEAN

        with contextlib.suppress(AssertionError):
            await eventually(clean, 100)
        assert await books.faults() == CLEAN
        assert len(answered["referrals"]) == REFERRALS
        audit = Audit(books.mongo, AUDIT_KEY.encode(), utc_now, "test")
        assert await audit.verify() == []
        await assert_no_key_is_left(service, books)


async def assert_no_key_is_left(service: Service, books: Books) -> None:
    """A key made for a person who was never stored goes a day later, and no other."""
    later = ManualClock(utc_now() + timedelta(days=2))
    own = {name: value for name, value in service.settings.items() if name != "kms_file"}
    app = create(ReferralSettings(port=0, kms_file=Path(service.settings["kms_file"]), **own), clock=later)
    made = await books.keys.db["person_keys"].count_documents({})
    async with app.state.desk.keys.opened():
        swept = await sweep_orphan_keys(app.state.desk)
    await app.state.mongo.close()
    assert made - swept == REFERRALS
    assert {row["_id"] async for row in books.keys.db["person_keys"].find()} == books.answered["persons"]


@contextlib.asynccontextmanager
async def books_of(service: Service, ops, answered: dict[str, set[str]], asked: str):
    url, own = service.settings["mongodb_url"], service.settings
    mongo, keys = Mongo.connect(url, own["mongodb_database"]), Mongo.connect(url, own["keys_mongodb_database"])
    yield Books(mongo, keys, ops, answered, asked)
    await mongo.close()
    await keys.close()
