"""A referral with a value of a person's planted in every field that takes words, and every answer kept.

What is planted is never a word anybody else would write, so that finding it anywhere is a leak and nothing else.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2

from kit.bus import Bus
from kit.clock import utc_now
from kit.testing import eventually
from tests.notifications.world import Tellers

API = "/api/v1/referral"
_MARK = uuid4().hex[:6]


def planted(name: str) -> str:
    """A value no one else writes, with the accents a log might mangle."""
    return f"Zéph{_MARK}-{name}"


RECORD: dict[str, Any] = {
    "safe_contact": {
        "channel": "phone",
        "address": f"+1 555 {_MARK}",
        "hours": planted("hours"),
        "ask_for": planted("ask-for"),
        "code_word": planted("code-word"),
        "device_seen_by": planted("device"),
        "verified_on": "2026-11-03",
    },
    "identity": {
        "preferred_name": planted("preferred"),
        "prs_FirstName": planted("first"),
        "prs_SecondName": planted("last"),
        "prs_Birthdate": "1987-03-19",
        "age_band": "adult",
        "languages": ["iku"],
    },
    "current_location": {"place": planted("place"), "region": "06", "note": planted("place-note")},
    "safety": {"risk": "high", "areas_to_avoid": [planted("area")], "note": planted("safety")},
    "household": {"adults": 2, "children_ages": [4], "note": planted("household")},
    "practical_needs": {"needs": ["transport"], "note": planted("needs")},
    "indigenous_identity": {"nation": planted("nation"), "community": planted("community"), "note": planted("own")},
    "exploitation": {
        "vic_TypeOfExploitation": ["ForcedLabour"],
        "vic_LocationOfExploitation": planted("exploited-at"),
        "events": [{"hte_Type": "Transit", "hte_Country": "CA", "hte_City": planted("city")}],
        "perpetrators": [{"per_RoleInProcess": ["Exploiter"], "per_RoleDetails": planted("details")}],
        "facts": planted("facts"),
    },
    "health": {"attestation_signed": True, "note": planted("health")},
    "immigration": {"insured": False, "status": planted("status"), "note": planted("immigration")},
    "legal": {"entries": [{"kind": "police-file", "reference": planted("file"), "note": planted("legal")}]},
}
EVIDENCE = {
    "given_by": "person",
    "method": "oral",
    "company": "alone",
    "language": "spa",
    "interpreter": "independent",
    "read_back": True,
    "note": planted("consent"),
}
NEED = {"needs": ["shelter-tonight"], "urgency": "bed-tonight", "region": "06", "language": "iku"}
CLASSES = ["identity", "safe-contact", "practical-needs", "safety", "household"]
# Kinds of value that stand in the clear nowhere but in the answers to those who may read them.
PLANTED = (f"Zéph{_MARK}", f"Z\\u00e9ph{_MARK}", f"Z%C3%A9ph{_MARK}", f"ph{_MARK}-", f"555 {_MARK}", "1987-03-19")


@dataclass
class Party:
    """One side of the referral: how it calls and as whom."""

    http: httpx2.AsyncClient
    headers: dict[str, str]
    organization: str


@dataclass
class Told:
    """What happened: identifiers for the test, and every answer that refused something."""

    person: str = ""
    referral: str = ""
    sending: str = ""  # the id the gateway gave the request that sent it
    problems: list[bytes] = field(default_factory=list)


async def call(party: Party, method: str, path: str, json: Any = None, status: int = 200) -> httpx2.Response:
    headers = party.headers | {"If-Match": "*"}
    answer = await party.http.request(method, f"{API}{path}", headers=headers, json=json)
    assert answer.status_code == status, answer.text
    return answer


async def refer(sender: Party, receiver: Party, service: str) -> Told:
    """Refer the planted person and see it through: consent, sent, accepted, read, started, completed."""
    told = Told()
    told.person = (await call(sender, "POST", "/persons", RECORD, 201)).json()["id"]
    consent = {
        "recipient_organization_id": receiver.organization,
        "purpose": "support",
        "classes": CLASSES,
        "decision": "grant",
        "until": (utc_now() + timedelta(days=30)).isoformat(),
        "feedback": "outcome",
        "evidence": EVIDENCE,
    }
    await call(sender, "POST", f"/persons/{told.person}/consents", consent, 201)
    draft = {"person_id": told.person, "service_id": service, "purpose": "support", "classes": CLASSES, "need": NEED}
    told.referral = (await call(sender, "POST", "/referrals", draft, 201)).json()["id"]
    place = f"/referrals/{told.referral}"
    told.sending = (await call(sender, "POST", f"{place}/request")).headers["x-request-id"]
    await call(receiver, "POST", f"{place}/accept", {})
    read = await call(receiver, "GET", place)
    assert planted("last") in read.text, "the reader who may read must see what was planted"
    await call(receiver, "POST", f"{place}/start")
    return told


async def refuse_everything(party: Party, told: Told) -> None:
    """Ask for what must be refused, with planted values wherever a caller can put one; keep every answer."""
    name = planted("refused")
    bad = [
        ("POST", "/persons", {"identity": {"prs_Birthdate": name, name: name}}),
        ("POST", "/persons", {name: {"prs_FirstName": name}}),
        ("POST", "/persons", {"safe_contact": {"channel": name, "address": name}}),
        ("POST", "/persons", {"identity": {"languages": [name]}}),
        ("POST", "/persons", {"identity": {"prs_FirstName": name + "\u202e"}}),
        ("PATCH", f"/persons/{told.person}", {"legal": {"entries": [{"kind": name}]}}),
        ("POST", f"/persons/{name}/consents", {"purpose": name}),
        ("GET", f"/persons/{name}", None),
        ("GET", f"/persons?cursor={name}&q={name}", None),
        ("POST", "/referrals", {"person_id": name, "need": {"needs": [name], "language": name}}),
        ("POST", f"/referrals/{told.referral}/decline", {"reason": name}),
        ("POST", f"/referrals/{told.referral}/request", {name: name}),
        ("GET", f"/{name}", None),
        ("GET", f"/../{name}", None),
    ]
    for method, path, body in bad:
        answer = await party.http.request(method, f"{API}{path}", headers=party.headers, json=body)
        assert answer.status_code >= 400, (method, path)
        assert answer.status_code < 500, (method, path, answer.text)
        told.problems.append(answer.content)
    for content in (b'{"identity": {"prs_FirstName": "' + name.encode(), name.encode(), b"\xff" + name.encode()):
        headers = party.headers | {"content-type": "application/json", "x-request-id": "not an id"}
        answer = await party.http.post(f"{API}/persons", headers=headers, content=content)
        told.problems.append(answer.content)
    odd = party.headers | {"if-match": "x", "idempotency-key": _MARK, "traceparent": _MARK, "baggage": f"name={_MARK}"}
    answer = await party.http.post(f"{API}/referrals/{told.referral}/start", headers=odd)
    told.problems.append(answer.content)


async def tell_of_members(tellers: Tellers, ops: Bus, sender: str, receiver: str, people: dict[str, str]) -> str:
    """Tell of two accredited organisations, their people (user by role) and one shelter; returns the service's id."""
    for organization, role in ((sender, "caseworker"), (receiver, "intake")):
        who = {"sector": "community", "family": "ngo", "regime": "private", "alias": role}
        await tellers.of_organization("admitted", organization, **who, name={"fr": role, "en": role})
        until = (utc_now() + timedelta(days=365)).isoformat()
        await tellers.of_organization("accredited", organization, accreditation="may-handle-referrals", until=until)
        user = people[role]
        data = {"representative_id": user, "organization_id": organization, "user_id": user, "roles": [role]}
        await tellers.tell("membership.representative-activated", f"representative:{user}", data)
    service = str(uuid4())
    facts = {"service_id": service, "organization_id": receiver, "needs": ["shelter-tonight"], "regions": ["06"]}
    facts |= {"name": {"fr": "Refuge", "en": "Shelter"}, "languages": [], "populations": [], "confidential": True}
    facts |= {"capacity": "open", "places": None, "status": "active", "stale": False}
    await tellers.tell("membership.service-published", f"service:{service}", facts)
    await eventually(lambda: _all_taken(ops), 30)
    return service


async def _all_taken(ops: Bus) -> bool:
    """Say whether the services have taken everything membership told."""
    js = ops.jetstream()
    durables = ("referral-directory-a", "referral-grants", "notifications-people-a")
    infos = [await js.consumer_info("MEMBERSHIP", durable) for durable in durables]
    return all(info.num_pending == 0 and info.num_ack_pending == 0 for info in infos)


def found_in(content: bytes) -> list[str]:
    """Return what was planted and stands in these bytes."""
    return [value for value in PLANTED if value.encode() in content]
