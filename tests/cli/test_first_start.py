"""`coalition init` against membership's own database."""

import asyncio
import os

import pytest
import typer
from typer.testing import CliRunner

from cli import first_start

BOARD = ("odile@halte.example", "habib@sante.example")
NUMBER = ["--business-number", "1199990000"]


@pytest.fixture
def membership(mongo, monkeypatch):
    """The environment of the membership service, on a database of the test's own."""
    values = {
        "PORT": "8001",
        "MONGODB_URL": os.environ["TEST_MONGODB_URL"],
        "MONGODB_DATABASE": mongo.db.name,
        "NATS_URL": "nats://127.0.0.1:1",
        "NATS_SEED": "unused",
        "ISSUER": "http://localhost/realms/coalition",
        "JWKS_URL": "http://localhost/certs",
        "AUDIT_KEY": "k" * 32,
        "ACCESS_DATABASE": mongo.db.name,
        "INVITATION_KEY": "i" * 32,
        "KEYCLOAK_URL": "http://localhost",
        "KEYCLOAK_SECRET": "unused",
        "SMTP_HOST": "localhost",
        "SMTP_PORT": "1",
        "PUBLIC_URL": "http://localhost",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"MEMBERSHIP_{name}", value)
    return mongo


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(first_start.init)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


async def test_the_first_start_invites_two_board_members_once(membership, run):
    answered = await asyncio.to_thread(run, *BOARD, *NUMBER)
    assert answered.exit_code == 0, answered.output
    invited = [person async for person in membership.db["representatives"].find({})]
    assert {person["state"]["address"] for person in invited} == set(BOARD)
    assert all(person["state"]["roles"] == ["board", "coordination"] for person in invited)
    assert await membership.db["audit"].count_documents({"by": "init"}) >= 1

    again = await asyncio.to_thread(run, *BOARD, *NUMBER)
    assert again.exit_code == 2
    assert "exists already" in again.output
    assert await membership.db["representatives"].count_documents({}) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((BOARD[0], BOARD[0].upper(), *NUMBER), "two different addresses"),
        (("odile", BOARD[1], *NUMBER), "e-mail addresses"),
        ((*BOARD, "--business-number", "123"), "enterprise number"),
    ],
)
async def test_a_first_start_that_cannot_work_says_why_and_changes_nothing(membership, run, arguments, said):
    answered = await asyncio.to_thread(run, *arguments)
    assert answered.exit_code == 2
    assert said in answered.output
    assert await membership.db["representatives"].count_documents({}) == 0


def test_without_memberships_settings_it_says_which_are_missing(run, monkeypatch):
    monkeypatch.delenv("MEMBERSHIP_MONGODB_URL", raising=False)
    answered = run(*BOARD, *NUMBER)
    assert answered.exit_code == 2
    assert "MEMBERSHIP_MONGODB_URL" in answered.output
