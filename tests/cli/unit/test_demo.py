"""The demo's own judgement: what it holds to the rules, and how it says that a step differs from them."""

import io
import json
import tomllib
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import httpx2
import pytest
from rich.console import Console
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from cli import demo_people
from cli.demo import play
from cli.demo.leaving import no_log_holds_a_word_of_the_persons
from cli.demo.letters import nothing_but_something_new_was_mailed, only_something_new_is_mailed_to
from cli.demo.listening import Listener, listening
from cli.demo.party import Door, Party
from cli.demo.stage import RuleBroken, Stage, forbidden_words, soon
from cli.demo.telling import LOG_WIDTH, Teller, in_words
from cli.mailbox.letters import Letters
from cli.mailbox.web import create
from services.referral.domain.taxonomy import DataClass, Need

SCENARIO = tomllib.loads(play.SCENARIO.read_text(encoding="utf-8"))
STATED = json.loads(demo_people.DEMO.read_text(encoding="utf-8"))
STEPS = [step for run in play.RUNS for step in run.steps]


def client_of(app: Starlette) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost")


def party(client: httpx2.AsyncClient) -> Party:
    me = {"user": "u", "organization": {"id": "o", "alias": "halte-du-sorbier"}}
    return Party("Ada", "caseworker", "ada@halte.example", client, me, 0.1)


async def ended(listener: Listener) -> float | None:
    return listener.ended


@pytest.fixture
def letters(tmp_path):
    return Letters(tmp_path / "mail")


@pytest.fixture
def said():
    return io.StringIO()


@pytest.fixture
async def stage(letters, said, tmp_path):
    async with AsyncExitStack() as exits, client_of(create(letters)) as mailbox:
        teller = Teller(Console(file=said, width=LOG_WIDTH, highlight=False))
        found = Stage(SCENARIO, teller, mailbox, None, tmp_path, exits)
        found.parties["intake"] = party(mailbox)
        yield found


def mail(letters: Letters, subject: str, text: str, at: datetime | None = None) -> None:
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "ne-pas-repondre@coalition.example"
    message.set_content(text)
    letters.add(message.as_bytes(), ["ada@halte.example"], at or datetime.now(UTC))


async def test_a_step_that_differs_from_the_rules_is_told_by_its_name(stage, said):
    async def the_police_find_nothing(stage: Stage) -> None:
        """The police look."""
        stage.hold("not found", (200, ""), (404, "referral.not-found"))

    assert not await play._kept(stage, the_police_find_nothing)
    assert "✗ the_police_find_nothing: not found" in said.getvalue()
    assert "expected: (404, 'referral.not-found')" in said.getvalue()
    assert "found:    (200, '')" in said.getvalue()


@pytest.mark.parametrize("fault", [KeyError("need"), httpx2.ConnectError("refused"), ValueError("no JSON")])
async def test_an_answer_that_is_none_breaks_the_step_too(stage, said, fault):
    async def it_is_read(stage: Stage) -> None:
        """Someone reads."""
        raise fault

    assert not await play._kept(stage, it_is_read)
    assert "✗ it_is_read" in said.getvalue()


async def test_a_refusal_where_none_is_due_breaks_the_step_with_its_code(stage):
    app = Starlette(routes=[Route("/api/v1/x", lambda _: JSONResponse({"code": "auth.access-ended"}, 401))])
    async with client_of(app) as client:
        stage.parties["worker"] = party(client)
        with pytest.raises(RuleBroken) as broken:
            await stage.read("worker", "/x")
    assert broken.value.found[:2] == (401, "auth.access-ended")


async def test_what_never_comes_breaks_the_step():
    async def look() -> None:
        return None

    with pytest.raises(RuleBroken, match="a notice comes"):
        await soon("a notice comes", look, within=0.01)


async def test_a_party_changes_what_it_read_as_it_read_it():
    async def answer(request):
        return JSONResponse({"id": "r1", "sent": request.headers.get("if-match")}, headers={"ETag": '"7"'})

    app = Starlette(routes=[Route("/api/v1/{path:path}", answer, methods=["GET", "POST"])])
    async with client_of(app) as client:
        worker = party(client)
        assert (await worker.get("/referrals/r1")).body["sent"] is None
        assert (await worker.post("/referrals/r1/accept")).body["sent"] == '"7"'
        assert (await worker.post("/referrals/r2/accept")).body["sent"] is None


async def test_the_live_stream_is_read_event_by_event_until_it_ends():
    stream = 'event: ready\ndata: {"unread": 0}\n\nevent: entry\nid: 1\ndata: {"kind": "referral-requested"}\n\n'
    app = Starlette(routes=[Route("/api/v1/notifications/stream", lambda _: PlainTextResponse(stream))])
    async with client_of(app) as client, listening(client) as listener:
        await soon("the stream ends", lambda: ended(listener))
        assert listener.kinds() == ["referral-requested"]
        assert listener.ended is not None


async def test_an_e_mail_that_says_only_something_new_is_accepted(stage, letters):
    mail(letters, "Du nouveau vous attend", "Bonjour. Connectez-vous.")
    await only_something_new_is_mailed_to(stage, "intake", stage.began)


