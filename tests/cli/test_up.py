"""The whole system as `make up` runs it: started, examined, killed, stopped; nothing stays behind."""

import os
import re
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection

import pytest

from cli.local.ports import Ports
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
def other(tmp_path):
    """A second copy, which starts nothing."""
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
        for line in supervisor.stdout:
            if "mongod" in line and "healthy" in line:
                break
        started = list(other.processes().values())
        supervisor.send_signal(number)
        said = supervisor.stdout.read()
    assert supervisor.returncode == 130
    assert len(started) > 3
    assert gone_within(0, started) == []
    assert re.findall(r"(\w+) +stopped", said)[-2:] == ["nats", "mongod"]


def test_it_comes_up_healthy_and_shows_the_card(copy):
    answer = copy.call("up", "--detach")
    assert answer.returncode == 0, answer.stdout
    for name in ("keycloak", "mongod", "nats", "mailbox", "membership", "referral", "notifications", "gateway"):
        assert re.search(rf"{name} +healthy in \d+\.\d s on port {copy.ports[name]}", answer.stdout)
    assert re.search(r"Healthy in \d+\.\d s \(goal 60 s\); the slowest is \w+", answer.stdout)
    assert f"http://localhost:{copy.ports['gateway']}/docs" in answer.stdout


def test_the_door_answers(copy):
    connection = HTTPConnection("127.0.0.1", copy.ports["gateway"], timeout=10)
    connection.request("GET", "/openapi.json", headers={"Host": f"localhost:{copy.ports['gateway']}"})
    assert connection.getresponse().status == 200
    connection.close()


def test_the_doctor_finds_everything_well(copy):
    answer = copy.call("doctor")
    assert answer.returncode == 0, answer.stdout
    assert answer.stdout.count(": healthy (pid") == 8


def test_a_second_start_of_the_same_copy_shows_the_card_again(copy):
    answer = copy.call("up")
    assert answer.returncode == 0
    assert "It is up already" in answer.stdout


def test_what_tools_need_is_printed_for_a_shell(copy):
    script = f'eval "$({sys.executable} -m cli env)"; printf %s "$NATS_URL $REFERRAL_MONGODB_DATABASE"'
    said = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, env=copy.environment(), cwd=ROOT, check=True
    )
    assert said.stdout == f"nats://127.0.0.1:{copy.ports['nats']} referral"


def test_the_streams_are_as_the_code_states_them(copy):
    assert copy.call("bus", "apply").stdout == "Every stream is as the code states it.\n"


def test_nothing_secret_can_be_read_by_others(copy):
    assert copy.run.path.stat().st_mode & 0o077 == 0


def test_the_demo_keeps_to_the_rules_and_reads_well_in_a_log(copy):
    answer = copy.call("demo")
    assert answer.returncode == 0, answer.stdout
    assert [line[:6] for line in answer.stdout.splitlines() if line.endswith("───")] == [
        *("Who pl", "First:", "Second", "Third:", "What l", "Who sa")
    ]
    assert re.search(r"over \d\.\d\d s after the order, stream \d\.\d\d s", answer.stdout)
    assert answer.stdout.splitlines()[-1].startswith("Every step kept to the rules")
    assert "\x1b" not in answer.stdout


def test_nothing_is_left_of_a_killed_supervisor_after_10_seconds(copy):
    processes = copy.processes()
    assert len(processes) == 9
    processes["supervisor"].kill()
    assert gone_within(10, list(processes.values())) == []


def test_after_that_it_starts_again_and_the_death_of_a_component_stops_the_rest(copy):
    assert copy.call("up", "--detach").returncode == 0
    processes = copy.processes()
    processes["notifications"].kill()
    assert gone_within(60, list(processes.values())) == []
    said = copy.run.log("supervisor").read_text()
    assert "notifications ended with signal SIGKILL" in said
    assert "Its whole log:" in said
    answer = copy.call("doctor")
    assert answer.returncode == 1
    assert "notifications failed last time" in answer.stdout


def test_starting_over_asks_first_and_leaves_nothing(copy):
    assert copy.call("reset").returncode != 0
    assert copy.run.path.exists()
    assert copy.call("reset", "--yes").returncode == 0
    assert not copy.run.path.exists()
