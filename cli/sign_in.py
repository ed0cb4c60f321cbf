"""Signs people and apps in over plain HTTP, through Keycloak's own pages: code, PKCE, password, one-time code.

For the tests, the demo and the bench. A person's one-time codes are single-use, so each is used once a process and,
when Keycloak says another process used it, the next one is tried.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import anyio
import httpx2
import pyotp

from cli.sign_in_pages import Form, Page, read

PAGES = 12
PERIOD = 30
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class SignInRefused(Exception):  # noqa: N818 - it reads as what happened
    """Keycloak did not let the caller in; the message is the page's own or the OAuth error."""


@dataclass
class Person:
    """Someone who signs in; `totp_secret` is Base32, and is filled in when Keycloak asks to set up a second factor."""

    username: str
    password: str
    totp_secret: str = ""
    used: set[str] = field(default_factory=set, repr=False)

    def code(self, at: float) -> str | None:
        """Return an unused one-time code that holds at this moment, or None when all three are spent."""
        # Keycloak takes the codes of this period, of the next one and of the one before.
        for moment in (at, at + PERIOD, at - PERIOD):
            code = pyotp.TOTP(self.totp_secret).at(int(moment))
            if code not in self.used:
                self.used.add(code)
                return code
        return None


@dataclass(frozen=True)
class Tokens:
    """What the token endpoint answered; `refresh` is empty for an app."""

    access: str
    refresh: str = ""
    id_token: str = ""
    scope: str = ""


@dataclass(frozen=True)
class Client:
    """An OAuth client: its realm's issuer, its id, and its secret (empty for a public client)."""

    issuer: str
    client_id: str
    secret: str = ""

    @property
    def token_url(self) -> str:
        """Where tokens are given."""
        return f"{self.issuer}/protocol/openid-connect/token"


