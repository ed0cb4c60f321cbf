"""Tokens one must not believe, and the one form one may."""

import base64
import json
from datetime import timedelta
from hashlib import sha256

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from kit.auth import ALGORITHMS, CACHED_TOKENS, InvalidToken, OrganizationCount, Verifier
from kit.keyset import Keys, KeysUnavailable
from kit.testing import ManualClock, tokens

CLOCK = ManualClock()


def claims(**changes):
    return tokens.claims_of(**{"at": CLOCK(), **changes})


@pytest.fixture
def verifier():
    return tokens.verifier(CLOCK)


async def refuses(verifier, token):
    with pytest.raises(InvalidToken):
        await verifier.verify(token)


async def test_a_caseworkers_token_becomes_their_principal_in_one_organisation(verifier):
    token = tokens.sign(claims(organization="o-1", user="u-1", sid="s-1"))
    found = await verifier.verify(token)
    assert (found.user, found.organization, found.alias, found.session) == ("u-1", "o-1", "refuge-du-nord", "s-1")
    assert (found.family, found.sector, found.regime, found.kind) == ("ngo", "community", "private", "person")
    assert found.roles == {"caseworker"}
    assert found.scopes == tokens.SCOPES["caseworker"]
    assert verifier.known(token) == found


async def test_roles_of_the_realm_as_a_whole_count_for_nothing(verifier):
    token = tokens.sign(claims(scopes={"referral:read"}, realm_access={"roles": ["membership:decide"]}))
    assert (await verifier.verify(token)).scopes == {"referral:read"}


async def test_an_unsigned_token_is_refused(verifier):
    header = base64.urlsafe_b64encode(b'{"alg":"none","kid":"test-key"}').rstrip(b"=").decode()
    payload = tokens.sign(claims()).split(".")[1]
    for signature in ("", "AAAA"):
        await refuses(verifier, f"{header}.{payload}.{signature}")


@pytest.mark.parametrize("algorithm", ["HS256", "RS384", "RS512", "PS256", "ES384", "EdDSA", "none"])
def test_only_two_algorithms_are_known(algorithm):
    assert algorithm not in ALGORITHMS


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
async def test_our_own_key_with_another_algorithm_is_refused(verifier, algorithm):
    key = RSAKey.import_key(tokens.KEY.as_pem(private=True))
    await refuses(verifier, jwt.encode({"alg": algorithm, "kid": "test-key"}, claims(), key, algorithms=[algorithm]))


async def test_the_public_key_is_no_shared_secret(verifier):
    """Key confusion: HMAC made with the bytes of the RSA public key."""
    for secret in (tokens.KEY.as_pem(private=False), json.dumps(tokens.KEY.as_dict(private=False)).encode()):
        key = OctKey.import_key(secret.replace(b"-----BEGIN PUBLIC KEY-----", b""))
        await refuses(verifier, jwt.encode({"alg": "HS256", "kid": "test-key"}, claims(), key))


async def test_an_elliptic_signature_under_an_rsa_keys_name_is_refused(verifier):
    key = ECKey.generate_key("P-256")
    await refuses(verifier, jwt.encode({"alg": "ES256", "kid": "test-key"}, claims(), key))


async def test_another_key_under_our_keys_name_is_refused(verifier):
    await refuses(verifier, jwt.encode({"alg": "RS256", "kid": "test-key"}, claims(), RSAKey.generate_key(2048)))


async def test_keys_brought_along_in_the_header_are_not_used(verifier):
    own = RSAKey.generate_key(2048)
    for header in (
        {"jwk": own.as_dict(private=False)},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["MIIB"]},
    ):
        await refuses(verifier, jwt.encode({"alg": "RS256", "kid": "test-key", **header}, claims(), own))
        await refuses(verifier, jwt.encode({"alg": "RS256", "kid": "another", **header}, claims(), own))


@pytest.mark.parametrize("kid", ["", "../../dev/null", "' OR 1=1 --", "a" * 400, None, 7, ["test-key"]])
async def test_a_key_name_is_a_name_and_nothing_else(verifier, kid):
    await refuses(verifier, forged({"alg": "RS256", "kid": kid}))


def forged(header):
    encoded = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    _, payload, signature = tokens.sign(claims()).split(".")
    return f"{encoded}.{payload}.{signature}"


@pytest.mark.parametrize("critical", [["exp"], ["b64"], ["unknown"], []])
async def test_a_critical_extension_is_refused(verifier, critical):
    await refuses(verifier, forged({"alg": "RS256", "kid": "test-key", "crit": critical, "b64": True}))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example/realms/coalition"},
        {"iss": tokens.ISSUER + "/"},
        {"aud": "account"},
        {"aud": ["account", "other"]},
        {"typ": "ID"},
        {"typ": "Refresh"},
        {"typ": "Logout"},
        {"kind": "service"},
        {"exp": int(CLOCK().timestamp()) - 31},
        {"exp": float("inf")},
        {"exp": "2099"},
        {"nbf": int(CLOCK().timestamp()) + 31},
        {"sub": None},
        {"azp": None},
        {"organization": ["refuge-du-nord"]},
    ],
)
async def test_a_token_that_is_not_a_valid_access_token_of_ours_is_refused(verifier, changed):
    await refuses(verifier, tokens.sign(claims(**changed)))


@pytest.mark.parametrize("missing", ["iss", "aud", "exp", "sub", "azp", "typ", "kind"])
async def test_a_token_that_lacks_what_we_check_is_refused(verifier, missing):
    short = claims()
    del short[missing]
    await refuses(verifier, tokens.sign(short))


