"""A refusal's stable code, and what it says to people in both languages (RFC 9457)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

Language = Literal["fr", "en"]

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Problem:
    """What one error code answers: HTTP status, title in both languages, and what to do next."""

    status: int
    fr: str
    en: str
    next_fr: str
    next_en: str


class Refusal(Exception):  # noqa: N818  # a refusal is an answer, not a fault
    """The root of the kit's own coded errors."""

    code: ClassVar[str]


class Stale(Refusal):
    """What the caller read has changed since: `If-Match` names another version."""

    code = "request.stale"


class PreconditionMissing(Refusal):
    """The operation changes what somebody else may have changed, and came without `If-Match`."""

    code = "request.precondition-missing"


class MalformedCursor(Refusal):
    """The cursor is not one we gave for this list."""

    code = "request.malformed-cursor"


class KeyReused(Refusal):
    """The idempotency key came before with another request."""

    code = "request.key-reused"


class InProgress(Refusal):
    """The same request, under the same idempotency key, is being carried out at this moment."""

    code = "request.in-progress"


PROBLEMS: dict[str, Problem] = {
    "request.malformed": Problem(
        400,
        fr="La requête est illisible",
        en="The request cannot be read",
        next_fr="Vérifiez le format de la requête et de ses en-têtes.",
        next_en="Check the form of the request and of its headers.",
    ),
    MalformedCursor.code: Problem(
        400,
        fr="Cette page de la liste n'existe pas",
        en="This page of the list does not exist",
        next_fr="Reprenez la liste depuis le début.",
        next_en="Start the list again from its beginning.",
    ),
    "request.not-found": Problem(
        404,
        fr="Introuvable",
        en="Not found",
        next_fr="Vérifiez l'adresse.",
        next_en="Check the address.",
    ),
    "request.method-not-allowed": Problem(
        405,
        fr="Cette action n'existe pas à cette adresse",
        en="This address does not offer this action",
        next_fr="Voyez dans la documentation les actions offertes ici.",
        next_en="See in the documentation which actions are offered here.",
    ),
    InProgress.code: Problem(
        409,
        fr="La même requête est déjà en cours",
        en="The same request is already under way",
        next_fr="Attendez une seconde, puis renvoyez-la avec la même clé.",
        next_en="Wait a second, then send it again with the same key.",
    ),
    "kit.version-conflict": Problem(
        409,
        fr="Quelqu'un d'autre vient de faire un changement ici",
        en="Somebody else has just made a change here",
        next_fr="Relisez l'information, puis recommencez si c'est encore utile.",
        next_en="Read the information again, then retry if it still makes sense.",
    ),
    Stale.code: Problem(
        412,
        fr="Ce que vous aviez lu a changé depuis",
        en="What you had read has changed since",
        next_fr="Relisez l'information, puis recommencez avec son nouvel ETag.",
        next_en="Read the information again, then retry with its new ETag.",
    ),
    "request.too-large": Problem(
        413,
        fr="La requête est trop volumineuse",
        en="The request is too large",
        next_fr="Envoyez moins d'information à la fois.",
        next_en="Send less information at once.",
    ),
    "kit.message-too-large": Problem(
        413,
        fr="Cette demande contient trop d'éléments",
        en="This request holds too many items",
        next_fr="Répartissez-les en plusieurs demandes.",
        next_en="Split them over several requests.",
    ),
    "request.unsupported-media-type": Problem(
        415,
        fr="Ce format n'est pas accepté",
        en="This format is not accepted",
        next_fr="Envoyez du JSON, avec `Content-Type: application/json`.",
        next_en="Send JSON, with `Content-Type: application/json`.",
    ),
    "request.invalid": Problem(
        422,
        fr="Certaines informations manquent ou ne conviennent pas",
        en="Some information is missing or does not fit",
        next_fr="Corrigez les éléments indiqués dans `errors`.",
        next_en="Correct the items that `errors` names.",
    ),
    KeyReused.code: Problem(
        422,
        fr="Cette clé d'idempotence a déjà servi à une autre requête",
        en="This idempotency key was already used for another request",
        next_fr="Prenez une clé nouvelle pour chaque nouvelle requête.",
        next_en="Take a new key for each new request.",
    ),
    PreconditionMissing.code: Problem(
        428,
        fr="Il faut dire quelle version vous changez",
        en="You must say which version you are changing",
        next_fr="Envoyez dans `If-Match` l'ETag reçu à la lecture.",
        next_en="Send in `If-Match` the ETag you received when reading.",
    ),
    "request.refused": Problem(
        400,
        fr="La requête est refusée",
        en="The request is refused",
        next_fr="Vérifiez la requête dans la documentation.",
        next_en="Check the request against the documentation.",
    ),
    "service.failed": Problem(
        500,
        fr="Quelque chose n'a pas fonctionné de notre côté",
        en="Something went wrong on our side",
        next_fr="Réessayez; si cela persiste, donnez-nous le numéro `request_id`.",
        next_en="Try again; if it goes on, give us the number `request_id`.",
    ),
    "service.unavailable": Problem(
        503,
        fr="Le service est momentanément indisponible",
        en="The service is unavailable at the moment",
        next_fr="Réessayez dans quelques secondes; rien n'est perdu.",
        next_en="Try again in a few seconds; nothing is lost.",
    ),
}
"""What the kit itself refuses, whatever the service."""

