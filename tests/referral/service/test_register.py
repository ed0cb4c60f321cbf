"""The register: a privacy officer reads what their organisation told or read without consent, as pages and a file."""

import csv
import io
from datetime import timedelta

import pytest_asyncio

from tests.referral.world import FACTS, SECRETS


@pytest_asyncio.fixture
async def filled(scene, clock):
    """One line of each kind in the sender's register but a reading, each an hour apart; returns the ids by kind."""
    ids = {"ground": await scene.ground()}
    clock.advance(timedelta(hours=1))
    ids["disclosure"] = await scene.emergency()
    clock.advance(timedelta(hours=1))
    body = {
        "article": "p-39.1-18.1",
        "told": "police",
        "channel": "phone",
        "at": clock().isoformat(),
        "classes": ["current-location"],
        "facts": FACTS,
    }
    made = await scene.caseworker.post(f"/persons/{scene.person}/outside-disclosures", body)
    return ids | {"outside": made.json()["id"]}


async def test_a_privacy_officer_reads_every_act_newest_first_in_codes(scene, filled):
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    answer = await officer.get("/register")
    items = answer.json()["items"]
    assert [(each["kind"], each["id"]) for each in items] == [
        (kind, filled[kind]) for kind in ("outside", "disclosure", "ground")
    ]
    assert (items[0]["told"], items[0]["channel"], items[0]["recipient_organization_id"]) == ("police", "phone", None)
    assert items[1]["recipient_organization_id"] == scene.receiver.id
    assert not [word for word in (*SECRETS, FACTS, scene.person) if word in answer.text]
    row = (await scene.world.acts(scene.sender.id))[-1]
    assert (row["action"], row["by"], len(row["records"])) == ("register.read", officer.id, 3)


async def test_it_is_filtered_by_kind_period_and_review(scene, filled, clock):
    officer = await scene.world.worker(scene.sender, "privacy-officer")

    async def kinds(**filters) -> list[str]:
        answer = await officer.get("/register", **filters)
        assert answer.status_code == 200, answer.text
        return [each["kind"] for each in answer.json()["items"]]

    assert await kinds(kind="ground") == ["ground"]
    assert await kinds(kind="disclosure") == ["disclosure"]
    hour_ago = (clock() - timedelta(hours=1)).isoformat()
    assert await kinds(since=hour_ago) == ["outside", "disclosure"]
    assert await kinds(until=hour_ago) == ["ground"]
    await officer.post(f"/emergencies/{filled['disclosure']}/review", {"verdict": "approve"})
    assert await kinds(reviewed=True) == ["disclosure"]
    assert await kinds(reviewed=False) == ["outside"]
    assert await kinds(reviewed=False, kind="ground") == []
    assert (await officer.get("/register", kind="consent")).status_code == 422


async def test_it_goes_on_page_by_page_and_a_cursor_holds_its_filters(scene, filled):
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    seen, cursor = [], {}
    for _ in filled:
        page = (await officer.get("/register", limit=1, **cursor)).json()
        seen += [each["id"] for each in page["items"]]
        cursor = {"cursor": page["next"]}
    assert seen == [filled[kind] for kind in ("outside", "disclosure", "ground")]
    assert page["next"] is None
    first = (await officer.get("/register", limit=1)).json()["next"]
    assert (await officer.get("/register", limit=1, cursor=first, kind="ground")).status_code == 400


async def test_the_file_holds_the_same_lines_and_is_written_down_as_an_export(scene, filled):
    officer = await scene.world.worker(scene.sender, "privacy-officer")
    answer = await officer.get("/register/export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["id"] for row in rows] == [filled[kind] for kind in ("outside", "disclosure", "ground")]
    assert rows[2]["classes"] == "identity current-location"
    assert rows[2]["reviewed_at"] == ""
    assert not [word for word in (*SECRETS, FACTS, scene.person) if word in answer.text]
    row = (await scene.world.acts(scene.sender.id))[-1]
    assert (row["action"], len(row["records"])) == ("register.export", 3)


async def test_an_emergency_reading_stands_in_the_register_of_those_who_read(scene):
    referral = await scene.accepted()
    colleague = await scene.world.worker(scene.receiver, "caseworker")
    await colleague.post(f"/referrals/{referral}/emergency-reading", {"reason": "person-is-here"})
    officer = await scene.world.worker(scene.receiver, "privacy-officer")
    [line] = (await officer.get("/register")).json()["items"]
    assert (line["kind"], line["reading_reason"], line["article"]) == ("reading", "person-is-here", None)
    other = await scene.world.worker(scene.sender, "privacy-officer")
    assert (await other.get("/register")).json()["items"] == []


async def test_only_the_privacy_officer_reads_it(scene, filled):
    coordinator = await scene.world.worker(scene.sender, "coordinator")
    stranger = await scene.world.worker(await scene.world.member(), "privacy-officer")
    for path in ("/register", "/register/export"):
        assert (await coordinator.get(path)).json()["code"] == "auth.missing-scope"
        assert not [identity for identity in filled.values() if identity in (await stranger.get(path)).text]
