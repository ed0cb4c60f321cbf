"""From a mailed invitation to a signed-in person: the letter, our page, Keycloak's letter, the door."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest
from pymongo import MongoClient

from cli import sign_in, sign_in_pages
from cli.servers.process import free_port
from kit.testing import eventually
from tests.gateway.world import Replica, process, wait_until_answers
from tests.realm.conftest import PASSWORD, issuer

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Joining:
    """Membership as a process of its own, and a replica of the gateway before it."""

    door: Replica
    environment: dict[str, str]

    async def found(self, *board: str) -> None:
        """Do as the operator at the very first start: invite two board members."""
        command = ["-m", "cli", "init", *board, "--business-number", "1199990000"]
        child = await asyncio.create_subprocess_exec(sys.executable, *command, env=os.environ | self.environment)
        assert await child.wait() == 0


@pytest.fixture
def joining(site, settings, ops, seed, mailbox, tmp_path) -> Iterator[Joining]:
    database, port = f"test_joining_{uuid4().hex[:12]}", free_port()
    own = {
        "port": str(port),
        "mongodb_url": site.world.mongodb_url,
        "mongodb_database": database,
        "access_database": site.world.access_database,
        "nats_url": os.environ["TEST_NATS_URL"],
        "nats_seed": seed("membership"),
        "issuer": issuer(settings),
        "jwks_url": f"{issuer(settings)}/protocol/openid-connect/certs",
        "audit_key": "k" * 32,
        "invitation_key": "i" * 32,
        "keycloak_url": settings.keycloak_url,
        "keycloak_realm": settings.name,
        "keycloak_secret": "membership-secret",
        "smtp_host": "127.0.0.1",
        "smtp_port": str(mailbox[1]),
        "public_url": site.world.public_url,
    }
    environment = {f"MEMBERSHIP_{name}".upper(): value for name, value in own.items()}
    behind = {"UPSTREAMS": json.dumps({"membership": f"http://127.0.0.1:{port}"})}
    with process(["services.membership.main"], os.environ | environment, tmp_path / "membership.log"):
        wait_until_answers(f"http://127.0.0.1:{port}/health/ready")
        with site.world.replica(**behind, CONTRACTS=str(ROOT / "contracts" / "openapi")) as door:
            yield Joining(door, environment)
    with MongoClient(site.world.mongodb_url) as client:
        client.drop_database(database)


def letters_to(mailbox, address: str) -> list[str]:
    """Every text mailed to an address, oldest first; Keycloak's letters have several parts."""
    return [
        part.get_payload(decode=True).decode()
        for letter in mailbox[0].received
        if letter["To"] == address
        for part in letter.walk()
        if part.get_content_type() == "text/plain"
    ]


async def mailed(mailbox, address: str, pattern: str) -> str:
    """Wait for what the pattern finds in a letter to the address."""

    async def found() -> list[str]:
        return re.findall(pattern, "\n".join(letters_to(mailbox, address)))

    return (await eventually(found, within=60))[-1]


async def filled_in(http: httpx2.AsyncClient, code: str) -> httpx2.Response:
    """Do as a browser without JavaScript: read the form, paste the code, post."""
    page = sign_in_pages.read((await http.get("/invitation?lang=fr")).text)
    form = page.form_with("code", "given_name", "family_name")
    typed = {"code": code, "given_name": "Odile", "family_name": "Gagné", "language": "fr"}
    return await http.post(form.action, data=form.fields | typed)


async def test_a_mailed_code_typed_into_the_page_makes_an_account_that_signs_in(site, joining, mailbox):
    odile, habib = (f"{name}-{uuid4().hex[:8]}@halte.example" for name in ("odile", "habib"))
    await joining.found(odile, habib)
    link = urlsplit(await mailed(mailbox, odile, r"http\S+/invitation#[A-Z2-7-]+"))
    assert f"{link.scheme}://{link.netloc}{link.path}" == f"{site.world.public_url}/invitation"
    async with joining.door.http() as http:
        wrong = await filled_in(http, "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA")
        assert wrong.status_code == 404
        assert "Ce code d&#39;invitation n&#39;est pas valide" in wrong.text
        answer = await filled_in(http, link.fragment.lower().replace("-", " "))
        assert (answer.status_code, answer.headers["location"]) == (303, "/invitation/accepted?lang=fr")
        assert (await filled_in(http, link.fragment)).status_code == 404
    person = sign_in.Person(odile, PASSWORD)
    await sign_in.follow_link(await mailed(mailbox, odile, r"http\S+action-token\S+"), person)
    async with sign_in.through_gateway(site.one.url, person) as browser:
        found = (await browser.get("/auth/me")).json()
    assert found["name"] == "Odile Gagné"
    assert set(found["roles"]) == {"board", "coordination"}
