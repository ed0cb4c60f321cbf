"""First run, with a name: consent, sending, what each party reads before and after acceptance, the end."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cli.demo.letters import only_something_new_is_mailed_to
from cli.demo.party import Answer
from cli.demo.stage import Stage, forbidden_words, soon
from cli.demo.telling import in_words

REFERRALS = "/referral/referrals"
NOT_FOUND = (404, "referral.not-found")


async def nothing_is_sent_without_consent(stage: Stage) -> None:
    """The caseworker opens the person's record and drafts; without consent nothing can be sent."""
    await _record(stage, "first")
    await _draft(stage, "first")
    refused = await stage.parties["worker"].post(f"{REFERRALS}/{stage.made['first']}/request")
    stage.sees("worker", refused.words)
    stage.hold("without a consent in force it is refused", refused.code, "consent.not-live")


async def the_persons_consent_is_recorded(stage: Stage) -> None:
    """The person consents: for this shelter, this purpose, these classes of data, until a date."""
    consent = await _consent(stage, "first", feedback="outcome")
    stage.sees("worker", f"{consent['state']}: {', '.join(consent['classes'])}, until {consent['until'][:10]}")
    stage.hold("the consent is in force", consent["state"], "granted")


async def the_referral_is_sent(stage: Stage) -> None:
    """The caseworker sends the referral."""
    stage.made["sent at"] = datetime.now(UTC).isoformat()
    body = await stage.do("worker", f"{REFERRALS}/{stage.made['first']}/request")
    stage.sees("worker", f"{body['mnemonic']}: {body['state']}, an answer is due by {body['answer_by'][11:16]} UTC")
    stage.hold("it is requested", body["state"], "requested")


async def the_intake_is_told_that_something_is_new(stage: Stage) -> None:
    """The shelter's intake is told: on her live stream, in her inbox, and by an e-mail without content."""
    link = f"/referrals/{stage.made['first']}"

    async def come() -> list[dict[str, Any]]:
        entries = [data for name, data in stage.streams["intake"].events if name == "entry"]
        return [entry for entry in entries if entry["link"] == link]

    entries, seconds = await soon("the live stream tells", come)
    title = entries[0]["title"]
    stage.sees("intake", f"live within {seconds:.1f} s: « {title['fr']} » / “{title['en']}”")
    stage.hold("it is the notice of a request", entries[0]["kind"], "referral-requested-urgent")
    inbox = await stage.read("intake", "/notifications/inbox")
    stage.hold("it stands in the inbox too", [each["link"] for each in inbox["items"]].count(link), 1)
    told = [word for word in forbidden_words(stage.scenario) if word in str(inbox)]
    stage.hold("the inbox says nothing of the person", told, [])
    await only_something_new_is_mailed_to(stage, "intake", datetime.fromisoformat(stage.made["sent at"]))


async def before_acceptance_only_the_need_is_read(stage: Stage) -> None:
    """Before she accepts, the intake reads the need and nothing of the person."""
    seen = await stage.read("intake", f"{REFERRALS}/{stage.made['first']}")
    stage.sees("intake", f"the need: {in_words(seen['need']['needs'])}; the person: {in_words(seen['disclosed'])}")
    stage.hold("the need is shown", seen["need"]["needs"], stage.scenario["query"]["needs"])
    stage.hold("nothing of the person is disclosed", seen["disclosed"], {})
    reasons = {each["reason"] for each in seen["withheld"]}
    stage.hold("every class is withheld for one reason", reasons, {"before-acceptance"})
    stage.hold("neither the person nor the mnemonic is named", (seen["person_id"], seen["mnemonic"]), (None, None))
    colleague = await stage.parties["host"].get(f"{REFERRALS}/{stage.made['first']}")
    stage.sees("host", f"not assigned, {colleague.words}")
    stage.hold("a colleague who is not assigned finds nothing", colleague.refusal, NOT_FOUND)


async def nobody_else_learns_that_it_exists(stage: Stage) -> None:
    """A police officer, a government agent and three other organisations try to read it."""
    for key in ("police", "government", "advocate", "youth", "nurse"):
        answer = await stage.parties[key].get(f"{REFERRALS}/{stage.made['first']}")
        stage.sees(key, answer.words)
        stage.hold("not found", answer.refusal, NOT_FOUND)
    answer = await stage.parties["coordination"].get(f"{REFERRALS}/{stage.made['first']}")
    stage.sees("coordination", answer.words)
    stage.hold("no coalition role reads a referral", answer.status, 403)


async def the_shelter_accepts_and_a_place_is_taken(stage: Stage) -> None:
    """The intake accepts and names who will meet the person; the one place is taken."""
    body = stage.succeeded("it is accepted", await accept(stage, "first"))
    stage.sees("intake", f"{body['state']}, the person should be there by {body['handover_by'][11:16]} UTC")
    stage.hold("it is accepted", body["state"], "accepted")
    stage.hold("the caseworker named is assigned", body["assigned_user_ids"], [stage.parties["host"].user])


async def a_second_person_finds_no_place(stage: Stage) -> None:
    """A second person is referred to the same service: its only place is taken."""
    await _record(stage, "second")
    await _draft(stage, "second")
    await _consent(stage, "second", feedback="received")
    await stage.do("worker", f"{REFERRALS}/{stage.made['second']}/request")
    await stage.read("intake", f"{REFERRALS}/{stage.made['second']}")
    refused = await accept(stage, "second")
    stage.sees("intake", refused.words)
    stage.hold("the last place is given once", refused.code, "referral.no-place-left")


def _type_alone(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name == "vic_TypeOfExploitation"}


