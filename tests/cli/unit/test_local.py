"""What `make up` reads and prints, without starting anything."""

import io
import json
import socket
import time
from dataclasses import asdict

import pytest
from rich.console import Console

from cli import demo_people
from cli.local import card, checks, logs, ports
from cli.local.board import Board, words
from cli.local.plan import BadDemoError, Plan
from cli.local.ports import BadPortBaseError, Ports
from cli.local.state import AlreadyUpError, RunDirectory, Running, State, Told
from cli.local.supervisor import Component, Status


def plan(tmp_path, **environment: str) -> Plan:
    return Plan.read(environment, RunDirectory(tmp_path))


def printed(width: int = 80) -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, width=width, highlight=False), text


@pytest.mark.parametrize("text", ["x", "80", "-1", "65535", "8000.5", "¹²³⁴"])
def test_a_bad_port_base_is_refused_with_what_to_write(text):
    with pytest.raises(BadPortBaseError, match=rf"PORT_BASE={text}: give a number from 1024 to 65519"):
        Ports.parse(text)


def test_every_port_moves_with_the_base_and_no_two_meet():
    one, other = Ports(8000), Ports(9000)
    assert {other[name] - one[name] for name in ports.OFFSETS} == {1000}
    assert len({one[name] for name in ports.OFFSETS}) == len(ports.OFFSETS)


def test_a_busy_port_is_named_with_the_process_that_holds_it():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        there = Ports(taken.getsockname()[1] - ports.OFFSETS["nats"])
        found = {each.name: each for each in ports.busy(there, ["nats"])}
    assert "python" in found["nats"].holder or "pytest" in found["nats"].holder
    assert "(pid " in found["nats"].holder


def test_a_free_port_is_not_busy():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        there = Ports(probe.getsockname()[1])
    assert ports.busy(there, ["gateway"]) == []


def test_a_server_elsewhere_needs_no_port_of_ours(tmp_path):
    found = plan(tmp_path, NATS_URL="nats://bus.example:4222", KEYCLOAK_URL="https://id.example/")
    assert found.nats_url == "nats://bus.example:4222"
    assert found.keycloak_url == "https://id.example"
    assert not {"nats", "nats-monitoring", "keycloak", "keycloak-management"} & set(found.port_names)
    assert {"mongod", "gateway"} <= set(found.port_names)


def test_our_own_server_in_the_environment_is_not_somebody_elses(tmp_path):
    RunDirectory(tmp_path).write_environment({"NATS_URL": "nats://127.0.0.1:9013"})
    assert plan(tmp_path, NATS_URL="nats://127.0.0.1:9013").elsewhere == {}


@pytest.mark.parametrize(
    ("kept", "given", "asked", "demo"),
    [
        (None, "", None, True),
        (None, "0", None, False),
        (None, "0", True, True),
        (False, "", None, False),
        (False, "1", None, True),
        (True, "", None, True),
        (True, "", False, False),
    ],
)
def test_a_copy_stays_what_its_first_start_made_it_unless_somebody_asks_otherwise(tmp_path, kept, given, asked, demo):
    run = RunDirectory(tmp_path)
    if kept is not None:
        run.settle_kind(demo=kept)
    assert Plan.read({"DEMO": given}, run, demo=asked).demo is demo


@pytest.mark.parametrize("asked", [True, False])
def test_a_copy_of_one_kind_is_not_started_as_the_other(tmp_path, asked):
    run = RunDirectory(tmp_path)
    run.settle_kind(demo=not asked)
    found = [each.what for each in checks.complaints(Plan.read({}, run, demo=asked))]
    assert checks.KINDS_MET[asked] in found


def test_a_wish_that_is_neither_yes_nor_no_is_refused(tmp_path):
    with pytest.raises(BadDemoError, match=r"DEMO=perhaps: give 1 .* 0 for a real start"):
        plan(tmp_path, DEMO="perhaps")