CODE_OF_STATUS: dict[int, str] = {
    400: "request.malformed",
    404: "request.not-found",
    405: "request.method-not-allowed",
    413: "request.too-large",
    415: "request.unsupported-media-type",
    422: "request.invalid",
    503: "service.unavailable",
}
"""The code of a bare HTTP status that the framework raised."""


def language_of(accept: str | None) -> Language:
    """Choose between French and English by an `Accept-Language` header (RFC 9110, 12.5.4); French when in doubt."""
    asked = dict.fromkeys(("fr", "en", "*"), -1.0)
    for item in (accept or "").lower().split(","):
        tag, _, parameter = item.strip().partition(";")
        language = tag.split("-")[0]
        if language in asked:
            asked[language] = max(asked[language], _weight(parameter))
    french, english = (asked["*"] if asked[known] < 0 else asked[known] for known in ("fr", "en"))
    return "en" if english > max(french, 0.0) else "fr"


def _weight(parameter: str) -> float:
    """Read `q=0.8`; 1 when there is none, 0 when it is not a number."""
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0


def body_of(
    code: str,
    problem: Problem,
    language: Language,
    request_id: str | None,
    *,
    detail: str | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """Return the problem's members; `detail` and `errors` are words of ours, never what somebody typed."""
    body: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": problem.fr if language == "fr" else problem.en,
        "status": problem.status,
        "code": code,
        "next": problem.next_fr if language == "fr" else problem.next_en,
        "request_id": request_id,
    }
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = [dict(error) for error in errors]
    return body


def rendered(body: Mapping[str, Any], language: Language) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Return the bytes of a problem and its HTTP headers, as ASGI sends them."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(content)).encode()),
        (b"content-language", language.encode()),
        (b"cache-control", b"no-store"),
        (b"vary", b"Accept-Language"),
    ]
    if body["status"] == 401:  # noqa: PLR2004 - RFC 6750, section 3: a 401 names the scheme
        headers.append((b"www-authenticate", b"Bearer"))
    if body["status"] == 503:  # noqa: PLR2004 - RFC 9110, 10.2.3
        headers.append((b"retry-after", b"5"))
    return content, headers


def refuses(*codes: str, access: Literal["public", "signed-in"] | None = None) -> dict[str, Any]:
    """Return a route's `openapi_extra`: the codes it may answer beyond those every operation may, and its access.

    `access` is for an operation that asks for no scope; without one, the gateway refuses to start.
    """
    extra: dict[str, Any] = {"x-problems": sorted(codes)}
    return extra | ({"x-access": access} if access else {})


def documented(catalogue: Mapping[str, Problem], codes: Iterable[str]) -> dict[str, Any]:
    """Return the OpenAPI responses of these codes, one a status, each code pointing at its example in `components`.

    The document needs `SCHEMA` as its schema `Problem`, and `examples_of` the same codes. KeyError on an unknown code.
    """
    responses: dict[str, Any] = {}
    for code in sorted(set(codes), key=lambda code: (catalogue[code].status, code)):
        problem = catalogue[code]
        content = {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}
        blank = {"description": "", "content": {MEDIA_TYPE: content}}
        response = responses.setdefault(str(problem.status), blank)
        response["description"] = "; ".join(filter(None, (response["description"], f"`{code}`: {problem.en}")))
        response["content"][MEDIA_TYPE]["examples"][code] = {"$ref": f"#/components/examples/{code}"}
    return responses


def examples_of(catalogue: Mapping[str, Problem], codes: Iterable[str]) -> dict[str, Any]:
    """Return an example of each code, for an OpenAPI document's `components.examples`."""
    identity = "5b8efff7-98b3-41d4-91b4-4f5c6a7d8e9f"
    return {
        code: {"summary": catalogue[code].en, "value": body_of(code, catalogue[code], "fr", identity)}
        for code in sorted(set(codes))
    }


SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "type": "object",
    "description": "Why a request was refused (RFC 9457). `code` is stable; the words follow `Accept-Language`.",
    "required": ["type", "title", "status", "code", "next", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "A reference made of the code."},
        "title": {"type": "string", "description": "What happened, in the reader's language."},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable, for programs."},
        "next": {"type": "string", "description": "What to do now, in the reader's language."},
        "request_id": {"type": ["string", "null"], "description": "To give when asking for help."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer into the body, or `query/<name>`."},
                    "code": {"type": "string"},
                },
            },
        },
    },
}
"""The JSON schema of a problem, as OpenAPI documents show it."""
