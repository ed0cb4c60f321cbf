"""The one mapper from what went wrong to RFC 9457: no route catches anything."""

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from pymongo.errors import ConnectionFailure, PyMongoError, WTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from kit.mongo import VersionConflict
from kit.outbox import MessageTooLarge
from kit.problems import CODE_OF_STATUS, Problem, Refusal, Stale, body_of, language_of, rendered
from kit.telemetry import request_id

log = structlog.get_logger()

Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]


class Mapper:
    """Turns each error into its problem; `known_names` gives the field names of the contract."""

    def __init__(self, catalogue: Mapping[str, Problem], known_names: Callable[[], frozenset[str]]) -> None:
        self._catalogue = catalogue
        self._known_names = known_names

    def handlers(self, errors: Iterable[type[Exception]]) -> dict[int | type[Exception], Handler]:
        """Return the exception handlers of an app whose domain errors derive from `errors`."""
        found: dict[int | type[Exception], Handler] = dict.fromkeys((Refusal, MessageTooLarge, *errors), self._refusal)
        return found | {
            VersionConflict: self._conflict,
            HTTPException: self._status,
            RequestValidationError: self._invalid,
            PyMongoError: self._database,
        }

    def _say(self, request: Request, code: str, **more: Any) -> Response:
        return respond(request, code, self._catalogue[code], **more)

    async def _refusal(self, request: Request, error: Any) -> Response:
        return self._say(
            request, error.code, detail=getattr(error, "detail", None), errors=getattr(error, "errors", ())
        )

    async def _conflict(self, request: Request, error: VersionConflict) -> Response:
        return self._say(request, Stale.code if "if-match" in request.headers else error.code)

    async def _status(self, request: Request, error: HTTPException) -> Response:
        response = self._say(request, CODE_OF_STATUS.get(error.status_code, "request.refused"))
        if allowed := (error.headers or {}).get("Allow"):
            response.headers["Allow"] = allowed
        return response

    async def _invalid(self, request: Request, error: RequestValidationError) -> Response:
        found = error.errors()
        if isinstance(error.body, bytes) and error.body:
            return self._say(request, "request.unsupported-media-type")
        if any(each["type"] == "json_invalid" for each in found):
            return self._say(request, "request.malformed")
        known = self._known_names()
        return self._say(request, "request.invalid", errors=[_place(each, known) for each in found])

    async def _database(self, request: Request, error: PyMongoError) -> Response:
        if not _passing(error):
            raise error
        log.warning("database.unavailable", error=type(error).__name__)
        return self._say(request, "service.unavailable")


def respond(
    request: Request,
    code: str,
    problem: Problem,
    *,
    detail: str | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> Response:
    """Return the problem as a response in the caller's language."""
    language = language_of(request.headers.get("accept-language"))
    body = body_of(code, problem, language, request_id.get(), detail=detail, errors=errors)
    content, headers = rendered(body, language)
    response = Response(status_code=problem.status)
    response.body, response.raw_headers = content, headers
    return response


def unmapped(catalogue: Mapping[str, Problem], errors: Iterable[type[Exception]]) -> set[str]:
    """Return the codes of these errors and of all that derive from them that say nothing to people."""
    below = {code for error in errors for code in _codes(error)}
    return below - catalogue.keys()


def _codes(error: type[Exception]) -> set[str]:
    children = error.__subclasses__()
    code = getattr(error, "code", None)
    own = {str(code)} if code and not children else set()
    return own.union(*(_codes(child) for child in children))


def _passing(error: PyMongoError) -> bool:
    """Say whether the database is out of reach for now, rather than asked something wrong."""
    transient = error.has_error_label("TransientTransactionError")
    return transient or error.timeout or isinstance(error, ConnectionFailure | WTimeoutError)


def _place(error: Mapping[str, Any], known: frozenset[str]) -> dict[str, str]:
    """Say where and what is wrong without a word of the input: even a field's name may have been typed."""
    source, *path = error["loc"]
    steps = [str(step) if isinstance(step, int) or step in known else "*" for step in path]
    pointer = "/".join(["#", *steps] if source == "body" else [str(source), *steps])
    return {"pointer": pointer, "code": str(error["type"])}