async def test_clocks_may_differ_by_half_a_minute(verifier):
    now = int(CLOCK().timestamp())
    assert await verifier.verify(tokens.sign(claims(exp=now - 29)))
    assert await verifier.verify(tokens.sign(claims(nbf=now + 29)))
    assert await verifier.verify(tokens.sign(claims(aud=["coalition-api", "other"])))


@pytest.mark.parametrize("organizations", [{}, None, "two"])
async def test_a_token_of_none_or_two_organisations_is_refused_with_a_clear_problem(verifier, organizations):
    one = claims()["organization"]["refuge-du-nord"]
    found = {"a": one, "b": one} if organizations == "two" else organizations
    with pytest.raises(OrganizationCount):
        await verifier.verify(tokens.sign(claims(organization="o") | {"organization": found}))


@pytest.mark.parametrize("broken", [{"org_id": []}, {"org_id": ["a", "b"]}, {"sector": []}, {"realm_access": []}])
async def test_an_organisation_whose_attributes_are_not_single_is_refused(verifier, broken):
    token = claims()
    token["organization"]["refuge-du-nord"] |= broken
    await refuses(verifier, tokens.sign(token))


async def test_organisations_that_are_no_map_are_refused(verifier):
    await refuses(verifier, tokens.sign(claims() | {"organization": ["refuge-du-nord"]}))


async def test_every_altered_character_is_noticed(verifier):
    token = tokens.sign(claims())
    for place in (5, token.index(".") + 20, len(token) - 20):
        altered = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        await refuses(verifier, altered)


@pytest.mark.parametrize(
    "token", ["", ".", "..", "...", "a.b.c", "é.é.é", "e30.e30.", "A" * 20_000, "{}", "[]", "bnVsbA.e30.e30"]
)
async def test_what_is_no_token_at_all_is_refused(verifier, token):
    await refuses(verifier, token)


async def test_a_verified_token_is_remembered_until_it_expires_and_no_longer():
    clock = ManualClock()
    verifier = tokens.verifier(clock)
    token = tokens.token(at=clock())
    await verifier.verify(token)
    clock.advance(timedelta(seconds=299))
    assert verifier.known(token)
    clock.advance(timedelta(seconds=2))
    assert verifier.known(token) is None
    clock.advance(timedelta(seconds=40))
    await refuses(verifier, token)


async def test_what_is_remembered_has_a_bound(verifier):
    found = await verifier.verify(tokens.sign(claims()))
    for number in range(CACHED_TOKENS + 10):
        verifier._remember(f"t-{number}", found)
    assert len(verifier._verified) == CACHED_TOKENS
    assert sha256(b"t-0").digest() not in verifier._verified


class Published:
    """An issuer's keys: they change, and it can be away."""

    def __init__(self) -> None:
        self.keys = tokens.jwks()["keys"]
        self.asked = 0
        self.away = False

    async def __call__(self):
        self.asked += 1
        if self.away:
            raise OSError
        return {"keys": self.keys}


def reading(published, clock):
    return Verifier(tokens.ISSUER, "", clock=clock, keys=Keys("", clock, published))


async def test_unknown_key_names_ask_the_issuer_at_most_once_a_minute():
    published, clock = Published(), ManualClock()
    verifier = reading(published, clock)
    await verifier.verify(tokens.token(at=clock()))
    for _ in range(50):
        await refuses(verifier, forged({"alg": "RS256", "kid": "unknown"}))
    assert published.asked == 1
    clock.advance(timedelta(minutes=1))
    for _ in range(50):
        await refuses(verifier, forged({"alg": "RS256", "kid": "unknown"}))
    assert published.asked == 2


async def test_a_new_key_is_taken_up_and_a_withdrawn_one_dropped():
    published, clock = Published(), ManualClock()
    verifier = reading(published, clock)
    await verifier.verify(tokens.token(at=clock()))
    fresh = RSAKey.generate_key(2048, {"kid": "fresh", "use": "sig"})
    published.keys = [fresh.as_dict(private=False)]
    clock.advance(timedelta(minutes=1))
    assert await verifier.verify(jwt.encode({"alg": "RS256", "kid": "fresh"}, tokens.claims_of(at=clock()), fresh))
    await refuses(verifier, tokens.token(at=clock()))


async def test_known_keys_serve_while_the_issuer_is_away():
    published, clock = Published(), ManualClock()
    verifier = reading(published, clock)
    await verifier.verify(tokens.token(at=clock()))
    published.away = True
    clock.advance(timedelta(minutes=30))
    assert await verifier.verify(tokens.token(at=clock()))


async def test_without_any_key_nobody_is_told_that_their_token_is_wrong():
    published, clock = Published(), ManualClock()
    published.away = True
    verifier = reading(published, clock)
    for _ in range(20):
        with pytest.raises(KeysUnavailable):
            await verifier.verify(tokens.token(at=clock()))
    assert published.asked == 1
    published.away = False
    clock.advance(timedelta(seconds=2))
    assert await verifier.verify(tokens.token(at=clock()))


async def test_keys_for_encryption_or_of_kinds_unknown_to_us_are_passed_over():
    published, clock = Published(), ManualClock()
    odd = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "s"},
        {"kty": "AKP", "kid": "q"},
        {"kty": "EC", "crv": "P-0", "kid": "e"},
    ]
    encrypting = {**tokens.KEY.as_dict(private=False), "kid": "enc", "use": "enc"}
    published.keys = [*odd, encrypting, *published.keys]
    verifier = reading(published, clock)
    assert await verifier.verify(tokens.token(at=clock()))
    await refuses(verifier, forged({"alg": "RS256", "kid": "enc"}))
