"""The coalition is founded once, with two board members invited; and letters say what they must."""

import asyncio

import aiosmtplib
import pytest

from kit.jobs import Job
from services.membership.codes import InvitationCodes
from services.membership.commands.founding import AlreadyFounded, Charter, TwoAddressesRequired, bootstrap
from services.membership.domain.text import Text
from services.membership.effects import Effects
from services.membership.letters import decline_letter, invitation_letter
from tests.membership.builders import AT, a_person, an_organization
from tests.membership.service.conftest import COALITION

CHARTER = Charter(Text("Coalition", "Coalition"), Text("Unir.", "Unite."), "1166000009")
BOARD = ("Odile@Sorbier.example", "habib@epinettes.example")


class Outbasket:
    """A mailer that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list = []

    async def send(self, mail) -> None:
        self.sent.append(mail)


async def test_the_first_start_invites_two_board_members_once_and_says_so(office, records):
    assert await bootstrap(office, CHARTER, BOARD, COALITION) == COALITION
    people = await records.mongo.db["representatives"].find().sort("state.address", 1).to_list()
    assert [(row["state"]["address"], row["state"]["roles"]) for row in people] == [
        ("habib@epinettes.example", ["board", "coordination"]),
        ("odile@sorbier.example", ["board", "coordination"]),
    ]
    assert await records.outbox(f"organization:{COALITION}") == ["organization-admitted.v1"]
    [entry] = await office.audit.entries(organization=COALITION)
    assert (entry["by"], entry["action"]) == ("init", "coalition.found")
    before = await records.everything()
    with pytest.raises(AlreadyFounded):
        await bootstrap(office, CHARTER, ("x@y.example", "z@y.example"))
    assert await records.everything() == before


async def test_two_first_starts_at_once_are_one(office, records):
    answers = await asyncio.gather(*(bootstrap(office, CHARTER, BOARD) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(answer, str) for answer in answers) == 1
    assert await records.count("organizations") == 1
    assert await records.count("representatives") == 2


@pytest.mark.parametrize("board", [(), ("a@b.ca",), ("a@b.ca", "A@b.ca"), ("a@b.ca", "c@d.ca", "e@f.ca")])
async def test_the_first_start_needs_two_different_addresses(office, records, board):
    with pytest.raises(TwoAddressesRequired):
        await bootstrap(office, CHARTER, board)
    assert await records.count("organizations") == 0


async def test_the_coalition_is_never_suspended_by_its_own(api, coalition, office):
    await bootstrap(office, CHARTER, BOARD, COALITION)
    order = {"reason": "conduct"}
    answer = await api.post(f"/organizations/{COALITION}/suspension", json=order, headers=coalition.staff())
    assert (answer.status_code, answer.json()["code"]) == (403, "membership.own-organization")


async def job_of(records, kind: str) -> Job:
    [row] = await records.jobs(kind)
    return Job(row["_id"], kind, row["lane"], row["payload"], row["created_at"], 1)


async def test_an_invitation_is_mailed_only_while_it_is_open(api, coalition, office, records):
    basket = Outbasket()
    effects = Effects(office, None, basket, "https://coalition.example")
    organization = await coalition.member()
    job = await job_of(records, "invitation-letter")
    await effects.invite(job)
    await effects.invite(job)
    first, second = basket.sent
    assert (first.to, first.message_id) == ("ada@erable.example", second.message_id)
    code = await coalition.code_of(office, job.payload["representative_id"])
    assert f"https://coalition.example/invitation#{code}" in first.text
    headers = coalition.coordinator(organization)
    await api.post(f"/representatives/{job.payload['representative_id']}/deactivation", headers=headers)
    await effects.invite(job)
    assert len(basket.sent) == 2


async def test_a_refusal_is_mailed_to_the_applicant(api, coalition, office, records):
    identity = await coalition.under_review()
    for user in ("board-1", "board-2"):
        await api.post(f"/organizations/{identity}/votes", json={"choice": "decline"}, headers=coalition.board(user))
    basket = Outbasket()
    await Effects(office, None, basket, "https://coalition.example").decline(await job_of(records, "decline-letter"))
    assert [mail.to for mail in basket.sent] == ["ada@erable.example"]


async def test_who_never_accepted_is_left_alone_in_keycloak(api, coalition, office):
    organization = await coalition.member()
    person = await coalition.invited(organization)
    headers = coalition.coordinator(organization)
    await api.put(f"/representatives/{person}/roles", json={"roles": ["intake"]}, headers=headers)
    payload = {"representative_id": person, "organization_id": organization}
    job = Job("key", "representative-access", "lane", payload, AT, 1)
    # Keycloak is not there to be called: the same address may be someone's account in another organisation.
    await Effects(office, None, None, "https://coalition.example").representative_access(job)
    await api.post(f"/representatives/{person}/deactivation", headers=headers)
    await Effects(office, None, None, "https://coalition.example").representative_access(job)


async def test_a_dead_mail_server_is_tried_again(coalition, office, records, settings):
    from services.membership.main import jobs_of  # noqa: PLC0415 - the real jobs, towards nobody

    await coalition.member()
    jobs = jobs_of(settings, office, None, "test")
    task = asyncio.create_task(jobs.run())
    try:
        row = None
        while not row:
            await asyncio.sleep(0.05)
            row = await records.mongo.db["jobs"].find_one({"kind": "invitation-letter", "attempts": {"$gt": 0}})
        assert (row["state"], row["reason"]) == ("waiting", aiosmtplib.SMTPConnectError.__name__)
    finally:
        task.cancel()


def test_a_code_is_made_again_from_its_key_and_never_the_same_for_another():
    codes = InvitationCodes(b"k" * 32)
    code = codes.code("person", AT)
    assert code == codes.code("person", AT)
    assert len(code.replace("-", "")) == 32
    assert len({code, codes.code("other", AT), codes.code("person", AT.replace(year=2027))}) == 3
    assert InvitationCodes(b"j" * 32).code("person", AT) != code


def test_letters_are_in_french_then_english_and_break_no_header():
    letter = invitation_letter(a_person(), an_organization(), "ABCD-EFGH", "https://coalition.example", "key")
    assert letter.text.index("Bonjour") < letter.text.index("Hello")
    assert letter.message_id.endswith("@coalition.example")
    assert "person" not in letter.message_id
    declined = decline_letter(an_organization(), "ada@erable.example", "https://coalition.example", "key")
    assert "\n" not in declined.subject + letter.subject
