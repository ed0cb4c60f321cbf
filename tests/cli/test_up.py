"""The whole system as `make up` runs it: started, examined, killed, stopped; nothing stays behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection

import pytest

from cli import demo_people
from cli.local.ports import OFFSETS, Ports
from cli.local.state import RunDirectory
from cli.servers import keycloak
from tests.cli.copies import ROOT, Copy, free_base
from tests.cli.processes import gone_within

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    keycloak.install(keycloak.cache_directory())
    found = Copy(RunDirectory(tmp_path_factory.mktemp("copy") / "run"), Ports(free_base()))
    yield found
    found.call("down")


@pytest.fixture
def running(copy):
    """The copy, up: started here when the test before it has ended it."""
    state = copy.run.state()
    if not (state and state.up and state.alive()):
        answer = copy.call("up", "--detach")
        assert answer.returncode == 0, answer.stdout
    return copy


@pytest.fixture
def other(tmp_path):
    """A second copy, which starts nothing by itself."""
    return Copy(RunDirectory(tmp_path / "run"), Ports(free_base()))


def test_a_busy_port_stops_the_start_and_names_its_holder(other):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", other.ports["nats"]))
        taken.listen()
        answer = other.call("up")
    assert answer.returncode == 1
    assert f"Port {other.ports['nats']} (nats) is held by" in answer.stdout
    assert f"(pid {os.getpid()}" in answer.stdout
    assert f"make up PORT_BASE={other.ports.base + 1000}" in answer.stdout
    assert not (other.run.path / "data").exists()


def test_a_base_that_is_no_port_is_refused(other):
    answer = other.call("up", PORT_BASE="80")
    assert answer.returncode == 2
    assert "PORT_BASE=80: give a number from" in answer.stdout


def test_somebody_elses_keycloak_needs_its_administrator(other):
    answer = other.call("up", KEYCLOAK_URL="http://localhost:1")
    assert answer.returncode == 1
    assert "KEYCLOAK_ADMIN_CLIENT" in answer.stdout


def test_logs_are_followed_through_a_log_set_aside_and_a_component_that_starts_later(other):
    log = other.run.log("nats")
    log.parent.mkdir(parents=True)
    log.write_text("1\n2\n")
    with other.begin("logs", "--lines", "1") as following:
        assert following.stdout.readline() == "nats │ 2\n"
        append(log, "3\nhal")
        assert following.stdout.readline() == "nats │ 3\n"
        append(log, "f\n")
        assert following.stdout.readline() == "nats │ half\n"
        log.rename(log.with_suffix(".log.1"))
        append(log, "a whole new log, longer than the old one\n")
        assert following.stdout.readline() == "nats │ a whole new log, longer than the old one\n"
        append(other.run.log("gateway"), "I am here\n")
        assert following.stdout.readline() == "gateway │ I am here\n"
        following.send_signal(signal.SIGINT)
    assert following.returncode == 0


def append(path, text):
    with path.open("a") as log:
        log.write(text)


def test_stopping_what_does_not_run_is_no_error(other):
    assert other.call("down").stdout == "Nothing runs.\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_start_that_is_interrupted_stops_what_it_started(other, number):
    with other.begin("up") as supervisor:
        read_until_mongod_is_healthy(supervisor)
        started = list(other.processes().values())
        supervisor.send_signal(number)
        said = supervisor.stdout.read()
    assert supervisor.returncode == 130
    assert len(started) > 3
    assert gone_within(0, started) == []
    assert re.findall(r"(\w+) +stopped", said)[-2:] == ["nats", "mongod"]


def read_until_mongod_is_healthy(supervisor):
    for line in supervisor.stdout:
        if "mongod" in line and "healthy" in line:
            break


SECTORS = (
    *("community", "health-social", "victim-services", "youth-protection", "law-enforcement", "government"),
    "coalition",
)


def test_it_comes_up_healthy_and_shows_the_card(copy):
    answer = copy.call("up", "--detach")
    assert answer.returncode == 0, answer.stdout
    for name in ("keycloak", "mongod", "nats", "mailbox", "membership", "referral", "notifications", "gateway"):
        assert re.search(rf"{name} +healthy in \d+\.\d s on port {copy.ports[name]}", answer.stdout)
    assert re.search(r"Healthy in \d+\.\d s \(goal 60 s\); the slowest is \w+", answer.stdout)
    assert f"http://localhost:{copy.ports['gateway']}/docs" in answer.stdout


def test_the_card_has_one_login_a_sector_with_its_password_and_second_factor(running):
    card = running.call("up").stdout
    assert "It is up already" in card
    logins = demo_people.read(running.run.path / "demo-people.json").card()
    assert tuple(login.sector for login in logins) == SECTORS
    for login in logins:
        assert f"{login.sector.ljust(17)}{login.name}, {login.organization}\n" in card
        assert f"  {login.username}  {login.password}\n  {login.uri}\n" in card
    assert card.rstrip().endswith("Try: make demo")


def test_the_card_is_of_the_running_copy_whatever_base_is_asked_for(running):
    assert f"http://localhost:{running.ports['gateway']}/docs" in running.call("up", PORT_BASE="9000").stdout


def test_the_code_of_the_moment_is_printed_for_a_demo_person(running):
    login, *_ = demo_people.read(running.run.path / "demo-people.json").logins
    moments = [time.time()]
    answer = running.call("otp", login.username.split("@")[0])
    moments.append(time.time())
    assert answer.stdout.strip() in {login.code(moment) for moment in moments}
    stranger = running.call("otp", "nobody")
    assert stranger.returncode == 2
    assert "nobody" in stranger.stdout


def test_the_door_answers(running):
    connection = HTTPConnection("127.0.0.1", running.ports["gateway"], timeout=10)
    connection.request("GET", "/openapi.json", headers={"Host": f"localhost:{running.ports['gateway']}"})
    assert connection.getresponse().status == 200
    connection.close()


def test_the_doctor_finds_everything_well(running):
    answer = running.call("doctor")
    assert answer.returncode == 0, answer.stdout
    assert answer.stdout.count(": healthy (pid") == 8


def test_what_tools_need_is_printed_for_a_shell(running):
    script = f'eval "$({sys.executable} -m cli env)"; printf %s "$NATS_URL $REFERRAL_MONGODB_DATABASE"'
    said = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, env=running.environment(), cwd=ROOT, check=True
    )
    assert said.stdout == f"nats://127.0.0.1:{running.ports['nats']} referral"


def test_the_streams_are_as_the_code_states_them(running):
    assert running.call("bus", "apply").stdout == "Every stream is as the code states it.\n"


def test_nothing_secret_can_be_read_by_others(running):
    assert running.run.path.stat().st_mode & 0o077 == 0


def test_a_second_copy_starts_and_ends_beside_the_first_which_notices_nothing(running, other):
    first = running.processes()
    with other.begin("up") as second:
        read_until_mongod_is_healthy(second)
        assert set(other.listening()) >= {"mongod", "nats", "mailbox"}
        second.send_signal(signal.SIGINT)
        second.communicate()
    assert other.listening() == []
    assert running.processes() == first
    assert set(running.listening()) == {*OFFSETS}


def test_a_second_copy_on_the_ports_of_the_first_is_refused_by_the_names_of_its_processes(running, other):
    answer = other.call("up", PORT_BASE=str(running.ports.base))
    assert answer.returncode == 1
    for name in ("gateway", "mongod", "nats", "keycloak"):
        said = f"Port {running.ports[name]} ({name}) is held by"
        assert re.search(rf"{re.escape(said)} .*\(pid {running.processes()[name].pid},", answer.stdout)


def test_the_demo_keeps_to_the_rules_and_reads_well_in_a_log(running):
    answer = running.call("demo")
    assert answer.returncode == 0, answer.stdout
    assert [line[:6] for line in answer.stdout.splitlines() if line.endswith("───")] == [
        *("Who pl", "First:", "Second", "Third:", "What l", "Who sa")
    ]
    assert re.search(r"over \d\.\d\d s after the order, stream \d\.\d\d s", answer.stdout)
    assert answer.stdout.splitlines()[-1].startswith("Every step kept to the rules")
    assert not re.search(r"\x1b|None|\{|\[", answer.stdout.split("Who plays")[1])


def test_a_demo_in_which_a_step_differs_from_the_rules_ends_with_status_1(running):
    people = running.run.path / "demo-people.json"
    kept = people.read_text()
    stated = json.loads(kept)
    for login in stated["logins"]:
        login["password"] = "forgotten"
    people.write_text(json.dumps(stated))
    answer = running.call("demo")
    people.write_text(kept)
    assert answer.returncode == 1
    assert "✗ everyone_signs_in: the system answers" in answer.stdout
    assert "Every step kept" not in answer.stdout


def test_nothing_is_left_of_a_killed_supervisor_after_10_seconds(running):
    processes = running.processes()
    assert len(processes) == 9
    processes["supervisor"].kill()
    assert gone_within(10, list(processes.values())) == []


def test_down_stops_everything_and_frees_every_port(running):
    processes = running.processes()
    assert len(processes) == 9
    answer = running.call("down")
    assert (answer.returncode, answer.stdout.splitlines()[-1]) == (0, "Stopped.")
    assert gone_within(0, list(processes.values())) == []
    assert running.listening() == []


def test_starting_over_asks_first_and_leaves_nothing(copy):
    copy.run.make()
    assert copy.call("reset").returncode != 0
    assert copy.run.path.exists()
    assert copy.call("reset", "--yes").returncode == 0
    assert not copy.run.path.exists()
