"""Demo people get a password and a second factor, and one demo application a sector its secret; only with the demo.

Membership's own commands make the organisations and the people, and its own jobs their accounts; here they only become
usable without a mailbox. What is generated is kept in one file that only its owner can read, never in git.
"""

import json
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyotp

from cli.realm.console import Console
from cli.servers.private import write_private
from services.membership.keycloak import App, Keycloak, Organization

DEMO = Path(__file__).resolve().parents[1] / "services" / "membership" / "seed" / "demo.json"
ISSUER = "Coalition"
PERIOD = 30
POLL_SECONDS = 0.25
# The card shows one person a sector: who does the main job there.
SHOWN_ROLE = "caseworker"


class AccountMissing(Exception):  # noqa: N818 - it reads as what happened
    """A demo person has no account yet: membership has not provisioned them in time."""


class NoSuchLogin(Exception):  # noqa: N818 - it reads as what happened
    """No demo person signs in by this name."""


@dataclass(frozen=True)
class Login:
    """A demo person who can sign in; `organization` is an alias, `totp_secret` Base32."""

    username: str
    name: str
    organization: str
    sector: str
    roles: tuple[str, ...]
    user: str
    password: str
    totp_secret: str

    @property
    def uri(self) -> str:
        """The otpauth address an authenticator application reads."""
        return pyotp.TOTP(self.totp_secret).provisioning_uri(name=self.username, issuer_name=ISSUER)

    def code(self, at: float) -> str:
        """Return the one-time code of an instant (seconds since 1970)."""
        return pyotp.TOTP(self.totp_secret).at(int(at))


@dataclass(frozen=True)
class DemoApp:
    """A demo organisation's own software, which signs in by client credentials."""

    client_id: str
    organization: str
    sector: str
    scopes: tuple[str, ...]
    secret: str


@dataclass(frozen=True)
class Demo:
    """Everyone and everything that can sign in to the demo."""

    logins: tuple[Login, ...] = ()
    apps: tuple[DemoApp, ...] = ()

    def card(self) -> list[Login]:
        """Return one login a sector, in the order of the demo's list."""
        first: dict[str, Login] = {}
        for login in self.logins:
            if SHOWN_ROLE in login.roles or login.sector == "coalition":
                first.setdefault(login.sector, login)
        return list(first.values())

    def login(self, username: str) -> Login:
        """Return a person by address, or by what stands before its @ when only one has it; raises NoSuchLogin."""
        found = [login for login in self.logins if username in {login.username, login.username.split("@")[0]}]
        people = {login.username: login for login in found}
        if len(people) != 1:
            raise NoSuchLogin(f"no demo person signs in as {username}")
        return next(iter(people.values()))


def read(state: Path) -> Demo:
    """Read what was generated before; nothing there is an empty demo."""
    if not state.exists():
        return Demo()
    kept = json.loads(state.read_text(encoding="utf-8"))
    return Demo(
        tuple(Login(**login | {"roles": tuple(login["roles"])}) for login in kept["logins"]),
        tuple(DemoApp(**app | {"scopes": tuple(app["scopes"])}) for app in kept["apps"]),
    )


async def equip(console: Console, keycloak: Keycloak, state: Path, within: float = 60.0, people: Path = DEMO) -> Demo:
    """Make every demo person and application able to sign in, and keep how; a second run changes nothing.

    Waits up to `within` seconds in all for the accounts membership provisions, then raises AccountMissing.
    """
    stated = _stated(people)
    before = read(state)
    deadline = time.monotonic() + within
    logins = tuple(_logins(console, stated, before, deadline))
    apps = [await _app(console, keycloak, place, before) for place in stated["organizations"] if "app" in place]
    demo = Demo(logins, tuple(apps))
    if demo != before:
        write_private(state, json.dumps(asdict(demo), ensure_ascii=False, indent=1))
    return demo