def test_the_card_of_a_real_start_tells_how_the_board_is_invited(tmp_path):
    console, text = printed()
    card.show(plan(tmp_path, DEMO="0"), console)
    assert "./coalition init ADDRESS ADDRESS --business-number NUMBER" in text.getvalue()
    assert "make demo" not in text.getvalue()


def test_the_environment_comes_back_whatever_it_holds(tmp_path):
    run, kept = RunDirectory(tmp_path), {"A": "it's", "B": '{"x": "y z"}', "C": "a=b\nc", "D": ""}
    run.write_environment(kept)
    assert run.environment() == kept


def test_the_state_comes_back_and_knows_a_dead_supervisor_from_a_living_one(tmp_path):
    run, me = RunDirectory(tmp_path), Running.of_this_process()
    told = {"nats": Told("healthy", 1, me, 1.5), "mongod": Told("waiting")}
    run.tell(State(me, 8000, up=True, seconds=2.0, components=told))
    state = run.state()
    assert state.alive()
    assert list(state.left_behind()) == ["nats"]
    run.tell(State(Running(me.pid, me.born - 1), 8000))
    assert not run.state().alive()


def test_one_copy_has_one_supervisor(tmp_path):
    with RunDirectory(tmp_path).hold(), pytest.raises(AlreadyUpError):
        RunDirectory(tmp_path).hold()
    RunDirectory(tmp_path).hold().close()


def component(status: Status, **known) -> Component:
    found = Component("keycloak", lambda: None, after=("mongod", "nats"), **known)
    found.status, found.began, found.seconds = status, time.monotonic() - 3, 12.34
    return found


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (Status.WAITING, "waiting for mongod, nats"),
        (Status.STARTING, "starting 3 s"),
        (Status.HEALTHY, "healthy in 12.3 s on port 8010"),
        (Status.FAILED, "failed"),
        (Status.STOPPED, "stopped"),
    ],
)
def test_a_component_says_how_it_is(status, said):
    assert words(component(status, port=8010)) == said


def test_one_that_has_only_begun_counts_no_seconds_yet():
    found = component(Status.STARTING)
    found.began = time.monotonic()
    assert words(found) == "starting"


def test_in_a_log_each_change_is_one_whole_line_however_narrow_it_is():
    console, text = printed(width=20)
    found = component(Status.HEALTHY, port=8010)
    Board(console, [found]).changed(found)
    assert text.getvalue() == "✓ keycloak  healthy in 12.3 s on port 8010\n"


def test_without_unicode_the_lines_are_plain():
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding="ascii"), highlight=False)
    found = component(Status.STARTING)
    Board(console, [found]).changed(found)
    console.file.flush()
    assert raw.getvalue() == b"- keycloak  starting 3 s\n"


def test_the_card_breaks_nothing_that_is_copied(tmp_path):
    who = ("a@b.example", "A B", "b", "community", ("caseworker",), "u", "secret", "A" * 32)
    login = demo_people.Login(*who)
    plan(tmp_path).people.write_text(json.dumps({"logins": [asdict(login)], "apps": []}))
    console, text = printed(width=30)
    card.show(plan(tmp_path, PORT_BASE="9000"), console)
    lines = text.getvalue().splitlines()
    assert "API              http://localhost:9000/api/v1" in lines
    assert "Mail             http://localhost:9016" in lines
    assert "  a@b.example  secret" in lines
    assert f"  {login.uri}" in lines


def test_logs_show_the_last_lines_with_the_name_they_come_from(tmp_path):
    run = RunDirectory(tmp_path)
    run.logs.mkdir()
    run.log("nats").write_text("1\n2\n3\n")
    run.log("gateway").write_text("a\n")
    console, text = printed()
    logs.show(run, None, console, 2, follow=False)
    assert text.getvalue() == "gateway │ a\nnats    │ 2\nnats    │ 3\n"


def test_a_log_that_does_not_exist_is_refused_with_those_that_do(tmp_path):
    run = RunDirectory(tmp_path)
    run.logs.mkdir()
    run.log("nats").touch()
    with pytest.raises(logs.NoSuchLogError, match="no log x: there is nats"):
        logs.chosen(run, "x")
