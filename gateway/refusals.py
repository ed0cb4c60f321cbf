"""What the gateway refuses by itself: stable codes, and what each says to people."""

from collections.abc import Sequence

from kit import auth, keyset
from kit.problems import Problem, Refusal


class GatewayRefusal(Refusal):
    """A refusal of the gateway; `headers` go out with the problem, `close` ends the connection after it."""

    headers: Sequence[tuple[bytes, bytes]] = ()
    close = False


class Malformed(GatewayRefusal):
    """The request contradicts itself, so that two readers could read two requests."""

    code = "gateway.malformed-request"
    close = True


class NonCanonicalPath(GatewayRefusal):
    """The path is not in its one normal form."""

    code = "gateway.non-canonical-path"


class UnknownRoute(GatewayRefusal):
    """No service promises this path."""

    code = "gateway.unknown-route"


class MethodNotAllowed(GatewayRefusal):
    """The path exists, with other methods."""

    code = "gateway.method-not-allowed"

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__()
        self.headers = [(b"allow", ", ".join(allowed).encode())]


class BodyTooLarge(GatewayRefusal):
    """The body passes 256 KiB."""

    code = "gateway.body-too-large"
    close = True


class HeadersTooLarge(GatewayRefusal):
    """The request's head passes 16 KiB."""

    code = "gateway.headers-too-large"
    close = True


class TooSlow(GatewayRefusal):
    """The request did not arrive within 15 s."""

    code = "gateway.request-too-slow"
    close = True


class UpstreamUnavailable(GatewayRefusal):
    """The service did not take the request, or ended the connection before its answer."""

    code = "gateway.service-unavailable"


class UpstreamTooSlow(GatewayRefusal):
    """The service did not answer within 15 s; whether it did the work is unknown."""

    code = "gateway.service-too-slow"


class Unavailable(GatewayRefusal):
    """The gateway's own database does not answer; no service was asked for anything."""

    code = "gateway.unavailable"


class AccessUnknown(GatewayRefusal):
    """The revocations were last read more than 4 s ago, so nobody may be let in on their word."""

    code = "gateway.access-unknown"


class AccessEnded(GatewayRefusal):
    """The session was ended, or the organisation, person or application was suspended."""

    code = "auth.access-ended"


class CrossSite(GatewayRefusal):
    """A change asked with a cookie from another site, or without proof that our own page asked it."""

    code = "auth.cross-site"


class NoOrganizationChosen(GatewayRefusal):
    """The person is signed in and belongs to several organisations, or to none, and has not chosen."""

    code = "auth.organization-not-chosen"


class NotYourOrganization(GatewayRefusal):
    """The person does not belong to the organisation they chose."""

    code = "auth.not-your-organization"


class SignInFailed(GatewayRefusal):
    """The sign-in could not be completed: stale, begun elsewhere, or refused by the identity server."""

    code = "auth.sign-in-failed"


class SignInUnavailable(GatewayRefusal):
    """The identity server does not answer."""

    code = "auth.sign-in-unavailable"


class InvalidLogoutToken(GatewayRefusal):
    """The back-channel logout token is not one (OpenID Connect Back-Channel Logout 1.0, 2.6)."""

    code = "auth.invalid-logout-token"


class TooManyRequests(GatewayRefusal):
    """A limit is spent; `headers` say when to come back."""

    code = "gateway.too-many-requests"

    def __init__(self, headers: Sequence[tuple[bytes, bytes]], seconds: int) -> None:
        super().__init__()
        self.headers = [*headers, (b"retry-after", str(seconds).encode())]


class TooManyStreams(GatewayRefusal):
    """The caller holds as many open streams as one may."""

    code = "gateway.too-many-streams"
    headers = ((b"retry-after", b"30"),)


class Unexpected(GatewayRefusal):
    """The gateway itself failed."""

    code = "gateway.unexpected"


_RETRY = {"next_fr": "Réessayez dans quelques secondes.", "next_en": "Try again in a few seconds."}
_CORRECT = {"next_fr": "Corrigez la requête.", "next_en": "Correct the request."}
_SIGN_IN = {"next_fr": "Recommencez la connexion.", "next_en": "Start signing in again."}

