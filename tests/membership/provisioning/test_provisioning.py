"""What happens in membership happens in Keycloak: by its own messages, through the bus, as often as it takes."""

import re
from uuid import uuid4

import pytest

from kit.clock import utc_now
from kit.testing import eventually

CODE = re.compile(r"invitation#([A-Z2-7-]+)")


def letters_to(mailbox, address: str) -> list[str]:
    received = [message for message in mailbox[0].received if message["To"] == address]
    # Keycloak's own letters have several parts.
    return [(message.get_payload(decode=True) or b"").decode() for message in received]


async def code_mailed_to(mailbox, address: str) -> str:
    async def arrived() -> list[str]:
        return [found for letter in letters_to(mailbox, address) for found in CODE.findall(letter)]

    return (await eventually(arrived))[-1]


def organization_in(realm, org_id: str) -> dict | None:
    found = realm.get("/organizations", q=f"org_id:{org_id}")
    return realm.get(f"/organizations/{found[0]['id']}") if found else None


def groups_of(realm, key: str, user: str) -> set[str]:
    groups = realm.get(f"/organizations/{key}/groups")
    return {
        group["name"]
        for group in groups
        if any(member["id"] == user for member in realm.get(f"/organizations/{key}/groups/{group['id']}/members"))
    }


@pytest.fixture
def address() -> str:
    return f"ada-{uuid4().hex[:8]}@erable.example"


@pytest.fixture
def name() -> dict:
    return {"fr": f"Maison {uuid4().hex[:8]}", "en": "House"}


async def joined(api, coalition, mailbox, records, address: str, name: dict) -> tuple[str, str, str]:
    """Bring an organisation and its first coordinator all the way; returns organisation, person and user."""
    organization = await coalition.member(address=address, name=name)
    code = await code_mailed_to(mailbox, address)
    names = {"code": code, "given_name": "Ada", "family_name": "Tremblay", "language": "fr"}
    assert (await api.post("/invitations/acceptances", json=names)).status_code == 202

    async def active() -> dict | None:
        return await records.mongo.db["representatives"].find_one({"state.state": "active", "state.address": address})

    row = await eventually(active, within=40)
    return organization, row["_id"], row["state"]["user"]


async def test_an_admitted_organisation_and_its_coordinator_are_in_keycloak_and_can_set_a_password(
    api, coalition, mailbox, records, realm, address, name
):
    organization, person, user = await joined(api, coalition, mailbox, records, address, name)
    held = organization_in(realm, organization)
    assert (held["enabled"], held["attributes"]["sector"]) == (True, ["community"])
    assert groups_of(realm, held["id"], user) == {"coordinator"}
    account = realm.get(f"/users/{user}")
    assert (account["email"], account["firstName"], account["emailVerified"]) == (address, "Ada", True)
    assert await records.outbox(f"representative:{person}") == [
        "representative-invited.v1",
        "representative-accepted.v1",
        "representative-activated.v1",
    ]

    async def second_letter() -> bool:
        return len(letters_to(mailbox, address)) >= 2

    await eventually(second_letter)


async def test_roles_and_leaving_follow_in_keycloak(api, coalition, mailbox, records, realm, address, name):
    organization, _, _ = await joined(api, coalition, mailbox, records, address, name)
    key = organization_in(realm, organization)["id"]
    other = f"eve-{uuid4().hex[:8]}@erable.example"
    person = await coalition.invited(organization, other, ("intake",))
    names = {"code": await code_mailed_to(mailbox, other), "given_name": "Ève", "family_name": "Roy"}
    await api.post("/invitations/acceptances", json=names)
    manager = coalition.coordinator(organization)

    async def user_of() -> str | None:
        return (await api.get(f"/representatives/{person}", headers=manager)).json()["user_id"]

    user = await eventually(user_of, within=40)
    before_changing = utc_now()
    changed = await api.put(f"/representatives/{person}/roles", json={"roles": ["caseworker"]}, headers=manager)
    assert changed.status_code == 200

    async def roles_are() -> bool:
        return groups_of(realm, key, user) == {"caseworker"}

    await eventually(roles_are, within=40)
    place = f"member:{organization}:{user}"

    rows = records.mongo.client[records.access]["revocations"]

    async def let_in() -> dict | None:
        return await rows.find_one({"_id": place, "before": {"$ne": None}})

    row = await eventually(let_in, within=40)
    assert before_changing < row["before"] <= utc_now()
    await api.post(f"/representatives/{person}/deactivation", headers=manager)
    assert await rows.find_one({"_id": place, "revoked": True, "before": None})
    assert await records.revoked(f"member:{organization}:{user}") is True

    async def gone() -> bool:
        return not realm.get(f"/users/{user}")["enabled"] and not groups_of(realm, key, user)

    await eventually(gone, within=40)


