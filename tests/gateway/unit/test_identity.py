"""ID and logout tokens one must not believe, rule by rule."""

import base64
import json

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from gateway.identity import LOGOUT_AGE, LOGOUT_EVENT, IdentityTokens
from kit.auth import LEEWAY, InvalidToken
from kit.testing import ManualClock, tokens

CLOCK = ManualClock()
NOW = int(CLOCK().timestamp())
NONCE = "the nonce this sign-in began with"
ABSENT = object()

ISSUED = {"iss": tokens.ISSUER, "aud": "gateway", "iat": NOW, "exp": NOW + 300}
IDENTITY = {**ISSUED, "typ": "ID", "azp": "gateway", "sub": "u-1", "nonce": NONCE}
LOGOUT = {**ISSUED, "typ": "Logout", "sub": "u-1", "sid": "s-1", "events": {LOGOUT_EVENT: {}}}

# What makes either kind of token somebody else's, or nobody's.
FOR_BOTH = [
    {"iss": "https://evil.example/realms/coalition"},
    {"iss": tokens.ISSUER + "/"},
    {"iss": ABSENT},
    {"aud": "coalition-api"},
    {"aud": ["another", "coalition-api"]},
    {"aud": []},
    {"aud": ABSENT},
    {"iat": ABSENT},
    {"iat": None},
    {"iat": "2099"},
    {"iat": NOW + LEEWAY + 1},
    {"exp": NOW - LEEWAY - 1},
    {"exp": "2099"},
    {"nbf": NOW + LEEWAY + 1},
]
NOT_AN_ID_TOKEN = [
    *FOR_BOTH,
    {"nonce": "of another sign-in"},
    {"nonce": ABSENT},
    {"nonce": None},
    {"nonce": [NONCE]},
    {"azp": "another-client"},
    {"azp": ABSENT},
    {"aud": ["gateway", "another"], "azp": "another"},
    {"aud": ["gateway", "another"], "azp": ABSENT},
    {"exp": ABSENT},
    {"sub": ABSENT},
    {"typ": "Bearer"},
    {"typ": "Logout"},
    {"typ": ABSENT},
]
NOT_A_LOGOUT_TOKEN = [
    *FOR_BOTH,
    {"iat": NOW - LOGOUT_AGE},
    {"iat": NOW - LOGOUT_AGE - 3600, "exp": NOW + 300},
    {"events": ABSENT},
    {"events": {}},
    {"events": {"http://schemas.openid.net/event/other": {}}},
    {"events": [LOGOUT_EVENT]},
    {"events": LOGOUT_EVENT},
    {"nonce": NONCE},
    {"nonce": None},
    {"sid": ABSENT, "sub": ABSENT},
    {"sid": {"$ne": None}},
    {"sub": ["u-1"]},
]


@pytest.fixture
def identity():
    return IdentityTokens(tokens.verifier(CLOCK), tokens.ISSUER, "gateway", CLOCK)


def with_changes(claims, changes):
    return {name: value for name, value in {**claims, **changes}.items() if value is not ABSENT}


async def reads_id(identity, token):
    return await identity.id_token(token, NONCE)


async def reads_logout(identity, token):
    return await identity.logout_token(token)


KINDS = pytest.mark.parametrize(
    ("reads", "claims"), [(reads_id, IDENTITY), (reads_logout, LOGOUT)], ids=["ID", "logout"]
)


@KINDS
async def test_a_token_that_keeps_every_rule_is_read(identity, reads, claims):
    assert await reads(identity, tokens.sign(claims)) == claims
    both = {**claims, "aud": ["gateway", "another"]}
    assert await reads(identity, tokens.sign(both)) == both


@pytest.mark.parametrize("changes", NOT_AN_ID_TOKEN)
async def test_what_breaks_one_rule_is_no_id_token(identity, changes):
    with pytest.raises(InvalidToken):
        await identity.id_token(tokens.sign(with_changes(IDENTITY, changes)), NONCE)


@pytest.mark.parametrize("changes", NOT_A_LOGOUT_TOKEN)
async def test_what_breaks_one_rule_is_no_logout_token(identity, changes):
    with pytest.raises(InvalidToken):
        await identity.logout_token(tokens.sign(with_changes(LOGOUT, changes)))


@pytest.mark.parametrize("changes", [{"sid": ABSENT}, {"sub": ABSENT}, {"exp": ABSENT}, {"iat": NOW - LOGOUT_AGE + 1}])
async def test_a_logout_token_may_name_the_session_or_the_person_and_have_no_end(identity, changes):
    claims = with_changes(LOGOUT, changes)
    assert await identity.logout_token(tokens.sign(claims)) == claims


async def test_one_kind_of_token_is_never_read_as_another(identity):
    access = tokens.token(at=CLOCK(), aud=["gateway", tokens.AUDIENCE], nonce=NONCE)
    for reads, token in (
        (reads_id, tokens.sign(LOGOUT)),
        (reads_id, access),
        (reads_logout, tokens.sign(IDENTITY)),
        (reads_logout, access),
    ):
        with pytest.raises(InvalidToken):
            await reads(identity, token)


def encoded(part) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def unsigned(claims) -> str:
    return f"{encoded({'alg': 'none', 'kid': tokens.KEY.kid})}.{encoded(claims)}."


def with_the_public_key_as_secret(claims) -> str:
    pem = tokens.KEY.as_pem(private=False).replace(b"-----BEGIN PUBLIC KEY-----", b"")
    return jwt.encode({"alg": "HS256", "kid": tokens.KEY.kid}, claims, OctKey.import_key(pem))


def by_another_key(claims) -> str:
    return jwt.encode({"alg": "RS256", "kid": tokens.KEY.kid}, claims, RSAKey.generate_key(2048))


def altered(claims) -> str:
    header, _, signature = tokens.sign(claims).split(".")
    return f"{header}.{encoded({**claims, 'sub': 'u-2'})}.{signature}"


def cut_short(claims) -> str:
    return tokens.sign(claims).rsplit(".", 1)[0]


@KINDS
@pytest.mark.parametrize(
    "forge", [unsigned, with_the_public_key_as_secret, by_another_key, altered, cut_short, lambda _: ""]
)
async def test_what_the_realm_did_not_sign_is_believed_in_nothing(identity, reads, claims, forge):
    with pytest.raises(InvalidToken):
        await reads(identity, forge(claims))