def _stated(people: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(people.read_text(encoding="utf-8"))
    return found


def _logins(console: Console, stated: Mapping[str, Any], before: Demo, deadline: float) -> Iterable[Login]:
    coalition = {"alias": "coalition", "sector": "coalition", "people": stated["coalition"]["people"]}
    known = {login.username: login for login in before.logins}
    for place in (*stated["organizations"], coalition):
        for person in place["people"]:
            user = _account(console, place, person, deadline)
            login = _login(place, person, user, known.get(person["address"]))
            if not _usable(console, login, known):
                _give(console, login)
            known[login.username] = login
            yield login


def _account(console: Console, place: Mapping[str, Any], person: Mapping[str, Any], deadline: float) -> str:
    """Return a person's account, waiting for membership's jobs to make it and to give it its roles there."""
    while (user := _provisioned(console, place, person)) is None:
        if time.monotonic() > deadline:
            raise AccountMissing("membership has not provisioned every demo person: see `coalition logs membership`")
        time.sleep(POLL_SECONDS)
    return user


def _provisioned(console: Console, place: Mapping[str, Any], person: Mapping[str, Any]) -> str | None:
    found = console.get("/users", email=person["address"], exact="true")
    if not found:
        return None
    user = str(found[0]["id"])
    for held in console.get(f"/organizations/members/{user}/organizations"):
        if held["alias"] == place["alias"]:
            groups = console.get(f"/organizations/{held['id']}/members/{user}/groups")
            return user if {group["name"] for group in groups} >= set(person["roles"]) else None
    return None


def _login(place: Mapping[str, Any], person: Mapping[str, Any], user: str, kept: Login | None) -> Login:
    """Describe a person's login; one person in two organisations has one password and one second factor."""
    return Login(
        username=person["address"],
        name=f"{person['given_name']} {person['family_name']}",
        organization=place["alias"],
        sector=place["sector"],
        roles=tuple(person["roles"]),
        user=user,
        password=kept.password if kept else secrets.token_urlsafe(15),
        totp_secret=kept.totp_secret if kept else pyotp.random_base32(),
    )


def _usable(console: Console, login: Login, known: Mapping[str, Login]) -> bool:
    kept = known.get(login.username)
    held = {credential["type"] for credential in console.get(f"/users/{login.user}/credentials")}
    waiting = console.get(f"/users/{login.user}").get("requiredActions")
    return kept is not None and kept.user == login.user and held >= {"password", "otp"} and not waiting


def _give(console: Console, login: Login) -> None:
    for credential in console.get(f"/users/{login.user}/credentials"):
        console.delete(f"/users/{login.user}/credentials/{credential['id']}")
    account = console.get(f"/users/{login.user}")
    password = {"type": "password", "value": login.password, "temporary": False}
    console.put(
        f"/users/{login.user}",
        account | {"requiredActions": [], "credentials": [_second_factor(login.totp_secret), password]},
    )


def _second_factor(secret: str) -> dict[str, str]:
    kind = {"subType": "totp", "digits": 6, "counter": 0, "period": PERIOD, "algorithm": "HmacSHA1"}
    return {
        "type": "otp",
        "userLabel": "demo",
        "secretData": json.dumps({"value": secret}),
        "credentialData": json.dumps(kind | {"secretEncoding": "BASE32"}),
    }


async def _app(console: Console, keycloak: Keycloak, place: Mapping[str, Any], before: Demo) -> DemoApp:
    client_id, scopes = f"demo-{place['alias']}", tuple(place["app"]["scopes"])
    await keycloak.apps.provision(_organization(console, place), App(client_id, frozenset(scopes)))
    kept = next((app.secret for app in before.apps if app.client_id == client_id), None)
    held = console.get("/clients", clientId=client_id)[0].get("secret")
    secret = kept if kept and kept == held else await keycloak.apps.rotate_secret(client_id)
    return DemoApp(client_id, place["alias"], place["sector"], scopes, secret)


def _organization(console: Console, place: Mapping[str, Any]) -> Organization:
    """Describe an organisation as membership provisioned it: its id is membership's own."""
    found = console.get("/organizations", search=place["alias"], exact="true", briefRepresentation="false")
    if not found:
        raise AccountMissing(f"membership has not provisioned {place['alias']}")
    org_id = found[0]["attributes"]["org_id"][0]
    return Organization(org_id, place["alias"], place["sector"], place["family"], place["regime"])
