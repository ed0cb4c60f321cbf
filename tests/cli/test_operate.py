"""What an operator does to parked messages, streams and projections, with the command, while real consumers run."""

import asyncio
import os
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from nats.js.errors import NotFoundError
from typer.testing import CliRunner

from cli.main import app
from kit import marks, outbox
from kit.clock import utc_now
from kit.consumer import Reaction
from kit.mongo import ensure_indexes
from kit.outbox import Outbox
from kit.projections import Projection
from kit.relay import Relay
from kit.tasks import running
from kit.testing import eventually
from services.membership.published import OrganizationAdmitted, Words
from services.referral import consumed
from services.referral.projections import DIRECTORY_HANDLERS

CONSUMER = consumed.GRANTS.name
ILL, WELL = "organization:ill", "organization:well"


class Unreadable(Exception):
    """This message can never be handled, until somebody cures it."""


@dataclass
class Standing:
    """Writes down each admission once; what `ill` names fails."""

    mongo: object
    ill: set[str] = field(default_factory=lambda: {"ill"})

    @property
    def handlers(self):
        return dict.fromkeys(consumed.GRANTS.messages, self.on)

    async def on(self, session, delivery):
        if delivery.data.organization_id in self.ill:
            raise Unreadable
        row = {"organization": delivery.data.organization_id, "sequence": delivery.sequence}
        await self.mongo.db["entries"].insert_one(row, session=session)


async def admit(mongo, organization, times=1):
    """Tell of an organisation as membership would, in a transaction with nothing else in it."""
    facts = {"sector": "community", "family": "civil-society", "regime": "private"}
    name = Words(fr=organization, en=organization)
    message = OrganizationAdmitted(organization_id=organization, alias=organization, name=name, **facts)
    told = await mongo.db["outbox"].count_documents({"aggregate": f"organization:{organization}"})
    box = Outbox(mongo.db, "membership")
    await mongo.transaction(
        lambda session: box.append(session, f"organization:{organization}", told, [message] * times, utc_now())
    )


async def called(*words: str, answers: str | None = None):
    return await asyncio.to_thread(CliRunner().invoke, app, list(words), input=answers)


@pytest.fixture
async def standing(mongo, ops, bus_of, seed, monkeypatch):
    """Membership's relay and referral's consumer at work; one organisation's two messages are parked."""
    for service in ("MEMBERSHIP", "REFERRAL"):
        monkeypatch.setenv(f"{service}_MONGODB_URL", os.environ["TEST_MONGODB_URL"])
        monkeypatch.setenv(f"{service}_MONGODB_DATABASE", mongo.db.name)
    monkeypatch.setenv("NATS_URL", os.environ["TEST_NATS_URL"])
    monkeypatch.setenv("NATS_OPS_SEED", seed("ops"))
    await ensure_indexes(mongo.db, outbox.INDEXES | marks.INDEXES)
    found = Standing(mongo)
    async with bus_of("membership") as out, bus_of("referral") as inn:
        relay = Relay(mongo, out, "membership", "relay-1")
        reaction = Reaction(mongo, inn, consumed.GRANTS, found.handlers)
        async with running(relay.run(), reaction.run()):
            await admit(mongo, "ill", times=2)
            await admit(mongo, "well")
            await eventually(lambda: count_is(mongo, "parked", 2))
            await eventually(lambda: count_is(mongo, "entries", 1))
            yield found


def last(answer):
    """What the command said last; what runs beside it in this process may have logged before."""
    return answer.output.splitlines()[-1]


async def count_is(mongo, collection, number):
    return await mongo.db[collection].count_documents({}) == number


async def written(mongo):
    return [(row["organization"], row["sequence"]) async for row in mongo.db["entries"].find().sort("_id", 1)]


async def test_what_is_parked_is_listed_whole_with_its_reason_and_shown_with_its_body(standing):
    listed = await called("parked", "list", "referral")
    subject = "membership.organization-admitted.v1"
    assert [line.split() for line in listed.output.splitlines()[-3:]] == [
        ["consumer", "aggregate", "sequence", "subject", "reason"],
        [CONSUMER, ILL, "1", subject, "Unreadable"],
        [CONSUMER, ILL, "2", subject, "behind-parked"],
    ]
    shown = await called("parked", "show", "referral", CONSUMER, ILL)
    assert shown.exit_code == 0
    assert shown.output.count(f"subject     {subject}\n") == 2
    assert '"organization_id":"ill"' in shown.output.replace(" ", "")


async def test_where_nothing_is_parked_it_says_so(standing, monkeypatch):
    monkeypatch.setenv("REFERRAL_MONGODB_DATABASE", "nothing-here")
    answer = await called("parked", "list", "referral")
    assert (answer.exit_code, last(answer)) == (0, "Nothing is parked.")


async def test_cured_messages_are_replayed_in_order(standing):
    standing.ill.clear()
    answer = await called("parked", "replay", "referral", CONSUMER, ILL)
    assert (answer.exit_code, last(answer)) == (0, "1 aggregate(s) will be replayed within a second.")
    await eventually(lambda: count_is(standing.mongo, "parked", 0))
    assert await written(standing.mongo) == [("well", 1), ("ill", 1), ("ill", 2)]


