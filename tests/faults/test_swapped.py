"""Grants and revocations travel on durables of their own: whichever comes late or first, access is what it must be."""

import contextlib
import random
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from nats.js.errors import NotFoundError

from kit.clock import utc_now
from kit.consumer import Reaction
from kit.marks import ask_replay, drop_parked
from kit.mongo import ensure_indexes
from kit.tasks import running
from kit.testing import eventually
from services.referral.consumed import GRANTS, REVOCATIONS
from services.referral.projections import giving, taking
from services.referral.store import INDEXES
from services.referral.store.standing import Standing, Standings
from tests.notifications.world import Tellers
from tests.toy.measured import measured

FULL = Standing(may_refer=True, may_continue=True)
CONTINUES = Standing(may_refer=False, may_continue=True)
NONE = Standing(may_refer=False, may_continue=False)
UNTIL = (utc_now() + timedelta(days=365)).isoformat()
FACTS = {
    "admitted": {"sector": "community", "family": "ngo", "regime": "private"},
    "accredited": {"accreditation": "may-handle-referrals", "until": UNTIL},
    "accreditation-ended": {"accreditation": "may-handle-referrals"},
}
GRANTING = ("admitted", "accredited", "reinstated", "renewed")
TITLE_OF = {
    **dict.fromkeys(("admitted", "renewed", "lapsed", "withdrawn"), "membership"),
    **dict.fromkeys(("reinstated", "suspended"), "freedom"),
    **dict.fromkeys(("accredited", "accreditation-ended"), "accreditation"),
}


@dataclass
class Members:
    """What membership told of organisations, and what referral makes of it; each durable runs when a test says."""

    mongo: object
    ops: object
    bus: object
    tellers: Tellers
    histories: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.standings = Standings(self.mongo.db)

    def grants(self):
        return Reaction(self.mongo, self.bus, GRANTS, giving(self.standings)).run()

    def revocations(self):
        return Reaction(self.mongo, self.bus, REVOCATIONS, taking(self.standings)).run()

    async def tell(self, organization: str, *facts: str) -> None:
        for fact in facts:
            await self.tellers.of_organization(fact, organization, **FACTS.get(fact, {}))
            self.histories.setdefault(organization, []).append(fact)

    async def taken(self, *subscriptions) -> None:
        """Wait until the durables have taken and acknowledged all they are for."""
        for subscription in subscriptions:
            await eventually(partial(self.took, subscription, await self.last(subscription)), 60)

    async def took(self, subscription, last: int) -> bool:
        # Until a consumer takes it up for the first time, there is no durable.
        with contextlib.suppress(NotFoundError):
            info = await self.ops.jetstream().consumer_info(subscription.stream, subscription.name)
            return info.ack_floor.stream_seq >= last
        return False

    async def last(self, subscription) -> int:
        """Where the last message for a durable stands in the stream."""
        found = [0]
        for subject in subscription.subjects:
            with contextlib.suppress(NotFoundError):
                found.append((await self.ops.jetstream().get_last_msg(subscription.stream, subject)).seq)
        return max(found)

    async def standing(self, organization: str) -> Standing:
        return await self.standings.of(organization, utc_now())

    async def faults(self) -> dict[str, int]:
        """Compare each organisation's standing with its whole history, told in order."""
        wrong = [o for o, facts in self.histories.items() if await self.standing(o) != expected(facts, facts)]
        marks = await self.mongo.db["marks"].count_documents({"parked": {"$gt": 0}})
        orphaned = await self.mongo.db["standings"].count_documents({"_id": {"$nin": list(self.histories)}})
        return {"wrong": len(wrong), "stuck": marks, "orphaned": orphaned}


NO_FAULTS = {"wrong": 0, "stuck": 0, "orphaned": 0}


def expected(history: list[str], taken: list[str | None]) -> Standing:
    """What an organisation may do once those of its messages in `taken` came: of each title, the latest decides."""
    latest = {"membership": False, "freedom": True, "accreditation": False}
    for fact, came in zip(history, taken, strict=True):
        if came:
            latest[TITLE_OF[fact]] = fact in GRANTING
    return Standing(may_refer=all(latest.values()), may_continue=latest["freedom"])


@pytest.fixture
async def members(mongo, ops, bus_of):
    await ensure_indexes(mongo.db, INDEXES)
    async with bus_of("membership") as membership, bus_of("referral") as referral:
        await membership.ready()
        await referral.ready()
        yield Members(mongo, ops, referral, Tellers(membership, referral))


async def a_member(members: Members) -> str:
    organization = str(uuid4())
    async with running(members.grants(), members.revocations()):
        await members.tell(organization, "admitted", "accredited")
        await members.taken(GRANTS, REVOCATIONS)
        assert await members.standing(organization) == FULL
    return organization