PROBLEMS: dict[str, Problem] = {
    **auth.PROBLEMS,
    **keyset.PROBLEMS,
    Malformed.code: Problem(400, fr="Cette requête se contredit", en="This request contradicts itself", **_CORRECT),
    NonCanonicalPath.code: Problem(
        400,
        fr="Cette adresse n'est pas écrite sous sa forme normale",
        en="This address is not written in its normal form",
        next_fr="Écrivez le chemin sans `//`, `.`, `..`, barre finale ni échappement inutile.",
        next_en="Write the path without `//`, `.`, `..`, a final slash or a needless escape.",
    ),
    UnknownRoute.code: Problem(
        404,
        fr="Il n'y a rien à cette adresse",
        en="There is nothing at this address",
        next_fr="La documentation se trouve à /docs.",
        next_en="The documentation is at /docs.",
    ),
    MethodNotAllowed.code: Problem(
        405,
        fr="Cette adresse n'accepte pas cette méthode",
        en="This address does not take this method",
        next_fr="L'en-tête `Allow` nomme les méthodes acceptées.",
        next_en="The `Allow` header names the methods it takes.",
    ),
    BodyTooLarge.code: Problem(
        413,
        fr="Le contenu envoyé dépasse 256 Kio",
        en="The content sent exceeds 256 KiB",
        next_fr="Envoyez moins à la fois.",
        next_en="Send less at a time.",
    ),
    HeadersTooLarge.code: Problem(431, fr="Les en-têtes dépassent 16 Kio", en="The headers exceed 16 KiB", **_CORRECT),
    TooSlow.code: Problem(
        408, fr="La requête a mis plus de 15 s à arriver", en="The request took more than 15 s to arrive", **_RETRY
    ),
    UpstreamUnavailable.code: Problem(
        503, fr="Ce service est momentanément indisponible", en="This service is unavailable at the moment", **_RETRY
    ),
    UpstreamTooSlow.code: Problem(
        504,
        fr="Ce service n'a pas répondu en 15 s; votre demande a pu aboutir ou non",
        en="This service did not answer within 15 s; your request may or may not have been done",
        next_fr="Vérifiez, puis recommencez avec la même clé d'idempotence.",
        next_en="Check, then repeat with the same idempotency key.",
    ),
    Unavailable.code: Problem(
        503,
        fr="Le système est momentanément indisponible",
        en="The system is unavailable at the moment",
        **_RETRY,
    ),
    AccessUnknown.code: Problem(
        503,
        fr="Les accès ne peuvent être vérifiés en ce moment",
        en="Access cannot be checked at the moment",
        **_RETRY,
    ),
    AccessEnded.code: Problem(
        401,
        fr="Votre accès a pris fin",
        en="Your access has ended",
        next_fr="Connectez-vous de nouveau, ou parlez à la coordination de votre organisation.",
        next_en="Sign in again, or speak to your organisation's coordinator.",
    ),
    CrossSite.code: Problem(
        403,
        fr="Cette demande ne vient pas de nos pages",
        en="This request does not come from our pages",
        next_fr="Avec un témoin, envoyez `X-Requested-With` ou le jeton de formulaire depuis la même origine.",
        next_en="With a cookie, send `X-Requested-With` or the form token from the same origin.",
    ),
    NoOrganizationChosen.code: Problem(
        403,
        fr="Choisissez l'organisation au nom de laquelle vous agissez",
        en="Choose the organisation you act for",
        next_fr="Le choix se fait à /auth/organization.",
        next_en="You choose it at /auth/organization.",
    ),
    NotYourOrganization.code: Problem(
        403,
        fr="Vous ne faites pas partie de cette organisation",
        en="You do not belong to this organisation",
        next_fr="Choisissez-en une autre à /auth/organization.",
        next_en="Choose another at /auth/organization.",
    ),
    SignInFailed.code: Problem(400, fr="La connexion n'a pas abouti", en="The sign-in was not completed", **_SIGN_IN),
    SignInUnavailable.code: Problem(
        503,
        fr="La connexion est momentanément impossible",
        en="Signing in is not possible at the moment",
        **_RETRY,
    ),
    InvalidLogoutToken.code: Problem(
        400, fr="Ce jeton de déconnexion n'est pas valable", en="This logout token is not valid", **_CORRECT
    ),
    TooManyRequests.code: Problem(
        429,
        fr="Trop de requêtes en peu de temps",
        en="Too many requests in a short time",
        next_fr="Attendez le nombre de secondes de `Retry-After`.",
        next_en="Wait for the number of seconds in `Retry-After`.",
    ),
    TooManyStreams.code: Problem(
        429,
        fr="Trop de flux ouverts à la fois",
        en="Too many streams open at once",
        next_fr="Fermez-en un avant d'en ouvrir un autre.",
        next_en="Close one before opening another.",
    ),
    Unexpected.code: Problem(
        500,
        fr="Une erreur est survenue chez nous",
        en="An error occurred on our side",
        next_fr="Réessayez; si l'erreur persiste, donnez le numéro de requête à la coordination.",
        next_en="Try again; if it persists, give the request id to the coordination.",
    ),
}
"""Each code the gateway can answer, by itself."""