async def test_dropping_asks_who_and_keeps_it_and_the_rest_can_be_replayed(standing):
    asked = await called("parked", "drop", "referral", CONSUMER, ILL, answers="Ada Lovelace\n")
    assert asked.exit_code == 0, asked.output
    assert "Who drops it: " in asked.output
    assert f"Ada Lovelace dropped message 1 of {ILL}." in asked.output
    [dropped] = await standing.mongo.db["dropped"].find().to_list()
    assert (dropped["by"], dropped["aggregate"], dropped["sequence"]) == ("Ada Lovelace", ILL, 1)
    standing.ill.clear()
    assert (await called("parked", "replay", "referral", CONSUMER)).exit_code == 0
    await eventually(lambda: count_is(standing.mongo, "parked", 0))
    assert await written(standing.mongo) == [("well", 1), ("ill", 2)]


async def test_dropping_without_anybody_drops_nothing(standing):
    answer = await called("parked", "drop", "referral", CONSUMER, ILL, answers="")
    assert answer.exit_code != 0
    assert await count_is(standing.mongo, "parked", 2)


async def test_who_drops_can_be_said_on_the_line(standing):
    answer = await called("parked", "drop", "referral", CONSUMER, ILL, "--by", "ada")
    assert f"ada dropped message 1 of {ILL}." in answer.output


async def test_a_stream_is_built_anew_from_the_outbox_and_nothing_happens_twice(standing, ops):
    before = await ops.jetstream().stream_info("MEMBERSHIP")
    answer = await called("stream", "rebuild", "membership")
    assert (answer.exit_code, last(answer)) == (
        0,
        "3 message(s) will be published anew; consumers know those they had.",
    )

    async def whole():
        after = await ops.jetstream().stream_info("MEMBERSHIP")
        return after.state.messages == 3 and after.created != before.created

    await eventually(whole)
    await admit(standing.mongo, "well")
    await eventually(lambda: count_is(standing.mongo, "entries", 2))
    assert await written(standing.mongo) == [("well", 1), ("well", 2)]


async def test_a_projection_is_filled_anew_and_readers_change_over(standing, bus_of):
    async with bus_of("referral") as bus:
        directory = Projection(standing.mongo, bus, consumed.DIRECTORY, DIRECTORY_HANDLERS, "tests")
        async with running(directory.run()):
            await eventually(lambda: has(directory, "-a", 2))
            await standing.mongo.db["referral-directory-a"].delete_one({"_id": ILL})
            answer = await called("projection", "rebuild", "referral", "referral-directory")
            assert (answer.exit_code, last(answer)) == (0, "Copy b of referral-directory is being filled.")
            await eventually(lambda: has(directory, "-b", 2))


async def has(directory, copy, number):
    live = await directory.live()
    return live.name.endswith(copy) and await live.count_documents({}) == number


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("parked", "list", "referal"), "There is no service referal: membership, referral, notifications."),
        (("parked", "show", "referral", CONSUMER, "organization:x"), "`coalition parked list referral` names"),
        (("parked", "replay", "referral", "nobody"), "`coalition parked list referral` names"),
        (("parked", "drop", "referral", CONSUMER, WELL, "--by", "ada"), "`coalition parked list referral` names"),
        (("stream", "rebuild", "wallet"), "There is no service wallet"),
        (("projection", "rebuild", "referral", "grants"), "no projection grants. It has: referral-directory."),
        (("projection", "rebuild", "ledger", "x"), "There is no service ledger"),
    ],
)
async def test_a_wrong_name_is_told_in_a_line_with_the_right_ones(standing, words, said):
    answer = await called(*words)
    assert answer.exit_code == 2
    assert last(answer).startswith("✗ ")
    assert said in last(answer)


async def test_a_bus_that_does_not_let_us_in_is_told_with_the_command_that_helps(standing, monkeypatch):
    monkeypatch.setenv("NATS_URL", "nats://127.0.0.1:1")
    answer = await called("bus", "apply")
    assert answer.exit_code == 2
    assert "coalition bus accounts" in answer.output


async def on_the_bus(bus_of, aggregate):
    """The subjects on the stream that name an aggregate."""
    async with bus_of("ops") as found:
        await found.ready()
        js, position, subjects = found.jetstream(), 1, []
        while True:
            try:
                message = await js.get_msg("MEMBERSHIP", seq=position, subject="membership.>", next=True)
            except NotFoundError:
                return subjects
            if message.headers["ce-subject"] == aggregate:
                subjects.append(message.subject)
            position = message.seq + 1


async def test_what_was_told_of_an_erased_record_is_deleted_from_the_stream_and_nothing_else(standing, bus_of):
    db = standing.mongo.db
    await db["erasures"].insert_one({"_id": ILL, "at": utc_now() - timedelta(days=31)})
    await db["erasures"].insert_one({"_id": WELL, "at": utc_now()})
    assert len(await on_the_bus(bus_of, ILL)) == 2
    told = await called("stream", "forget", "membership")
    assert last(told) == "2 message(s) about erased records are gone from the stream."
    assert (len(await on_the_bus(bus_of, ILL)), len(await on_the_bus(bus_of, WELL))) == (0, 1)
    assert last(await called("stream", "forget", "membership")).startswith("0 message(s)")
    assert (await db["erasures"].find_one({"_id": ILL}))["off_stream"]
    await admit(standing.mongo, "later")
    await eventually(lambda: count_is(standing.mongo, "entries", 2))
