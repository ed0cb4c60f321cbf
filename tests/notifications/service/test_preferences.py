"""Preferences: whole, versioned, one's own."""

import asyncio

from services.notifications.domain.kinds import KINDS

PATH = "/api/v1/notifications/preferences"


async def test_who_has_chosen_nothing_has_every_kinds_defaults(api, hire):
    answer = await api.get(PATH, headers=(await hire()).headers())
    assert answer.headers["etag"] == '"v1"'
    found = answer.json()
    assert (found["language"], found["quiet_hours"]) == (None, None)
    assert found["channels"] == {code: {"email": bool(kind.channels)} for code, kind in KINDS.items()}


async def test_preferences_are_saved_whole_and_follow_the_version(api, hire):
    someone, other = await hire(), await hire()
    wanted = {
        "language": "en",
        "quiet_hours": {"start": "22:00", "end": "07:00", "zone": "America/Halifax"},
        "channels": {"referral-accepted": {"email": False}},
    }
    saved = await api.put(PATH, headers=someone.headers() | {"If-Match": '"v1"'}, json=wanted)
    assert saved.status_code == 200
    assert saved.headers["etag"] == '"v2"'
    read = await api.get(PATH, headers=someone.headers())
    assert read.json() == saved.json()
    assert read.json()["quiet_hours"] == wanted["quiet_hours"]
    assert read.json()["channels"]["referral-accepted"] == {"email": False}
    assert read.json()["channels"]["referral-declined"] == {"email": True}
    # What was read can be given back as it is.
    same = await api.put(PATH, headers=someone.headers() | {"If-Match": '"v2"'}, json=read.json())
    assert same.json() == read.json()
    assert (await api.get(PATH, headers=other.headers())).headers["etag"] == '"v1"'


async def test_a_version_that_was_not_read_is_refused(api, hire):
    someone = (await hire()).headers()
    for tag, status, code in (
        (None, 428, "request.precondition-missing"),
        ('"v2"', 412, "request.stale"),
        ("nonsense", 412, "request.stale"),
        ('"v99999999999999"', 412, "request.stale"),
    ):
        headers = someone | ({"If-Match": tag} if tag else {})
        answer = await api.put(PATH, headers=headers, json={})
        assert answer.status_code == status, answer.text
        assert answer.json()["code"] == code
    assert (await api.get(PATH, headers=someone)).headers["etag"] == '"v1"'


async def test_of_many_who_save_at_once_one_wins(api, hire):
    headers = (await hire()).headers() | {"If-Match": '"v1"'}
    answers = await asyncio.gather(*(api.put(PATH, headers=headers, json={"language": "en"}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]


SENSELESS = [
    ({"channels": {"referral-sneezed": {"email": True}}}, "notifications.unknown-kind"),
    ({"channels": {"referral-accepted": {"pigeon": True}}}, "notifications.unknown-channel"),
    ({"quiet_hours": {"start": "07:00", "end": "07:00"}}, "notifications.quiet-hours-empty"),
    ({"quiet_hours": {"start": "24:00", "end": "07:00"}}, "request.invalid"),
    ({"quiet_hours": {"start": "7:00", "end": "08:00"}}, "request.invalid"),
    ({"quiet_hours": {"start": "07:00", "end": "08:00", "zone": "Europe/Paris"}}, "request.invalid"),
    ({"language": "de"}, "request.invalid"),
    ({"channels": {"referral-accepted": {"email": "maybe"}}}, "request.invalid"),
    ({"channels": {f"k{n}": {} for n in range(101)}}, "request.invalid"),
    ({"address": "someone@example.org"}, "request.invalid"),
]


async def test_a_wish_that_makes_no_sense_is_refused_and_changes_nothing(api, hire):
    headers = (await hire()).headers() | {"If-Match": '"v1"'}
    for wanted, code in SENSELESS:
        answer = await api.put(PATH, headers=headers, json=wanted)
        assert answer.status_code == 422, wanted
        assert answer.json()["code"] == code
        assert "someone@example.org" not in answer.text
    assert (await api.get(PATH, headers=headers)).headers["etag"] == '"v1"'
