"""What is erased is told of no more: its entries go, and nobody else's."""

import pytest

from kit.messages import Delivery
from kit.mongo import Mongo
from services.notifications.consumed import ERASURES
from services.notifications.reactions import forgetting
from services.notifications.store import Inbox


@pytest.mark.parametrize("message", ERASURES.messages)
async def test_every_entry_about_what_is_erased_goes_and_the_others_stay(mongo: Mongo, clock, message):
    inbox, noun = Inbox(mongo.db), message.subject.removeprefix("referral.").removesuffix("-erased.v1")
    handle = forgetting(inbox)[message]

    async def told(session):
        for user in ("nadia", "paul"):
            await inbox.add(session, user, ["o1"], "referral-closed", f"/{noun}s/1", f"{noun}:1", clock())
        await inbox.add(session, "nadia", ["o1"], "referral-closed", f"/{noun}s/2", f"{noun}:2", clock())

    await mongo.transaction(told)
    erased = Delivery(message(), "m1", "referral", message.subject, f"{noun}:1", 9, clock())
    for _ in range(2):
        await mongo.transaction(lambda session: handle(session, erased))
    assert [entry.link for entry in await inbox.after("nadia", "o1", 0, 10)] == [f"/{noun}s/2"]
    assert await inbox.after("paul", "o1", 0, 10) == []
