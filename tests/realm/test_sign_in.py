"""Every way in that must be shut, and the one that is open."""

import re
import secrets
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pyotp
import pytest

from cli import sign_in, sign_in_pages
from tests.realm.conftest import PASSWORD, REDIRECT, an_organization, issuer

WRONG_CODE = "000000"


@pytest.fixture
async def worker(staff) -> sign_in.Person:
    """Someone of a community group who has signed in once, so has a second factor."""
    _, person = await staff.hire((an_organization(), ("caseworker",)))
    return person


async def post_token(oauth: sign_in.Client, **grant: str) -> httpx2.Response:
    async with httpx2.AsyncClient() as client:
        caller = {"client_id": oauth.client_id} | ({"client_secret": oauth.secret} if oauth.secret else {})
        return await client.post(oauth.token_url, data=caller | grant)


async def authorize(oauth: sign_in.Client, **query: str) -> httpx2.Response:
    """Ask for a code with a correct request but for the given parameters; an empty one is left out."""
    verifier = secrets.token_urlsafe(48)
    address = sign_in.authorization_address(oauth, REDIRECT, "openid", verifier)
    base, asked = address.split("?")[0], {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
    sent = {key: value for key, value in (asked | query).items() if value}
    async with httpx2.AsyncClient() as client:
        return await client.get(f"{base}?{urlencode(sent)}")


def refusal(answer: httpx2.Response) -> str:
    return parse_qs(urlsplit(answer.headers.get("Location", "")).query).get("error", [str(answer.status_code)])[0]


@pytest.mark.parametrize("client", ["direct", "gateway", "membership", "admin-cli"])
async def test_the_password_grant_is_refused(worker, settings, client):
    secret = {"gateway": "gateway-secret", "membership": "membership-secret"}.get(client, "")
    oauth = sign_in.Client(issuer(settings), client, secret)
    answer = await post_token(oauth, grant_type="password", username=worker.username, password=PASSWORD)
    assert answer.status_code in {400, 401}
    assert "access_token" not in answer.text


async def test_the_password_grant_is_refused_to_a_client_made_by_hand(realm, settings, worker):
    made = {"clientId": "by-hand", "publicClient": True, "directAccessGrantsEnabled": True, "implicitFlowEnabled": True}
    realm.post("/clients", made | {"protocol": "openid-connect", "redirectUris": [REDIRECT]})
    held = realm.get("/clients", clientId="by-hand")[0]
    assert (held["directAccessGrantsEnabled"], held["implicitFlowEnabled"]) == (False, False)
    assert held["attributes"]["pkce.code.challenge.method"] == "S256"
    oauth = sign_in.Client(issuer(settings), "by-hand")
    answer = await post_token(oauth, grant_type="password", username=worker.username, password=PASSWORD)
    assert answer.is_error


@pytest.mark.parametrize("response_type", ["token", "id_token", "id_token token", "code token", "code id_token"])
async def test_the_implicit_and_hybrid_flows_are_refused(direct, response_type):
    answer = await authorize(direct, response_type=response_type)
    location = answer.headers.get("Location", "")
    assert "error=" in location or answer.is_error
    assert "access_token" not in location


@pytest.mark.parametrize(
    "address",
    [
        "https://attacker.example/callback",
        f"{REDIRECT}/more",
        f"{REDIRECT}?next=https://attacker.example",
        "http://localhost:9/Callback",
        "http://localhost:9/callback/../other",
        "http://localhost:9@attacker.example/callback",
        "http://127.0.0.1:9/callback",
    ],
)
async def test_only_the_exact_redirect_is_taken(direct, address):
    answer = await authorize(direct, redirect_uri=address)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "challenge",
    [{"code_challenge": "", "code_challenge_method": ""}, {"code_challenge_method": "plain"}],
    ids=["none", "plain"],
)
async def test_a_code_needs_a_s256_challenge(direct, challenge):
    assert refusal(await authorize(direct, **challenge)) == "invalid_request"


async def test_a_code_with_another_verifier_is_refused(direct, worker):
    async with sign_in.browser(direct.issuer) as client:
        address = sign_in.authorization_address(direct, REDIRECT, "openid", "v" * 50)
        code = sign_in.code_of(await sign_in.authorization_code(client, address, REDIRECT, worker))
        with pytest.raises(sign_in.SignInRefused, match="invalid_grant"):
            await sign_in.exchange(client, direct, REDIRECT, code, "w" * 50)


async def test_a_code_is_taken_once_and_its_reuse_ends_the_session(direct, worker):
    async with sign_in.browser(direct.issuer) as client:
        address = sign_in.authorization_address(direct, REDIRECT, "openid", "v" * 50)
        code = sign_in.code_of(await sign_in.authorization_code(client, address, REDIRECT, worker))
        first = await sign_in.exchange(client, direct, REDIRECT, code, "v" * 50)
        with pytest.raises(sign_in.SignInRefused, match="invalid_grant"):
            await sign_in.exchange(client, direct, REDIRECT, code, "v" * 50)
    with pytest.raises(sign_in.SignInRefused, match="invalid_grant"):
        await sign_in.refresh(direct, first.refresh)


