"""What stands in the way on machines we do not have: each complaint says what, and what to do."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cli.local import checks
from cli.local.checks import GIBIBYTE, Machine, complaints
from cli.local.plan import Plan
from cli.local.state import RunDirectory

WELL = "echo db version v6.0.5"
LOADER = "echo '{0}: error while loading shared libraries: {1}: cannot open shared object file' >&2; exit 127"


@pytest.fixture
def machine(tmp_path):
    """A machine on which nothing is wrong; its mongod is a script."""
    return Machine("Linux x86_64", 8 * GIBIBYTE, lambda _: 50 * GIBIBYTE, a_mongod(tmp_path, WELL))


def a_mongod(directory: Path, script: str) -> Path:
    found = directory / "mongod"
    found.write_text(f"#!/bin/sh\n{script}\n")
    found.chmod(0o755)
    return found


def said(tmp_path, machine, **environment):
    plan = Plan.read({"PORT_BASE": "31000", **environment}, RunDirectory(tmp_path / "run"))
    return [(each.what, each.remedy) for each in complaints(plan, machine)]


def test_a_machine_that_has_everything_hears_no_complaint(tmp_path, machine):
    assert said(tmp_path, machine) == []


@pytest.mark.parametrize(
    ("script", "what", "remedy"),
    [
        (LOADER.format("mongod", "libcurl.so.4"), "mongod needs libcurl4.", "sudo apt-get install --yes"),
        (LOADER.format("mongod", "libssl.so.3"), "mongod needs libssl3.", "libssl3"),
        (LOADER.format("mongod", "libnew.so.9"), "mongod needs libnew.so.9.", "libnew.so.9"),
        ("kill -ILL $$", "This processor lacks AVX instructions", "set MONGODB_URL"),
        (
            "echo 'FATAL: kernel too old' >&2; exit 1",
            "mongod does not run here: FATAL: kernel too old",
            "set MONGODB_URL",
        ),
        ("exit 1", "mongod does not run here: it says nothing", "set MONGODB_URL"),
    ],
    ids=["no libcurl", "no libssl", "an unknown library", "no AVX", "an old kernel", "no word"],
)
def test_a_mongod_that_cannot_run_is_told_with_what_to_do(tmp_path, machine, script, what, remedy):
    a_mongod(tmp_path, script)
    [(told, advice)] = said(tmp_path, machine)
    assert told.startswith(what)
    assert remedy in advice


def test_where_there_is_no_mongod_at_all_the_machine_is_named_and_servers_elsewhere_are_offered(tmp_path, machine):
    [(told, advice)] = said(tmp_path, replace(machine, kind="Darwin arm64", mongod=None))
    assert told == "There is no mongod for Darwin arm64."
    assert all(name in advice for name in ("MONGODB_URL", "NATS_URL", "KEYCLOAK_URL"))


def test_with_a_mongod_elsewhere_none_of_ours_is_looked_at(tmp_path, machine):
    assert said(tmp_path, replace(machine, mongod=None), MONGODB_URL="mongodb://db.example") == []
    plan = Plan.read({"MONGODB_URL": "mongodb://db.example"}, RunDirectory(tmp_path / "run"))
    assert checks.missing_packages(plan) == []


@pytest.mark.parametrize(
    ("change", "what", "remedy"),
    [
        ({"memory": GIBIBYTE}, "1.0 GiB of memory is available; 1.8 GiB is needed.", "Close something large"),
        ({"disk": lambda _: 2 * GIBIBYTE}, "2.0 GiB of disk is free for", "Make room."),
    ],
    ids=["memory", "disk"],
)
def test_too_little_of_something_is_told_with_how_much_there_is_and_should_be(tmp_path, machine, change, what, remedy):
    told, advice = said(tmp_path, replace(machine, **change))[0]
    assert told.startswith(what)
    assert advice.startswith(remedy)


def test_disk_is_looked_at_where_state_and_downloads_will_lie(tmp_path, machine):
    """Half a gibibyte on both: each place is named with its own need, whether they exist yet or not."""
    plan = Plan.read({}, RunDirectory(tmp_path / "run"))
    told = [each.what for each in complaints(plan, replace(machine, disk=lambda _: GIBIBYTE // 2))]
    assert f"0.5 GiB of disk is free for {plan.run.path}; 3.0 GiB is needed." in told


def test_this_machine_can_be_looked_at():
    here = Machine.here()
    assert here.memory > 0
    assert here.disk(Path("/")) > 0
    assert os.access(here.mongod, os.X_OK)
