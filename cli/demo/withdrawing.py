"""Second run: consent ends after acceptance; the data go dark at once and the service goes on."""

from cli.demo.referring import NOT_FOUND, REFERRALS, accept
from cli.demo.stage import Stage, soon
from cli.demo.telling import in_words

DARK_WITHIN_SECONDS = 5.0


async def the_place_is_free_again_and_the_second_person_is_accepted(stage: Stage) -> None:
    """The first person's end freed the place: the second is accepted."""
    accepted = stage.succeeded("it is accepted", await accept(stage, "second"))
    stage.sees("intake", accepted["state"])
    stage.hold("the place is taken by the second person", accepted["state"], "accepted")


async def the_worker_reads_what_was_consented_to(stage: Stage) -> None:
    """The shelter's worker reads the person's record."""
    path = f"{REFERRALS}/{stage.made['second']}"
    seen = await stage.read("host", path)
    name = stage.scenario["persons"]["second"]["identity"]["preferred_name"]
    stage.sees("host", f"sharing is {seen['sharing']}: {', '.join(seen['disclosed']).replace('_', ' ')}")
    stage.hold("she reads the person's name", seen["disclosed"]["identity"]["preferred_name"], name)


async def consent_is_withdrawn_and_the_data_go_dark(stage: Stage) -> None:
    """The person withdraws the consent; her caseworker records it."""
    consent = f"/referral/consents/{stage.made['second consent']}/withdraw"
    ended = await stage.do("worker", consent)
    stage.sees("worker", f"consent {ended['state']}")
    path = f"{REFERRALS}/{stage.made['second']}"

    async def dark() -> bool:
        seen = await stage.read("host", path)
        return seen["disclosed"] == {} and seen["need"] is None

    _, seconds = await soon("the data go dark", dark, DARK_WITHIN_SECONDS)
    stage.sees("host", f"reads nothing any more, {seconds:.2f} s after")
    stage.teller.holds(f"the shelter reads neither the person nor the need within {DARK_WITHIN_SECONDS:.0f} s")


async def the_shelter_learns_that_sharing_ended_and_never_why(stage: Stage) -> None:
    """The shelter's worker is told that sharing ended, never why; the state stays."""
    link = f"/referrals/{stage.made['second']}"

    async def come() -> list[str]:
        inbox = await stage.read("host", "/notifications/inbox")
        kinds = [each["kind"] for each in inbox["items"] if each["link"] == link]
        return kinds if "referral-sharing-ended" in kinds else []

    kinds, seconds = await soon("the worker is told", come)
    stage.sees("host", f"inbox within {seconds:.1f} s: {in_words(kinds)}")
    stage.hold("she is told that sharing ended", kinds.count("referral-sharing-ended"), 1)
    seen = await stage.read("host", f"{REFERRALS}/{stage.made['second']}")
    stage.hold("the referral stays accepted", (seen["state"], seen["sharing"]), ("accepted", "ended"))
    reasons = {each["reason"] for each in seen["withheld"]}
    stage.hold("every class is withheld with one and the same reason", reasons, {"sharing-ended"})


async def recording_the_withdrawal_again_changes_nothing(stage: Stage) -> None:
    """The shelter's worker hears it from the person too, and records it again."""
    path = f"{REFERRALS}/{stage.made['second']}/consent-withdrawal"
    seen = await stage.do("host", path)
    stage.sees("host", f"{seen['state']}, sharing {seen['sharing']}")
    stage.hold("nothing changes", (seen["state"], seen["sharing"]), ("accepted", "ended"))


async def the_service_goes_on_in_the_dark(stage: Stage) -> None:
    """The person keeps her bed: the service is started and completed without any of her data."""
    path = f"{REFERRALS}/{stage.made['second']}"
    started = await stage.do("host", f"{path}/start")
    stage.hold("it is in progress", started["state"], "in-progress")
    outcomes = dict.fromkeys(stage.scenario["query"]["needs"], "met")
    ended = await stage.do("host", f"{path}/complete", {"outcomes": outcomes})
    stage.sees("host", ended["state"])
    stage.hold("it is completed", ended["state"], "completed")


async def the_sender_learns_nothing_after_the_withdrawal(stage: Stage) -> None:
    """The sender learns nothing more: letting it know was consent too."""
    seen = await stage.read("worker", f"{REFERRALS}/{stage.made['second']}")
    stage.sees("worker", f"{seen['state']}, sharing {seen['sharing']}, outcome {in_words(seen['outcomes'])}")
    stage.hold("the last word she could read stays", seen["state"], "accepted")
    stage.hold("no outcome is told", seen["outcomes"], None)
    refused = await stage.parties["police"].get(f"{REFERRALS}/{stage.made['second']}")
    stage.sees("police", refused.words)
    stage.hold("to the police it still does not exist", refused.refusal, NOT_FOUND)


STEPS = (
    the_place_is_free_again_and_the_second_person_is_accepted,
    the_worker_reads_what_was_consented_to,
    consent_is_withdrawn_and_the_data_go_dark,
    the_shelter_learns_that_sharing_ended_and_never_why,
    recording_the_withdrawal_again_changes_nothing,
    the_service_goes_on_in_the_dark,
    the_sender_learns_nothing_after_the_withdrawal,
)