async def test_a_refresh_token_is_taken_once_and_its_reuse_ends_the_session(direct, worker):
    first = await sign_in.tokens(direct, REDIRECT, worker)
    second = await sign_in.refresh(direct, first.refresh)
    with pytest.raises(sign_in.SignInRefused, match="invalid_grant"):
        await sign_in.refresh(direct, first.refresh)
    with pytest.raises(sign_in.SignInRefused, match="invalid_grant"):
        await sign_in.refresh(direct, second.refresh)


async def test_no_offline_token_is_given(direct, worker):
    answer = await authorize(direct, scope="openid offline_access")
    assert refusal(answer) == "invalid_scope"


async def test_the_first_sign_in_sets_up_a_second_factor_before_anything_else(direct, worker):
    assert worker.totp_secret == ""
    await sign_in.tokens(direct, REDIRECT, worker)
    assert worker.totp_secret


async def test_the_password_alone_gives_nothing(direct, worker):
    await sign_in.tokens(direct, REDIRECT, worker)
    async with sign_in.browser(direct.issuer) as client:
        page = await _after_the_password(client, direct, worker)
        assert page.form_with("otp")
        assert not page.form_with("password")


async def test_a_wrong_code_is_refused(direct, worker):
    await sign_in.tokens(direct, REDIRECT, worker)
    stranger = sign_in.Person(worker.username, PASSWORD, pyotp.random_base32())
    with pytest.raises(sign_in.SignInRefused):
        await sign_in.tokens(direct, REDIRECT, stranger)


async def test_a_one_time_code_is_taken_once(direct, worker):
    await sign_in.tokens(direct, REDIRECT, worker)
    (spent,) = worker.used
    async with sign_in.browser(direct.issuer) as client:
        page = await _after_the_password(client, direct, worker)
        form = page.form_with("otp")
        answer = await client.post(form.action, data=form.fields | {"otp": spent})
        assert answer.status_code == 200
        assert sign_in_pages.read(answer.text).form_with("otp")


async def _after_the_password(client, direct, worker) -> sign_in_pages.Page:
    """Go as far as the password takes one."""
    answer = await client.get(sign_in.authorization_address(direct, REDIRECT, "openid", "v" * 50))
    for name, value in (("username", worker.username), ("password", PASSWORD)):
        form = sign_in_pages.read(answer.text).form_with(name)
        fields = form.fields | {"username": worker.username, name: value}
        answer = await client.post(form.action, data=fields, follow_redirects=True)
    return sign_in_pages.read(answer.text)


async def test_an_unknown_address_is_answered_like_a_known_one(direct, worker):
    said = []
    for username in (worker.username, "nobody@example.org"):
        with pytest.raises(sign_in.SignInRefused) as refused:
            await sign_in.tokens(direct, REDIRECT, sign_in.Person(username, "not the password"))
        said.append(str(refused.value))
    assert said[0] == said[1] != ""


async def test_guessing_makes_one_wait(direct, worker, realm):
    user = realm.get("/users", email=worker.username, exact="true")[0]["id"]
    for _ in range(10):
        with pytest.raises(sign_in.SignInRefused):
            await sign_in.tokens(direct, REDIRECT, sign_in.Person(worker.username, "not the password"))
    assert realm.get(f"/attack-detection/brute-force/users/{user}")["disabled"]
    with pytest.raises(sign_in.SignInRefused):
        await sign_in.tokens(direct, REDIRECT, worker)


@pytest.mark.parametrize(("asked", "expected"), [("", "fr"), ("en", "en"), ("de", "fr")])
async def test_pages_are_french_first_and_english_when_asked(direct, asked, expected):
    answer = await authorize(direct, ui_locales=asked)
    assert re.search(r'<html[^>]* lang="(\w+)"', answer.text).group(1) == expected


async def test_pages_forbid_framing_and_caching(direct):
    answer = await authorize(direct)
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]


async def test_nobody_registers_alone(direct, settings):
    answer = await authorize(direct)
    assert "registrations" not in answer.text
    async with httpx2.AsyncClient() as client:
        query = {"client_id": "direct", "response_type": "code", "redirect_uri": REDIRECT}
        page = await client.get(f"{issuer(settings)}/protocol/openid-connect/registrations", params=query)
    assert page.is_error or not sign_in_pages.read(page.text).form_with("password-confirm")


async def test_the_account_console_is_shut(settings):
    async with httpx2.AsyncClient(follow_redirects=True) as client:
        query = {"client_id": "account-console", "response_type": "code", "code_challenge_method": "S256"}
        query |= {"redirect_uri": f"{issuer(settings)}/account/", "code_challenge": "c" * 43, "scope": "openid"}
        page = await client.get(f"{issuer(settings)}/protocol/openid-connect/auth", params=query)
    assert page.status_code == 400


async def test_keycloaks_log_names_nobody(server, direct, worker):
    if not server.log:
        pytest.skip("a Keycloak of somebody else's")
    await sign_in.tokens(direct, REDIRECT, worker)
    with pytest.raises(sign_in.SignInRefused):
        await sign_in.tokens(direct, REDIRECT, sign_in.Person(worker.username, "not the password"))
    with pytest.raises(sign_in.SignInRefused):
        await sign_in.tokens(direct, REDIRECT, sign_in.Person("nobody@example.org", "not the password"))
    assert not _lines_with("example.org", server.log)


def _lines_with(text: str, log: str) -> list[str]:
    return [line for line in Path(log).read_text().splitlines() if text in line]