@asynccontextmanager
async def browser(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Open a client with a cookie jar of its own; like browsers it sends Secure cookies to loopback over HTTP."""
    loopback = urlsplit(url).hostname in LOOPBACK
    policy = DefaultCookiePolicy(secure_protocols=("https", "wss", "http") if loopback else ("https", "wss"))
    async with httpx2.AsyncClient(cookies=CookieJar(policy), timeout=30) as client:
        yield client


async def authorization_code(client: httpx2.AsyncClient, address: str, redirect_uri: str, person: Person) -> str:
    """Follow Keycloak's pages from an authorization address to the redirect URI; return that last address."""
    return await _follow(client, await client.get(address), redirect_uri, person)


async def tokens(oauth: Client, redirect_uri: str, person: Person, scope: str = "openid organization:*") -> Tokens:
    """Sign a person in directly at Keycloak: authorization code with PKCE, then the code's exchange."""
    verifier = secrets.token_urlsafe(48)
    async with browser(oauth.issuer) as client:
        address = authorization_address(oauth, redirect_uri, scope, verifier)
        last = await authorization_code(client, address, redirect_uri, person)
        return await exchange(client, oauth, redirect_uri, code_of(last), verifier)


def authorization_address(oauth: Client, redirect_uri: str, scope: str, verifier: str) -> str:
    """Return the address that starts a sign-in, with the S256 challenge of the verifier."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": oauth.client_id,
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": secrets.token_urlsafe(12),
        "nonce": secrets.token_urlsafe(12),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{oauth.issuer}/protocol/openid-connect/auth?{urlencode(query)}"


async def exchange(client: httpx2.AsyncClient, oauth: Client, redirect_uri: str, code: str, verifier: str) -> Tokens:
    """Exchange an authorization code; raises SignInRefused with the OAuth error."""
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
    return await _grant(client, oauth, grant)


async def refresh(oauth: Client, refresh_token: str, scope: str = "") -> Tokens:
    """Refresh, for the given scope (`openid organization:<alias>` chooses one organisation)."""
    grant = {"grant_type": "refresh_token", "refresh_token": refresh_token} | ({"scope": scope} if scope else {})
    async with browser(oauth.issuer) as client:
        return await _grant(client, oauth, grant)


async def app_token(oauth: Client, scope: str = "") -> Tokens:
    """Get an application's token by client credentials."""
    grant = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
    async with browser(oauth.issuer) as client:
        return await _grant(client, oauth, grant)


async def follow_link(link: str, person: Person) -> None:
    """Follow a link Keycloak mailed, doing what its pages ask (set a password, set up a second factor)."""
    async with browser(link) as client:
        answer = await client.get(link, follow_redirects=True)
        page = read(answer.text)
        onwards = [found for found in page.links if "action-token" in found]
        if onwards:
            answer = await client.get(urljoin(str(answer.url), onwards[0]))
        elif _known_form(page) is None:
            raise SignInRefused(page.complaint or "the link leads nowhere")
        await _follow(client, answer, None, person)


@asynccontextmanager
async def through_gateway(
    gateway: str, person: Person, organization: str = "", path: str = "/auth/login"
) -> AsyncIterator[httpx2.AsyncClient]:
    """Sign a person in as a browser does; yield the client with the gateway's session, acting for the organisation.

    `organization` is an alias, needed by whoever belongs to several.
    """
    async with browser(gateway) as client:
        client.base_url = gateway
        last = await authorization_code(client, f"{gateway}{path}", f"{gateway}/auth/callback", person)
        answer = await client.get(last)
        if answer.status_code >= httpx2.codes.BAD_REQUEST:
            raise SignInRefused(f"the gateway answered {answer.status_code} to the callback")
        # What the gateway asks of a page of its own before anything is changed.
        client.headers.update({"Origin": gateway, "X-Requested-With": "coalition"})
        if organization:
            await act_for(client, organization)
        yield client


async def act_for(client: httpx2.AsyncClient, organization: str) -> None:
    """Choose the organisation a signed-in person acts for, by its alias."""
    answer = await client.post("/auth/organization", json={"alias": organization})
    if answer.is_error:
        raise SignInRefused(f"the gateway answered {answer.status_code} to the choice of {organization}")


async def _follow(client: httpx2.AsyncClient, answer: httpx2.Response, redirect_uri: str | None, person: Person) -> str:
    """Go from page to page until the redirect URI; without one, until Keycloak has nothing more to ask."""
    shown: list[frozenset[str]] = []
    for _ in range(PAGES):
        if answer.has_redirect_location:
            target = urljoin(str(answer.url), answer.headers["Location"])
            if target.split("?")[0] == redirect_uri:
                return target
            answer = await client.get(target)
            continue
        page = read(answer.text)
        form = _known_form(page)
        if form is None and redirect_uri is None and not page.complaint:
            return str(answer.url)
        if form is None or _asked_again(page, form, shown):
            raise SignInRefused(page.complaint or f"no sign-in page (status {answer.status_code})")
        shown.append(frozenset(form.fields))
        answer = await client.post(urljoin(str(answer.url), form.action), data=await _filled(form, person))
    raise SignInRefused("Keycloak shows page after page")


def _known_form(page: Page) -> Form | None:
    known = (("password-new",), ("totpSecret",), ("otp",), ("password",), ("username",))
    return next((form for names in known if (form := page.form_with(*names))), None)


def _asked_again(page: Page, form: Form, shown: list[frozenset[str]]) -> bool:
    """A page that comes back complaining refuses; the one-time code alone may have been spent by another process."""
    times = shown.count(frozenset(form.fields))
    return bool(page.complaint) and times > (2 if "otp" in form.fields else 0)


async def _filled(form: Form, person: Person) -> dict[str, str]:
    values = dict(form.fields)
    if "password-new" in values:
        values |= {"password-new": person.password, "password-confirm": person.password}
    elif "totpSecret" in values:
        values |= await _enrolment(values["totpSecret"], person)
    elif "otp" in values:
        values["otp"] = await _one_time_code(person)
    else:
        values["username"] = person.username
        if "password" in values:
            values["password"] = person.password
    return values


async def _enrolment(secret: str, person: Person) -> dict[str, str]:
    """Keycloak shows the raw secret; authenticator applications, and we, keep it in Base32."""
    person.totp_secret = base64.b32encode(secret.encode()).decode().rstrip("=")
    return {"totp": await _one_time_code(person), "userLabel": "application"}


async def _one_time_code(person: Person) -> str:
    while (code := person.code(time.time())) is None:
        await anyio.sleep(PERIOD - time.time() % PERIOD + 0.1)
    return code


def code_of(address: str) -> str:
    """Return the code of a redirect; raises SignInRefused with the OAuth error it carries instead."""
    answer = parse_qs(urlsplit(address).query)
    if "code" not in answer:
        raise SignInRefused(answer.get("error_description", answer.get("error", ["no code"]))[0])
    return answer["code"][0]


async def _grant(client: httpx2.AsyncClient, oauth: Client, grant: dict[str, str]) -> Tokens:
    caller = {"client_id": oauth.client_id} | ({"client_secret": oauth.secret} if oauth.secret else {})
    answer = await client.post(oauth.token_url, data=grant | caller)
    body = answer.json()
    if answer.is_error:
        raise SignInRefused(f"{body.get('error')}: {body.get('error_description')}")
    return Tokens(
        access=body["access_token"],
        refresh=body.get("refresh_token", ""),
        id_token=body.get("id_token", ""),
        scope=body.get("scope", ""),
    )