@pytest.mark.parametrize("word", ["Lina", "shelter-tonight", "halte-du-sorbier", "Chambre d’une nuit", "6f9c2a34"])
async def test_an_e_mail_that_says_more_is_found(stage, letters, word):
    stage.made["first"] = "6f9c2a34"
    mail(letters, "Du nouveau vous attend", f"Bonjour. {word}")
    with pytest.raises(RuleBroken, match="no name, need, organisation or record number"):
        await nothing_but_something_new_was_mailed(stage)


async def test_an_e_mail_with_another_subject_is_found(stage, letters):
    mail(letters, "Orientation urgente", "Bonjour.")
    with pytest.raises(RuleBroken, match="the subject"):
        await nothing_but_something_new_was_mailed(stage)


async def test_mail_of_before_the_play_does_not_count(stage, letters):
    mail(letters, "Orientation urgente", "Lina", datetime.now(UTC) - timedelta(hours=1))
    await nothing_but_something_new_was_mailed(stage)


async def test_a_word_of_a_person_in_a_log_is_found(stage, tmp_path):
    (tmp_path / "referral.log").write_text("all is well")
    await no_log_holds_a_word_of_the_persons(stage)
    for line in ("failed: Quisbert-Apaza", "failed: Une veste pour l’enfant.", json.dumps("Une veste pour l’enfant.")):
        (tmp_path / "referral.log").write_text(line)
        with pytest.raises(RuleBroken):
            await no_log_holds_a_word_of_the_persons(stage)


def test_every_step_is_a_sentence_and_told_in_one():
    assert len({step.__name__ for step in STEPS}) == len(STEPS)
    assert all(step.__doc__.splitlines()[0].endswith(".") for step in STEPS)
    assert all("_" in step.__name__ for step in STEPS)


def test_everyone_who_plays_is_one_of_the_demos_people_there():
    places = {place["alias"]: place for place in STATED["organizations"]} | {"coalition": STATED["coalition"]}
    for role in SCENARIO["cast"].values():
        people = [person["address"].split("@")[0] for person in places[role["organization"]]["people"]]
        assert role["login"] in people
    sectors = {places[role["organization"]].get("sector", "coalition") for role in SCENARIO["cast"].values()}
    assert len(sectors) == 7


def test_the_scenario_speaks_in_the_codes_of_the_services():
    assert set(SCENARIO["consent"]["classes"]) < {str(name) for name in DataClass}
    assert set(SCENARIO["query"]["needs"]) <= {str(need) for need in Need}
    for person in SCENARIO["persons"].values():
        assert {name.replace("_", "-") for name in person} <= {str(name) for name in DataClass}


def test_forbidden_words_are_the_persons_own_and_never_codes():
    words = forbidden_words(SCENARIO)
    assert {"Lina", "Quisbert-Apaza", "tisane", "+15145550142"} <= set(words)
    assert not {"adult", "high", "spa", "06", "phone"} & set(words)


async def test_a_play_whose_first_step_fails_ends_with_status_1_and_says_where(said, tmp_path):
    """Nobody listens at the gateway: a demo that could not be played is no demo that held."""
    logins = [
        demo_people.Login(f"{role['login']}@halte.example", "Ada", role["organization"], "community", (), "u", "p", "A")
        for role in SCENARIO["cast"].values()
    ]
    door = Door("http://127.0.0.1:1", demo_people.Demo(tuple(logins)))
    teller = Teller(Console(file=said, width=LOG_WIDTH, highlight=False))
    assert await play.play(door, "http://127.0.0.1:1", tmp_path, teller) == 1
    assert "✗ everyone_signs_in: the system answers" in said.getvalue()
    assert "Every step kept to the rules" not in said.getvalue()


async def test_a_play_without_its_people_ends_with_status_1_too(said, tmp_path):
    teller = Teller(Console(file=said, width=LOG_WIDTH, highlight=False))
    door = Door("http://127.0.0.1:1", demo_people.Demo())
    assert await play.play(door, "http://127.0.0.1:1", tmp_path, teller) == 1
    assert "NoSuchLogin" in said.getvalue()


@pytest.mark.parametrize(
    ("read", "words"),
    [
        ({"needs": ["a", "b"], "party_size": 1, "note": None, "children": []}, "needs: a b, party size: 1"),
        ({}, "nothing"),
        (None, "nothing"),
        (["met"], "met"),
        ({"shelter-tonight": "met"}, "shelter-tonight: met"),
        ({"adults": 0}, "adults: 0"),
    ],
)
def test_what_a_party_reads_is_told_in_words_and_never_as_code(read, words):
    assert in_words(read) == words


def test_a_log_reads_as_a_terminal_does_without_colours(said):
    teller = Teller(Console(file=said, width=LOG_WIDTH, highlight=False))
    teller.run("First")
    teller.step("She looks.")
    teller.sees("Ada", "[a bed]")
    teller.holds("not found")
    teller.table("Who saw", ("when",), [("[03:10]",)])
    assert "1. She looks." in said.getvalue()
    assert "Ada  [a bed]" in said.getvalue()
    assert "[03:10]" in said.getvalue()
    assert "\x1b" not in said.getvalue()
    assert teller.held == 1
