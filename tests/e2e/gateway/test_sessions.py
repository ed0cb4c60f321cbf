"""A browser's session from sign-in to its end, and what people do to take it over."""

import asyncio
import re
import time
from collections import Counter
from urllib.parse import parse_qs, urlsplit

import pytest

from cli import sign_in
from gateway.sessions import session_id
from kit.testing import eventually
from tests.e2e.gateway.conftest import answers, at, with_cookie
from tests.realm.conftest import an_organization

THINGS = "/api/v1/toy/things"
OURS = {"X-Requested-With": "XMLHttpRequest"}


def from_our_page(site):
    return {**OURS, "Origin": site.world.public_url}


async def document_of(site, browser):
    return await site.sessions.find_one({"_id": session_id(browser.cookies["__Host-session"])})


# Signing in ---------------------------------------------------------------------------------------------------------


async def test_a_signed_in_browser_calls_services_with_a_token_it_never_sees(site, caseworker):
    async with sign_in.through_gateway(site.one.url, caseworker) as browser:
        answer = await browser.get(THINGS)
        assert answer.status_code == 200
        seen = dict(answer.json()["headers"])
        assert seen["authorization"].startswith("Bearer ey")
        assert "cookie" not in seen
        assert "eyJ" not in (await browser.get("/auth/me")).text + browser.cookies["__Host-session"]
        async with at(site.other, browser) as elsewhere:
            assert (await elsewhere.get(THINGS)).status_code == 200


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site, caseworker):
    async with sign_in.browser(site.one.url) as browser:
        last = await sign_in.authorization_code(
            browser, f"{site.one.url}/auth/login", f"{site.world.public_url}/auth/callback", caseworker
        )
        answer = await browser.get(last)
    cookies = answer.headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("__Host-session="))
    assert re.fullmatch(r"__Host-session=[\w-]{43}; Path=/; Secure; HttpOnly; SameSite=Lax", session)
    assert any(cookie.startswith("__Host-login=;") and "Max-Age=0" in cookie for cookie in cookies)


async def test_what_is_kept_shows_neither_cookie_nor_token_nor_name(site, caseworker):
    async with sign_in.through_gateway(site.one.url, caseworker) as browser:
        row = await document_of(site, browser)
        kept = repr(row)
        assert browser.cookies["__Host-session"] not in kept
        assert "eyJ" not in kept
        assert "Prénom" not in kept
        assert row["_id"] == session_id(browser.cookies["__Host-session"])


async def test_a_sign_in_asks_for_a_code_with_pkce_state_and_nonce(site):
    async with site.one.http() as http:
        answer = await http.get("/auth/login", params={"next": "/docs", "lang": "en"})
    address = urlsplit(answer.headers["location"])
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert answer.headers["location"].startswith(f"{site.world.issuer}/protocol/openid-connect/auth?")
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["redirect_uri"] == f"{site.world.public_url}/auth/callback"
    assert asked["scope"] == "openid organization:*"
    assert asked["ui_locales"] == "en"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 32


async def test_after_the_sign_in_one_is_where_one_wanted_to_go_and_only_here(site, staff):
    for wanted, reached in {"/docs?x=1": "/docs?x=1", "//evil.example/": "/", "https://evil.example": "/"}.items():
        _, person = await staff.hire((an_organization(), ("caseworker",)))
        async with sign_in.browser(site.one.url) as browser:
            start = browser.build_request("GET", f"{site.one.url}/auth/login", params={"next": wanted}).url
            last = await sign_in.authorization_code(
                browser, str(start), f"{site.world.public_url}/auth/callback", person
            )
            assert (await browser.get(last)).headers["location"] == reached


async def callback_of(site, browser, person):
    return await sign_in.authorization_code(
        browser, f"{site.one.url}/auth/login", f"{site.world.public_url}/auth/callback", person
    )


async def test_a_sign_in_ends_only_in_the_browser_that_began_it(site, caseworker):
    """Login CSRF: the attacker's own answer, planted into another browser, signs nobody in."""
    async with sign_in.browser(site.one.url) as attacker:
        last = await callback_of(site, attacker, caseworker)
    async with sign_in.browser(site.one.url) as victim:
        answer = await victim.get(last)
        assert answer.status_code == 400
        assert answer.json()["code"] == "auth.sign-in-failed"
        assert "__Host-session" not in victim.cookies
        await victim.get(f"{site.one.url}/auth/login")
        assert (await victim.get(last)).status_code == 400


