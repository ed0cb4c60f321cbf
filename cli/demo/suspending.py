"""Third run: an organisation is suspended; what its people hold open ends within seconds."""

import time

import httpx2

from cli.demo.listening import listening
from cli.demo.party import Party
from cli.demo.stage import Stage, soon
from cli.sign_in import SignInRefused

ENDS_WITHIN_SECONDS = 5.0
BACK_WITHIN_SECONDS = 90.0
INBOX = "/notifications/inbox"


async def a_worker_has_a_session_and_a_stream_open(stage: Stage) -> None:
    """A caseworker of a member organisation works, with a session and a live stream open."""
    advocate = stage.parties["advocate"]
    stage.streams["advocate"] = await stage.exits.enter_async_context(listening(advocate.client))
    answer = await advocate.get(INBOX)
    stage.sees("advocate", "reads the inbox; the stream is open")
    stage.hold("the session and the stream are open", (answer.status, stage.streams["advocate"].ended), (200, None))


async def coordination_suspends_and_everything_open_ends(stage: Stage) -> None:
    """The coalition's coordination suspends the organisation."""
    advocate, listener = stage.parties["advocate"], stage.streams["advocate"]
    path = f"/membership/organizations/{advocate.organization}/suspension"
    stage.made["suspended"] = advocate.organization
    began = time.monotonic()
    suspended = await stage.do("coordination", path, {"reason": "safety-concern"})
    stage.sees("coordination", f"{advocate.me['organization']['alias']}: {suspended['state']}")

    async def refused() -> str:
        answer = await advocate.get(INBOX)
        return answer.words if answer.status != 200 else ""  # noqa: PLR2004 - OK

    told, _ = await soon("the session ends", refused)
    session = time.monotonic() - began

    async def over() -> float | None:
        return listener.ended

    ended, _ = await soon("the stream ends", over)
    stream = ended - began
    stage.sees("advocate", f"{told}; session over {session:.2f} s after the order, stream {stream:.2f} s after it")
    rule = f"the session and the stream end within {ENDS_WITHIN_SECONDS:.0f} s of the order"
    stage.hold(rule, max(session, stream) <= ENDS_WITHIN_SECONDS, True)


async def its_services_leave_the_directory(stage: Stage) -> None:
    """Its services can no longer be found."""
    organization = stage.made["suspended"]

    async def gone() -> bool:
        return not (await stage.read("worker", "/membership/services", organization=organization))["items"]

    _, seconds = await soon("its services leave the directory", gone)
    stage.sees("worker", f"finds none of its services, {seconds:.1f} s after")
    stage.teller.holds("a suspended organisation offers nothing")


async def others_work_on(stage: Stage) -> None:
    """Everyone else works on, and notices nothing."""
    for key in ("worker", "host", "police", "government", "youth", "nurse"):
        answer = await stage.parties[key].get(INBOX)
        stage.hold(f"{stage.parties[key].name} reads the inbox", answer.status, 200)
    stage.hold("the intake's stream is still open", stage.streams["intake"].ended, None)


async def the_board_lets_it_back_in(stage: Stage) -> None:
    """The board reinstates it: its worker signs in anew (a one-time code works once: this may wait for the next)."""
    organization = stage.made.pop("suspended")
    reinstated = await stage.do("board", f"/membership/organizations/{organization}/reinstatement")
    stage.hold("it is a member again", reinstated["state"], "admitted")

    async def back() -> Party | None:
        try:
            return await stage.exits.enter_async_context(stage.door.enter(stage.scenario["cast"]["advocate"]))
        except (SignInRefused, httpx2.HTTPStatusError):
            return None

    party, seconds = await soon("the worker signs in anew", back, BACK_WITHIN_SECONDS)
    old = await stage.parties["advocate"].get(INBOX)
    stage.sees("advocate", f"signed in anew after {seconds:.1f} s; the old session stays {old.words}")
    stage.hold("the new session works", (await party.get(INBOX)).status, 200)

    async def found() -> bool:
        return bool((await stage.read("worker", "/membership/services", organization=organization))["items"])

    await soon("its services are found again", found)
    stage.teller.holds("its services are found again")


STEPS = (
    a_worker_has_a_session_and_a_stream_open,
    coordination_suspends_and_everything_open_ends,
    its_services_leave_the_directory,
    others_work_on,
    the_board_lets_it_back_in,
)
