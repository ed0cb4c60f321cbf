"""Disclosure without consent: alarms reach those named, in their own organisation, and say nothing of whom or what."""

from uuid import uuid4

import pytest

from services.notifications.alarms import KIND_OF_ALARM
from services.notifications.domain.kinds import KINDS
from tests.notifications.service.test_inbox import filled, inbox


@pytest.mark.parametrize(
    ("fact", "kind", "alarm", "end"),
    [
        ("recorded", "emergency-to-review", True, ""),
        ("disclosed", "emergency-received", True, "/disclosed"),
        ("escalated", "emergency-unreviewed", True, ""),
        ("reviewed", "emergency-reviewed", False, ""),
        ("ended", "emergency-ended", False, ""),
    ],
)
async def test_an_emergency_puts_one_entry_in_each_inbox_named(api, tellers, hire, fact, kind, alarm, end):
    told, elsewhere = await hire(), await hire()
    emergency = str(uuid4())
    data = {"emergency_id": emergency, "organization_id": str(uuid4()), "told_organization_id": told.organization}
    await tellers.tell(f"referral.emergency-{fact}", f"emergency:{emergency}", data | {"notify": [told.user]})
    [entry] = await filled(api, told)
    assert (entry["kind"], entry["alarm"]) == (kind, alarm)
    assert entry["link"] == f"/emergencies/{emergency}{end}"
    assert (await inbox(api, elsewhere))["items"] == []


async def test_a_ground_is_told_to_the_privacy_officers(api, tellers, hire):
    officer, ground = await hire(), str(uuid4())
    data = {"ground_id": ground, "organization_id": officer.organization, "notify": [officer.user]}
    await tellers.tell("referral.ground-recorded", f"ground:{ground}", data)
    [entry] = await filled(api, officer)
    assert (entry["kind"], entry["link"]) == ("ground-recorded", f"/grounds/{ground}")


def test_every_alarm_has_words_that_name_nobody():
    for kind in KIND_OF_ALARM.values():
        words = KINDS[kind].title
        assert words.fr
        assert words.en