async def after_acceptance_the_worker_reads_what_consent_allows(stage: Stage) -> None:
    """The worker who meets the person reads what the person consented to, and no more."""
    seen = await stage.read("host", f"{REFERRALS}/{stage.made['first']}")
    person, shown = stage.scenario["persons"]["first"], seen["disclosed"]
    for name, fields in shown.items():
        stage.sees("host", f"{name.replace('_', ' ')} – {in_words(fields)}")
    consented = {name.replace("-", "_") for name in stage.scenario["consent"]["classes"]}
    stage.hold("the classes shown are those consented to", set(shown), consented)
    stage.hold("safe contact comes first", next(iter(shown)), "safe_contact")
    stage.hold("identity is whole", _given(shown["identity"]), person["identity"])
    stage.hold("of the facts the type alone", shown["exploitation"], _type_alone(person["exploitation"]))
    reasons = {each["data_class"]: each["reason"] for each in seen["withheld"]}
    stage.hold("the facts are withheld with their reason", reasons["exploitation"], "type-only")
    stage.hold("immigration status is withheld", reasons["immigration"], "not-consented")
    stage.hold("where the person is now is withheld", reasons["current-location"], "not-consented")


async def the_sender_learns_that_it_is_accepted(stage: Stage) -> None:
    """The sender's caseworker is told that it is accepted, and reads it."""
    link = f"/referrals/{stage.made['first']}"

    async def come() -> list[str]:
        inbox = await stage.read("worker", "/notifications/inbox")
        return [each["kind"] for each in inbox["items"] if each["link"] == link]

    kinds, seconds = await soon("the caseworker is told", come)
    stage.sees("worker", f"inbox within {seconds:.1f} s: {in_words(kinds)}")
    stage.hold("it is the notice of an acceptance", kinds, ["referral-accepted"])
    seen = await stage.read("worker", f"{REFERRALS}/{stage.made['first']}")
    stage.sees("worker", f"{seen['mnemonic']}: {seen['state']}")
    stage.hold("she reads that it is accepted", seen["state"], "accepted")


async def the_service_is_started_and_completed(stage: Stage) -> None:
    """The person arrives; in the morning the service is completed with a coded outcome."""
    path = f"{REFERRALS}/{stage.made['first']}"
    started = await stage.do("host", f"{path}/start")
    stage.hold("it is in progress", started["state"], "in-progress")
    outcomes = dict.fromkeys(stage.scenario["query"]["needs"], "met")
    ended = await stage.do("host", f"{path}/complete", {"outcomes": outcomes})
    stage.sees("host", ended["state"])
    stage.hold("it is completed", ended["state"], "completed")
    seen = await stage.read("worker", path)
    stage.sees("worker", f"{seen['state']}, outcome {in_words(seen['outcomes'])}")
    stage.hold("the person lets the sender know the outcome", seen["outcomes"], outcomes)


async def the_receiver_keeps_a_receipt_only(stage: Stage) -> None:
    """After the end the shelter keeps a receipt: that there was a referral, and nothing of the person."""
    seen = await stage.read("host", f"{REFERRALS}/{stage.made['first']}")
    stage.sees(
        "host", f"{seen['state']}; the need: {in_words(seen['need'])}; the person: {in_words(seen['disclosed'])}"
    )
    stage.hold("neither the need nor the person is shown", (seen["need"], seen["disclosed"]), (None, {}))
    reasons = {each["reason"] for each in seen["withheld"]}
    stage.hold("because the referral has ended", reasons, {"referral-ended"})


async def _record(stage: Stage, person: str) -> None:
    body = stage.scenario["persons"][person]
    kept = await stage.do("worker", "/referral/persons", body)
    stage.made[f"{person} person"] = kept["id"]
    stage.sees("worker", f"opens the record of “{kept['mnemonic']}”: nobody else knows this name")


async def _draft(stage: Stage, person: str) -> None:
    body = {
        "person_id": stage.made[f"{person} person"],
        "service_id": stage.made["service"],
        "purpose": stage.scenario["consent"]["purpose"],
        "classes": stage.scenario["consent"]["classes"],
    }
    path = f"/referral/capacity-queries/{stage.made['query']}/referral"
    drafted = await stage.do("worker", path, body)
    stage.made[person] = drafted["id"]


async def _consent(stage: Stage, person: str, feedback: str) -> Any:
    asked = stage.scenario["consent"]
    body = {
        "recipient_organization_id": stage.parties["manager"].organization,
        "purpose": asked["purpose"],
        "classes": asked["classes"],
        "decision": "grant",
        "until": (datetime.now(UTC) + timedelta(days=asked["days"])).isoformat(),
        "feedback": feedback,
        "evidence": asked["evidence"],
    }
    path = f"/referral/persons/{stage.made[f'{person} person']}/consents"
    consent = await stage.do("worker", path, body)
    stage.made[f"{person} consent"] = consent["id"]
    return consent


async def accept(stage: Stage, person: str) -> Answer:
    """Have the intake accept a person's referral, naming who will meet them."""
    body = {"assigned_user_ids": [stage.parties["host"].user]}
    return await stage.parties["intake"].post(f"{REFERRALS}/{stage.made[person]}/accept", body)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


STEPS = (
    nothing_is_sent_without_consent,
    the_persons_consent_is_recorded,
    the_referral_is_sent,
    the_intake_is_told_that_something_is_new,
    before_acceptance_only_the_need_is_read,
    nobody_else_learns_that_it_exists,
    the_shelter_accepts_and_a_place_is_taken,
    a_second_person_finds_no_place,
    after_acceptance_the_worker_reads_what_consent_allows,
    the_sender_learns_that_it_is_accepted,
    the_service_is_started_and_completed,
    the_receiver_keeps_a_receipt_only,
)