async def test_a_sign_in_cannot_be_ended_twice_or_with_another_state(site, caseworker):
    async with sign_in.browser(site.one.url) as browser:
        last = await callback_of(site, browser, caseworker)
        kept = browser.cookies["__Host-login"]
        for changed in ("state=x&state=", "state=x&x=", "xstate="):
            assert (await browser.get(last.replace("state=", changed))).status_code == 400
        assert (await browser.get(last.replace("iss=", "iss=https%3A%2F%2Fevil&was="))).status_code == 400
        assert (await browser.get(last)).status_code == 303
    async with with_cookie(site.one, kept, "__Host-login") as again:
        assert (await again.get(last)).status_code == 400


async def test_a_refusal_in_a_browser_is_a_page_in_its_language(site):
    async with site.one.http(headers={"Accept": "text/html", "Accept-Language": "en-CA"}) as http:
        answer = await http.get("/auth/callback?error=access_denied&state=x")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "The sign-in was not completed" in answer.text
    assert 'href="/auth/login"' in answer.text


async def test_a_session_known_before_the_sign_in_is_worth_nothing_after(site, staff, caseworker):
    """Session fixation: whatever id the browser came with, it leaves with another, and the old one is dead."""
    async with sign_in.through_gateway(site.one.url, caseworker) as browser:
        planted = browser.cookies["__Host-session"]
    _, victim = await staff.hire((an_organization(), ("caseworker",)))
    for fixed in (planted, "chosen-by-the-attacker"):
        async with sign_in.browser(site.one.url) as browser:
            last = await callback_of(site, browser, victim)
            both = f"__Host-session={fixed}; __Host-login={browser.cookies['__Host-login']}"
        async with site.one.http(headers={"Cookie": both}) as browser:
            answer = await browser.get(last)
            fresh = re.search(r"__Host-session=([\w-]+)", str(answer.headers.get_list("set-cookie"))).group(1)
            assert fresh != fixed
        async with site.one.http(headers={"Cookie": f"__Host-session={fixed}"}) as attacker:
            assert (await attacker.get("/auth/me")).status_code == 401


async def test_two_session_cookies_are_no_session(site, caseworker):
    async with sign_in.through_gateway(site.one.url, caseworker) as browser:
        mine = browser.cookies["__Host-session"]
    async with site.one.http(headers={"Cookie": f"__Host-session={mine}; __Host-session=planted"}) as http:
        assert (await http.get(THINGS)).status_code == 401


# Changes asked with a cookie ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({}, False),
        ({"X-Requested-With": "x"}, False),
        ({"X-Requested-With": "x", "Origin": "https://evil.example"}, False),
        ({"X-Requested-With": "x", "Origin": "null"}, False),
        ({"X-Requested-With": "x", "Origin": "null", "Sec-Fetch-Site": "cross-site"}, False),
        ({"X-Requested-With": "x", "Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "OURS"}, False),
        ({"Origin": "OURS.evil.example", "X-Requested-With": "x"}, False),
        ({"X-Requested-With": "x", "Origin": "OURS"}, True),
        ({"X-Requested-With": "x", "Origin": "null", "Sec-Fetch-Site": "same-origin"}, True),
        ({"X-Requested-With": "x", "Sec-Fetch-Site": "same-origin"}, True),
    ],
)
async def test_a_change_with_a_cookie_comes_from_our_own_page_or_not_at_all(site, signed_in, headers, passes):
    sent = {name: value.replace("OURS", site.world.public_url) for name, value in headers.items()}
    answer = await signed_in.post(THINGS, json={}, headers=sent)
    assert answer.status_code == (200 if passes else 403)
    if not passes:
        assert answer.json()["code"] == "auth.cross-site"


@pytest.fixture(scope="module")
def shared():
    return {}


