"""The page that a mailed invitation leads to, with and without JavaScript."""

import re
from uuid import uuid4

import pytest

FORM = {"given_name": "Ève", "family_name": "O'Neil <b>", "language": "en"}
HTML = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}


async def taken_up(http, code):
    """What reached membership about this code."""
    return [each for each in (await http.get("/api/v1/toy/taken-up")).json() if each["body"]["code"] == code]


def key_of(page) -> str:
    return re.search(r'name="key" value="([0-9a-f]{32})"', page.text).group(1)


@pytest.mark.parametrize(("language", "title"), [("fr", "Accepter votre invitation"), ("en", "Accept your invitation")])
async def test_the_page_asks_for_the_code_and_a_name_in_either_language(http, language, title):
    answer = await http.get("/invitation", headers={"Accept-Language": f"{language}-CA"})
    assert answer.status_code == 200
    assert f"<h1>{title}</h1>" in answer.text
    assert f'<html lang="{language}">' in answer.text
    for name in ("code", "given_name", "family_name"):
        assert f'<label for="{name}">' in answer.text
    assert f'value="{language}" checked' in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_the_page_runs_our_script_alone_and_no_server_ever_sees_the_codes_place_in_the_link(http):
    answer = await http.get("/invitation")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert re.findall(r"<script([^>]*)>", answer.text) == [' src="/docs/invitation.js" defer']
    assert not re.search(r"\son\w+=", answer.text)
    script = await http.get("/docs/invitation.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "location.hash" in script.text
    assert "replaceState" in script.text


async def test_a_form_posted_without_a_script_takes_the_invitation_up_once_and_leads_to_signing_in(http):
    code = f"ABCD-{uuid4().hex}"
    key = key_of(await http.get("/invitation"))
    sent = {**FORM, "code": f"  {code} ", "key": key}
    answers = [await http.post("/invitation?lang=en", data=sent) for _ in range(2)]
    assert {(a.status_code, a.headers["location"]) for a in answers} == {(303, "/invitation/accepted?lang=en")}
    first, second = await taken_up(http, code)
    assert first["body"] == {**FORM, "code": code}
    # The same key: to membership, two clicks are one request.
    assert first["headers"]["idempotency-key"] == second["headers"]["idempotency-key"] == key
    assert first["headers"]["accept-language"] == "en"
    assert first["headers"]["content-type"] == "application/json"
    assert first["headers"]["x-request-id"] == answers[0].headers["x-request-id"]
    assert "cookie" not in first["headers"]
    accepted = await http.get(answers[0].headers["location"])
    assert "Invitation accepted" in accepted.text
    assert 'href="/auth/login?lang=en"' in accepted.text


async def test_what_is_missing_is_said_beside_each_field_and_above_and_nothing_is_sent(http):
    before = len((await http.get("/api/v1/toy/taken-up")).json())
    answer = await http.post("/invitation", data={"code": " ", "given_name": "Ève"})
    assert answer.status_code == 422
    assert "<title>Erreur" in answer.text
    assert 'role="alert"' in answer.text
    for name, words in {
        "code": "Inscrivez le code du courriel",
        "family_name": "Inscrivez votre nom de famille",
    }.items():
        assert f'<a href="#{name}">{words}</a>' in answer.text
        assert f'<p class="error" id="{name}-error">{words}</p>' in answer.text
        assert re.search(rf'<input id="{name}"[^>]*aria-invalid="true"[^>]*{name}-error"', answer.text)
    assert "given_name-error" not in answer.text
    assert 'value="Ève"' in answer.text
    assert len((await http.get("/api/v1/toy/taken-up")).json()) == before


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("SHORT", 422, "Ce code n'est pas complet; copiez-le en entier"),
        ("USED-USED", 404, "Ce code n'est pas valable"),
        ("NOT-JSON-", 503, "Ce service est momentanément indisponible"),
    ],
)
async def test_what_membership_refuses_comes_back_as_words_in_a_form_still_filled_in(http, code, status, words):
    page = await http.get("/invitation")
    answer = await http.post("/invitation", data={**FORM, "code": code, "key": key_of(page)})
    assert answer.status_code == status
    assert words in answer.text.replace("&#39;", "'")
    assert f'name="code" value="{code}"' in answer.text
    assert 'value="O&#39;Neil &lt;b&gt;"' in answer.text
    assert key_of(answer) != key_of(page)


async def test_without_membership_the_form_says_so_and_keeps_what_was_typed(world):
    with world.replica(UPSTREAMS='{"membership": "http://127.0.0.1:9"}') as away:
        async with away.http() as http:
            answer = await http.post("/invitation", data={**FORM, "code": "ABCD-EFGH"})
    assert answer.status_code == 503
    assert 'value="ABCD-EFGH"' in answer.text


async def test_a_key_that_is_not_ours_is_replaced(http):
    for key in ("", "x\r\nInjected: 1", "G" * 32, "a" * 31):
        code = f"ABCD-{uuid4().hex}"
        assert (await http.post("/invitation", data={**FORM, "code": code, "key": key})).status_code == 303
        [sent] = await taken_up(http, code)
        assert re.fullmatch(r"[0-9a-f]{32}", sent["headers"]["idempotency-key"])
        assert "injected" not in sent["headers"]


async def test_codes_are_tried_no_faster_than_any_public_operation_and_the_page_says_so(gateway):
    async with gateway.http(headers=HTML) as http:
        statuses = [(await http.post("/invitation", data={**FORM, "code": "USED-USED"})) for _ in range(60)]
    refused = [answer for answer in statuses if answer.status_code == 429]
    assert refused
    assert "Trop de requêtes" in refused[0].text
    assert int(refused[0].headers["retry-after"]) >= 1
