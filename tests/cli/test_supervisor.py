"""Real processes under a real supervisor: order, health, death, the end, and what a SIGKILL leaves."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
import pytest

from cli.local.supervisor import AskedToStopError, ComponentFailedError, Status, Supervisor
from cli.servers.process import NotReadyError, Process, ProcessDiedError
from tests.cli.processes import gone_within, program, stopped, web_server

ROOT = Path(__file__).resolve().parents[2]


def run_of(*components):
    """A supervisor, and the changes it told."""
    told = []
    return Supervisor(components, lambda each: told.append((each.name, each.status))), told


def living(*components) -> list[psutil.Process]:
    return [psutil.Process(each.process.pid) for each in components if each.process.pid and each.process.running]


def test_components_start_in_the_order_of_need_and_the_door_stops_first(tmp_path):
    store = web_server(tmp_path, "store", rank=2)
    service = web_server(tmp_path, "service", rank=1, after=("store",))
    door = web_server(tmp_path, "door", after=("service",))
    supervisor, told = run_of(store, service, door)
    supervisor.start()
    supervisor.stop()
    assert [name for name, status in told if status is Status.HEALTHY] == ["store", "service", "door"]
    assert told.index(("store", Status.HEALTHY)) < told.index(("service", Status.STARTING))
    assert stopped(tmp_path) == ["door", "service", "store"]
    assert living(store, service, door) == []


def test_those_who_need_nobody_start_together(tmp_path):
    left, right = web_server(tmp_path, "left"), web_server(tmp_path, "right")
    supervisor, told = run_of(left, right)
    supervisor.start()
    supervisor.stop()
    assert told[:2] == [("left", Status.STARTING), ("right", Status.STARTING)]


def test_a_component_that_dies_while_starting_tells_its_last_words(tmp_path):
    well = web_server(tmp_path, "well")
    ill = program(tmp_path, "ill", "print('the disk is on fire'); raise SystemExit(3)")
    supervisor, told = run_of(well, ill)
    with pytest.raises(ComponentFailedError, match=r"(?s)ill: ended with status 3.*the disk is on fire"):
        supervisor.start()
    supervisor.stop()
    assert ("ill", Status.FAILED) in told
    assert living(well, ill) == []


def test_a_component_that_dies_later_ends_the_watch(tmp_path):
    one, other = web_server(tmp_path, "one"), web_server(tmp_path, "other")
    supervisor, _ = run_of(one, other)
    supervisor.start()
    one.process.kill()
    with pytest.raises(ComponentFailedError, match=r"one: ended with signal SIGKILL\nlistening"):
        supervisor.watch()
    supervisor.stop()
    assert stopped(tmp_path) == ["other"]


def test_only_the_words_since_this_start_are_last_words(tmp_path):
    for word in ("first", "second"):
        process = Process("x", [sys.executable, "-c", f"print('{word}')"], tmp_path / "x.log")
        process.start()
        process.wait_for_end(10)
    assert process.tail() == "second"
    assert (tmp_path / "x.log").read_text() == "first\nsecond\n"


def test_one_that_works_once_may_end_and_lets_the_next_begin(tmp_path):
    fetch = program(tmp_path, "fetch", "print('done')", once=True)
    server = web_server(tmp_path, "server", after=("fetch",))
    supervisor, _ = run_of(fetch, server)
    supervisor.start()
    threading.Timer(0.3, supervisor.ask_to_stop).start()
    supervisor.watch()
    supervisor.stop()
    assert stopped(tmp_path) == ["server"]


def test_one_that_works_once_and_fails_stops_the_start(tmp_path):
    supervisor, _ = run_of(program(tmp_path, "fetch", "raise SystemExit('no network')", once=True))
    with pytest.raises(ComponentFailedError, match="no network"):
        supervisor.start()


def test_asking_to_stop_while_starting_leaves_nothing(tmp_path):
    never = program(tmp_path, "never", "import time; time.sleep(60)")
    server = web_server(tmp_path, "server")
    supervisor, _ = run_of(never, server)
    threading.Timer(0.5, supervisor.ask_to_stop).start()
    with pytest.raises(AskedToStopError):
        supervisor.start()
    supervisor.stop()
    assert living(never, server) == []


def test_one_that_does_not_end_when_asked_is_killed_with_its_children(tmp_path):
    code = "import os, signal, time; os.fork(); signal.signal(signal.SIGTERM, lambda *_: None); print(1, flush=True)"
    stubborn = Process("stubborn", [sys.executable, "-c", f"{code}\nwhile True: time.sleep(1)"], tmp_path / "log")
    stubborn.start()
    stubborn.wait_until(lambda: stubborn.tail().split() == ["1", "1"], 10)
    family = [psutil.Process(stubborn.pid), *psutil.Process(stubborn.pid).children()]
    began = time.monotonic()
    stubborn.stop(grace=0.3)
    assert time.monotonic() - began < 5
    assert gone_within(5, family) == []


def test_a_paused_process_is_woken_to_end(tmp_path):
    server = web_server(tmp_path, "server")
    supervisor, _ = run_of(server)
    supervisor.start()
    server.process.send(signal.SIGSTOP)
    supervisor.stop()
    assert stopped(tmp_path) == ["server"]


def test_a_server_that_never_answers_is_given_up_with_its_last_words(tmp_path):
    code = "import time; print('hm', flush=True); time.sleep(60)"
    process = Process("mute", [sys.executable, "-c", code], tmp_path / "log")
    process.start()
    with pytest.raises(NotReadyError, match=r"was not ready within 1 s\nhm"):
        process.wait_until(lambda: False, 1)
    process.stop()
    with pytest.raises(ProcessDiedError, match="SIGTERM"):
        process.wait_until(lambda: True, 1)


SUPERVISOR = """
import sys
from pathlib import Path
from cli.local.supervisor import Component, Supervisor
from cli.servers.mongod import DATABASES, Mongod
from cli.servers.nats import NatsServer
from cli.servers.process import free_port
from tests.cli.processes import web_server
directory = Path(sys.argv[1])
mongod = Mongod.in_directory(directory / "mongod", free_port())
nats = NatsServer.in_directory(directory / "nats", [], free_port(), free_port())
components = [
    Component("mongod", mongod.settle, mongod.process, stop_rank=3),
    Component("nats", nats.settle, nats.process, stop_rank=2),
    web_server(directory, "service", rank=1, after=("mongod", "nats")),
    web_server(directory, "door", after=("service",), slow=1),
]
supervisor = Supervisor(components, lambda component: None)
supervisor.start()
print(*(component.process.pid for component in components), flush=True)
supervisor.watch()
"""


@pytest.fixture
def killed_supervisor(tmp_path):
    """Four real components whose supervisor was killed a moment ago."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", textwrap.dedent(SUPERVISOR), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as supervisor:
        pids = [int(word) for word in supervisor.stdout.readline().split()]
        found = [psutil.Process(pid) for pid in pids]
        assert len(found) == 4
        supervisor.kill()
    yield found
    for process in gone_within(0, found):
        process.kill()


def test_a_killed_supervisor_leaves_no_orphan(killed_supervisor):
    assert gone_within(10, killed_supervisor) == []


def test_children_see_our_environment_only_where_it_is_harmless(tmp_path, monkeypatch):
    monkeypatch.setenv("KC_DB_PASSWORD", "stray")
    code = "import os; print(os.environ.get('KC_DB_PASSWORD'), os.environ['OWN'], 'PATH' in os.environ)"
    process = Process("x", [sys.executable, "-c", code], tmp_path / "log", {"OWN": "mine"})
    process.start()
    process.wait_for_end(10)
    assert process.tail() == "None mine True"