@pytest.fixture
async def signed_in(site, staff, shared):
    """A browser that many tests of one kind may share: signing in takes a second."""
    if "cookies" not in shared:
        _, person = await staff.hire((an_organization(), ("caseworker",)))
        async with sign_in.through_gateway(site.one.url, person) as browser:
            shared["cookies"] = browser.cookies["__Host-session"]
    async with site.one.http(headers={"Cookie": f"__Host-session={shared['cookies']}"}) as http:
        yield http


async def test_a_form_carries_its_sessions_token_and_reaches_the_service_whole(site, signed_in):
    token = (await signed_in.get("/auth/me")).json()["form_token"]
    origin = {"Origin": site.world.public_url}
    answer = await signed_in.post(THINGS, data={"a": "é b", "form_token": token}, headers=origin)
    assert answer.status_code == 200
    assert answer.json()["body"] == f"a=%C3%A9+b&form_token={token}"
    for wrong in ("", "0" * 64, token[:-1]):
        answer = await signed_in.post(THINGS, data={"form_token": wrong}, headers=origin)
        assert answer.json()["code"] == "auth.cross-site"
    assert (await signed_in.post(THINGS, data={"form_token": token})).status_code == 403
    assert (await signed_in.post(THINGS, json={"form_token": token}, headers=origin)).status_code == 403


async def test_a_token_needs_no_proof_of_origin_since_no_browser_sends_it_by_itself(site, staff):
    tokens = await staff.tokens((an_organization(), ("caseworker",)))
    async with site.one.http(headers={"Authorization": f"Bearer {tokens.access}"}) as http:
        assert (await http.post(THINGS, json={}, headers={"Origin": "https://evil.example"})).status_code == 200