async def test_a_revocation_that_comes_after_the_later_grant_takes_nothing_away(members):
    organization = await a_member(members)
    async with running(members.grants()):
        await members.tell(organization, "suspended", "reinstated")
        await members.taken(GRANTS)
        assert await members.standing(organization) == FULL
        await members.tell(organization, "suspended")
        async with running(members.revocations()):
            await members.taken(REVOCATIONS)
            # The first suspension came after the reinstatement, the second is newer than it.
            assert await members.standing(organization) == NONE
            await members.tell(organization, "reinstated")
            await members.taken(GRANTS)
    assert await members.standing(organization) == FULL
    assert await members.faults() == NO_FAULTS


@pytest.mark.parametrize(
    ("taking_away", "giving_back", "meanwhile"),
    [
        ("suspended", "reinstated", NONE),
        ("accreditation-ended", "accredited", CONTINUES),
        ("lapsed", "renewed", CONTINUES),
    ],
)
async def test_access_stays_away_until_the_grant_that_is_held_back_comes(members, taking_away, giving_back, meanwhile):
    organization = await a_member(members)
    async with running(members.revocations()):
        await members.tell(organization, taking_away)
        await members.taken(REVOCATIONS)
        assert await members.standing(organization) == meanwhile
        await members.tell(organization, giving_back, taking_away, giving_back)
        await members.taken(REVOCATIONS)
        assert await members.standing(organization) == meanwhile
    async with running(members.grants()):
        await members.taken(GRANTS)
    assert await members.standing(organization) == FULL
    assert await members.faults() == NO_FAULTS


async def test_a_grant_that_comes_after_the_later_revocation_gives_nothing_back(members):
    organization = str(uuid4())
    await members.tell(organization, "admitted", "accredited", "accreditation-ended")
    async with running(members.revocations()):
        await members.taken(REVOCATIONS)
        assert await members.standing(organization) == CONTINUES
        async with running(members.grants()):
            await members.taken(GRANTS)
    assert await members.standing(organization) == CONTINUES
    assert await members.faults() == NO_FAULTS


async def test_a_parked_revocation_denies_until_it_is_replayed_or_given_up(members, mongo):
    organization, other = await a_member(members), await a_member(members)
    before = measured("parked_total", durable=REVOCATIONS.name)
    async with running(members.grants(), members.revocations()):
        await members.tellers.tell("membership.organization-suspended", f"organization:{organization}", {})
        await members.taken(REVOCATIONS)
        assert measured("parked_total", durable=REVOCATIONS.name) == before + 1
        assert await members.standing(organization) == NONE
        # No grant lifts it: what the parked one says, nobody knows.
        await members.tellers.of_organization("reinstated", organization)
        await members.taken(GRANTS)
        assert await members.standing(organization) == NONE
        assert await members.standing(other) == FULL
        await ask_replay(mongo.db, REVOCATIONS.name)

        async def replay_over():
            return not await mongo.db["marks"].find_one({"replay": True})

        await eventually(replay_over)
        assert await members.standing(organization) == NONE
        aggregate = f"organization:{organization}"
        drop = partial(drop_parked, db=mongo.db, consumer=REVOCATIONS.name, aggregate=aggregate, by="ops", at=utc_now())
        await mongo.transaction(drop)
        assert await members.standing(organization) == FULL
    assert await members.faults() == NO_FAULTS


async def test_whatever_is_held_back_for_how_long_the_latest_that_came_decides(members):
    """Twenty organisations' histories at random; one durable or the other held back, judged at each instant."""
    chance = random.Random(20261124)
    organizations = [str(uuid4()) for _ in range(20)]
    came: dict[str, list[str | None]] = {organization: [] for organization in organizations}
    for organization in organizations:
        await members.tell(organization, "admitted", "accredited")
        came[organization] += [None, None]
    for turn in range(8):
        for organization in organizations:
            await members.tell(organization, chance.choice(list(TITLE_OF)))
            came[organization].append(None)
        subscription = (GRANTS, REVOCATIONS)[turn % 2]
        async with running(members.grants() if subscription is GRANTS else members.revocations()):
            await members.taken(subscription)
        for organization, history in members.histories.items():
            for place, fact in enumerate(history):
                if (fact in GRANTING) == (subscription is GRANTS):
                    came[organization][place] = fact
            assert await members.standing(organization) == expected(history, came[organization])
    async with running(members.grants(), members.revocations()):
        await members.taken(GRANTS, REVOCATIONS)
    assert await members.faults() == NO_FAULTS