async def test_a_suspension_shuts_the_organisation_in_keycloak_and_a_reinstatement_opens_it(
    api, coalition, mailbox, records, realm, address, name
):
    organization, _, _ = await joined(api, coalition, mailbox, records, address, name)
    order = {"reason": "safety-concern"}
    await api.post(f"/organizations/{organization}/suspension", json=order, headers=coalition.staff())

    async def enabled() -> bool:
        return organization_in(realm, organization)["enabled"]

    async def disabled() -> bool:
        return not await enabled()

    await eventually(disabled, within=40)
    await api.post(f"/organizations/{organization}/reinstatement", headers=coalition.board())
    await eventually(enabled, within=40)


async def test_who_is_deactivated_before_the_account_is_made_has_none(
    api, coalition, mailbox, records, realm, address, name
):
    organization, _, _ = await joined(api, coalition, mailbox, records, address, name)
    other = f"eve-{uuid4().hex[:8]}@erable.example"
    person = await coalition.invited(organization, other, ("intake",))
    names = {"code": await code_mailed_to(mailbox, other), "given_name": "Ève", "family_name": "Roy"}
    await api.post("/invitations/acceptances", json=names)
    await api.post(f"/representatives/{person}/deactivation", headers=coalition.coordinator(organization))

    async def settled() -> bool:
        waiting = {"state": "waiting", "kind": "representative-access"}
        told = await records.mongo.db["outbox"].count_documents({"pending": True})
        return not told and await records.mongo.db["jobs"].count_documents(waiting) == 0

    await eventually(settled, within=40)
    found = realm.get("/users", email=other)
    assert not any(account["enabled"] for account in found)
    key = organization_in(realm, organization)["id"]
    assert not any(member["email"] == other for member in realm.get(f"/organizations/{key}/members"))


@pytest.fixture
def post_at(realm):
    """Say at which port Keycloak's mail server is; without a port, where it was."""
    alive = realm.get("")["smtpServer"]

    def put(port: str = alive["port"]) -> None:
        realm.put("", realm.get("") | {"smtpServer": alive | {"port": port}})

    yield put
    put()


async def test_a_dead_mail_server_holds_up_nobody_whose_access_ends(
    api, coalition, mailbox, records, realm, address, name, post_at
):
    organization, _, _ = await joined(api, coalition, mailbox, records, address, name)
    key = organization_in(realm, organization)["id"]
    manager = coalition.coordinator(organization)
    leaving, user = await active(api, coalition, mailbox, organization, manager, "intake")
    post_at("9")
    joining, newcomer = await active(api, coalition, mailbox, organization, manager, "caseworker")
    await api.post(f"/representatives/{leaving}/deactivation", headers=manager)

    async def closed() -> bool:
        return not realm.get(f"/users/{user}")["enabled"] and not groups_of(realm, key, user)

    await eventually(closed, within=40)
    [letter] = [row for row in await records.jobs("first-sign-in") if row["payload"]["representative_id"] == joining]
    assert letter["state"] == "waiting"
    account = realm.get(f"/users/{newcomer}")
    assert (account["enabled"], groups_of(realm, key, newcomer)) == (True, {"caseworker"})
    post_at()

    async def mailed() -> bool:
        return (await records.state("jobs", letter["_id"]))["state"] == "done"

    await eventually(mailed, within=60)
    assert len(letters_to(mailbox, account["email"])) == 2


async def active(api, coalition, mailbox, organization: str, manager: dict, role: str) -> tuple[str, str]:
    """Bring one more person of an organisation all the way; returns person and user."""
    mine = f"p-{uuid4().hex[:8]}@erable.example"
    person = await coalition.invited(organization, mine, (role,))
    names = {"code": await code_mailed_to(mailbox, mine), "given_name": "Ève", "family_name": "Roy"}
    assert (await api.post("/invitations/acceptances", json=names)).status_code == 202

    async def user_of() -> str | None:
        return (await api.get(f"/representatives/{person}", headers=manager)).json()["user_id"]

    return person, await eventually(user_of, within=40)


async def test_a_lost_second_factor_is_forgotten_once_two_people_say_so(
    api, coalition, mailbox, records, realm, address, name
):
    organization, person, user = await joined(api, coalition, mailbox, records, address, name)
    secret = {"type": "otp", "secretData": '{"value": "JBSWY3DPEHPK3PXP"}'}  # pragma: allowlist secret
    kind = '{"subType": "totp", "digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1"}'
    realm.put(f"/users/{user}", realm.get(f"/users/{user}") | {"credentials": [secret | {"credentialData": kind}]})

    async def held() -> list[str]:
        return [credential["type"] for credential in realm.get(f"/users/{user}/credentials")]

    assert await held() == ["otp"]
    place = f"/representatives/{person}/second-factor-resets"
    assert (await api.post(place, headers=coalition.coordinator(organization))).status_code == 200
    assert (await api.post(f"{place}/confirmation", headers=coalition.staff())).status_code == 200

    async def forgotten() -> bool:
        return await held() == []

    await eventually(forgotten, within=40)