async def test_signing_out_cannot_be_forced_from_another_site(site, caseworker):
    async with sign_in.through_gateway(site.one.url, caseworker) as browser:
        answer = await browser.post("/auth/logout", headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
        assert (await browser.get("/auth/me")).status_code == 200


async def test_the_wrong_kind_of_token_is_no_access_token(site, staff):
    found = await staff.tokens((an_organization(), ("caseworker",)))
    async with site.one.http() as http:
        for wrong in (found.id_token, found.refresh):
            answer = await http.get(THINGS, headers={"Authorization": f"Bearer {wrong}"})
            assert (answer.status_code, answer.json()["code"]) == (401, "auth.invalid-token")


# Organisations ------------------------------------------------------------------------------------------------------


async def test_until_an_organisation_is_chosen_nothing_can_be_done_but_choose(site, staff):
    shelter, clinic = an_organization(), an_organization("public-agency", "health-social", "health")
    _, person = await staff.hire((shelter, ("caseworker",)), (clinic, ("intake",)))
    async with sign_in.browser(site.one.url) as browser:
        browser.base_url = site.one.url
        last = await callback_of(site, browser, person)
        answer = await browser.get(last)
        assert answer.headers["location"] == "/auth/organization?next=/"
        refused = await browser.get(THINGS)
        assert (refused.status_code, refused.json()["code"]) == (403, "auth.organization-not-chosen")
        assert (await browser.get("/auth/me")).json()["organization"] is None
        page = await browser.get("/auth/organization?next=/docs", headers={"Accept-Language": "fr"})
        assert "Au nom de quelle organisation agissez-vous?" in page.text
        assert shelter.alias in page.text
        assert "Santé et services sociaux" in page.text
        form = {
            "alias": clinic.alias,
            "next": "/docs",
            "form_token": re.search(r'name="form_token" value="(\w+)"', page.text).group(1),
        }
        chosen = await browser.post("/auth/organization", data=form, headers={"Origin": site.world.public_url})
        assert (chosen.status_code, chosen.headers["location"]) == (303, "/docs")
        assert (await browser.get("/auth/me")).json()["organization"]["id"] == clinic.org_id


async def test_switching_takes_a_new_cookie_and_the_old_one_ends(site, staff):
    shelter, police = an_organization(), an_organization("police", "law-enforcement", "public")
    _, person = await staff.hire((shelter, ("caseworker",)), (police, ("intake",)))
    async with sign_in.through_gateway(site.one.url, person, shelter.alias) as browser:
        before = browser.cookies["__Host-session"]
        answer = await browser.post("/auth/organization", json={"alias": police.alias}, headers=from_our_page(site))
        assert answer.json()["organization"]["alias"] == police.alias
        assert browser.cookies["__Host-session"] != before
        async with at(site.other, browser) as elsewhere:
            assert (await elsewhere.get("/auth/me")).json()["organization"]["alias"] == police.alias
        async with site.one.http(headers={"Cookie": f"__Host-session={before}"}) as old:
            assert (await old.get("/auth/me")).status_code == 401
        for alias in ("not-mine", "", "*", f"{shelter.alias} organization:*", None, ["x"]):
            refused = await browser.post("/auth/organization", json={"alias": alias}, headers=from_our_page(site))
            assert refused.json()["code"] == "auth.not-your-organization"
        assert (await browser.get("/auth/me")).json()["organization"]["alias"] == police.alias


async def test_leaving_an_organisation_leaves_the_session_to_choose_again(site, staff, realm, lasting):
    shelter, police = an_organization(), an_organization("police", "law-enforcement", "public")
    user, person = await staff.hire((shelter, ("caseworker",)), (police, ("intake",)))
    lasting(62)
    async with sign_in.through_gateway(site.one.url, person, shelter.alias) as browser:
        [found] = realm.get("/organizations", search=shelter.alias)
        realm.delete(f"/organizations/{found['id']}/members/{user}")
        await answers(browser, 403, within=10)
        for _ in range(3):
            assert (await browser.get(THINGS)).json()["code"] == "auth.organization-not-chosen"
        refused = await browser.post("/auth/organization", json={"alias": shelter.alias}, headers=from_our_page(site))
        assert refused.json()["code"] == "auth.not-your-organization"
        chosen = await browser.post("/auth/organization", json={"alias": police.alias}, headers=from_our_page(site))
        assert chosen.json()["organization"]["alias"] == police.alias


# Refreshing ---------------------------------------------------------------------------------------------------------


async def storm(site, browser, number=50):
    """As many requests at once as a page could make, over both replicas."""
    async with at(site.one, browser) as one, at(site.other, browser) as other:
        found = await asyncio.gather(*((one, other)[n % 2].get("/auth/me") for n in range(number)))
    # The client's own limit may refuse the last of them; nothing else may go wrong.
    counted = Counter(answer.status_code for answer in found)
    return set(counted) <= {200, 429} and counted[200] >= 40


async def test_fifty_requests_on_two_replicas_refresh_once(site, caseworker, lasting):
    lasting(63)
    async with sign_in.through_gateway(site.one.url, caseworker) as browser:
        before = await document_of(site, browser)
        await asyncio.sleep(4)
        lasting(300)
        assert await storm(site, browser)
        assert (await document_of(site, browser))["version"] == before["version"] + 1
        await asyncio.sleep(2)
        assert await storm(site, browser)
        assert (await document_of(site, browser))["version"] == before["version"] + 1


async def test_fifty_requests_with_an_expired_token_wait_for_one_refresh(site, caseworker, lasting):
    lasting(2)
    async with sign_in.through_gateway(site.one.url, caseworker) as browser:
        before = await document_of(site, browser)
        await asyncio.sleep(3)
        lasting(300)
        assert await storm(site, browser)
        after = await document_of(site, browser)
        assert after["version"] == before["version"] + 1


async def test_a_caller_that_leaves_takes_no_refresh_along(site, caseworker, lasting):
    lasting(2)
    async with sign_in.through_gateway(site.one.url, caseworker) as browser:
        await asyncio.sleep(3)
        lasting(300)
        impatient = [asyncio.create_task(browser.get("/auth/me")) for _ in range(5)]
        await asyncio.sleep(0.005)
        for task in impatient:
            task.cancel()
        await asyncio.gather(*impatient, return_exceptions=True)
        assert (await browser.get("/auth/me")).status_code == 200


async def test_sessions_outlive_a_realm_that_is_away(site, caseworker, world_without_realm):
    async with (
        sign_in.through_gateway(site.one.url, caseworker) as browser,
        at(world_without_realm, browser) as cut_off,
    ):
        assert (await cut_off.get("/auth/me")).status_code == 200


@pytest.fixture
def world_without_realm(site):
    with site.world.replica(KEYCLOAK_INTERNAL_URL="http://127.0.0.1:9") as found:
        yield found


async def test_a_session_that_keycloak_ended_is_ended_here_at_its_refresh(site, staff, realm, lasting):
    lasting(62)
    user, person = await staff.hire((an_organization(), ("caseworker",)))
    async with sign_in.through_gateway(site.one.url, person) as browser:
        realm.post(f"/users/{user}/logout", {})
        await answers(browser, 401, within=10)


# Signing out --------------------------------------------------------------------------------------------------------


async def test_signing_out_ends_the_session_everywhere_with_its_open_stream(site, caseworker):
    async with sign_in.through_gateway(site.one.url, caseworker) as browser:
        cookie = {"Cookie": f"__Host-session={browser.cookies['__Host-session']}"}
        async with site.other.http(headers=cookie) as elsewhere:
            assert (await elsewhere.get(THINGS)).status_code == 200
            reading = asyncio.create_task(read_until_the_end(elsewhere))
            await asyncio.sleep(0.5)
            out = time.monotonic()
            answer = await browser.post("/auth/logout", headers=from_our_page(site))
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
            assert "__Host-session" not in browser.cookies
            await asyncio.wait_for(reading, 5)
            await answers(elsewhere, 401, within=5 - (time.monotonic() - out))
        assert await site.sessions.find_one({"_id": session_id(cookie["Cookie"].split("=", 1)[1])}) is None


async def read_until_the_end(http):
    async with http.stream("GET", "/api/v1/toy/live") as answer:
        assert answer.status_code == 200
        async for _ in answer.aiter_bytes():
            pass


async def test_a_back_channel_logout_ends_the_session_on_every_replica(site, staff, realm):
    user, person = await staff.hire((an_organization(), ("caseworker",)))
    async with sign_in.through_gateway(site.one.url, person) as browser, at(site.other, browser) as elsewhere:
        assert (await elsewhere.get(THINGS)).status_code == 200
        realm.post(f"/users/{user}/logout", {})
        await answers(browser, 401)
        await answers(elsewhere, 401)


@pytest.mark.parametrize("kind", ["access", "refresh", "id_token"])
async def test_another_token_signed_by_the_realm_is_no_logout_token(site, staff, kind):
    found = await staff.tokens((an_organization(), ("caseworker",)))
    async with site.one.http() as http:
        answer = await http.post("/auth/backchannel-logout", data={"logout_token": getattr(found, kind)})
        assert (answer.status_code, answer.json()["code"]) == (400, "auth.invalid-logout-token")


@pytest.mark.parametrize("form", [{}, {"logout_token": ""}, {"logout_token": "e30.e30.e30"}, {"other": "x"}])
async def test_without_a_logout_token_nothing_ends(site, form):
    async with site.one.http() as http:
        answer = await http.post("/auth/backchannel-logout", data=form)
        assert (answer.status_code, answer.json()["code"]) == (400, "auth.invalid-logout-token")


async def test_completed_sign_ins_are_not_counted_as_attempts(site, staff):
    for _ in range(7):
        _, person = await staff.hire((an_organization(), ("caseworker",)))
        async with sign_in.through_gateway(site.one.url, person) as browser:
            assert (await browser.get("/auth/me")).status_code == 200


async def test_a_membership_revocation_ends_the_browsers_session_for_that_organisation_alone(site, staff):
    shelter, police = an_organization(), an_organization("police", "law-enforcement", "public")
    _, person = await staff.hire((shelter, ("caseworker",)), (police, ("intake",)))
    async with sign_in.through_gateway(site.one.url, person, shelter.alias) as browser:
        row = {"revoked": True, "sequence": 1}
        await site.revocations.update_one({"_id": f"organization:{shelter.org_id}"}, {"$set": row}, upsert=True)
        await answers(browser, 401)
        refused = await browser.get("/auth/me")
        assert refused.json()["code"] == "auth.access-ended"
        assert await eventually(lambda: at_another(browser, police, site), within=5)


async def at_another(browser, police, site):
    answer = await browser.post("/auth/organization", json={"alias": police.alias}, headers=from_our_page(site))
    return answer.status_code == 200
