"""The routing table is the services' OpenAPI documents: what they do not promise does not exist here."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gateway.refusals import MethodNotAllowed, NonCanonicalPath, UnknownRoute

PREFIX = "/api/v1/"
METHODS = ("get", "put", "post", "delete", "patch")
Access = Literal["public", "signed-in", "scopes"]

# RFC 3986 in its one normal form: no empty, `.` or `..` segment, upper-case escapes, and none of an unreserved
# character, a slash, a backslash, a percent sign or a control character. Two spellings of one path would let a caller
# pass the door under one name and reach the service under another.
_SEGMENT = (
    rb"(?!\.{1,2}(?:/|$))"
    rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]"
    rb"|%(?![01]|2[5DEF]|3[0-9]|4[1-9A-F]|5[0-9ACF]|6[1-9A-F]|7[0-9AEF])[0-9A-F]{2})+"
)
_WHOLE = re.compile(r"[A-Za-z0-9\-._~]+|\{\w+\}")
_PLAIN = re.compile(rb"(?:/[A-Za-z0-9\-_~]+)+")  # nearly every path, at a tenth of the cost
_CANONICAL = re.compile(rb"/(?:" + _SEGMENT + rb"(?:/" + _SEGMENT + rb")*)?")


class RoutingError(Exception):
    """The contracts cannot be routed; the gateway does not start."""


class UnguardedOperation(RoutingError):  # noqa: N818 - it reads as what happened
    """An operation names no scopes, and does not say `x-access: public` or `signed-in`."""


class AmbiguousOperations(RoutingError):  # noqa: N818 - it reads as what happened
    """Two operations match one and the same path."""


class ForeignPath(RoutingError):  # noqa: N818 - it reads as what happened
    """A service promises a path outside the API's prefix, or one whose segments are not plain or one parameter."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: whose it is, who may call it, and how its body travels."""

    service: str
    method: str
    template: str
    access: Access
    scopes: frozenset[str]
    upload: bool = False
    stream: bool = False
    sign_in_limit: bool = False


class Routes:
    """Finds the operation of a method and raw path; built once from `{service: OpenAPI document}`."""

    def __init__(self, documents: Mapping[str, Mapping[str, Any]]) -> None:
        self.all = tuple(route for service, document in documents.items() for route in routes_of(service, document))
        refuse_ambiguous(self.all)
        self._exact = {
            (route.method, route.template.encode()): route for route in self.all if "{" not in route.template
        }
        self._methods = sorted({route.method for route in self.all})
        by_depth: dict[tuple[str, int], list[Route]] = {}
        for route in self.all:
            by_depth.setdefault((route.method, route.template.count("/")), []).append(route)
        self._patterns = {key: (_pattern(routes), routes) for key, routes in by_depth.items()}

    def find(self, method: str, path: bytes) -> Route:
        """Return the operation; raise NonCanonicalPath, UnknownRoute or MethodNotAllowed."""
        found = self._exact.get((method, path))
        if found is not None:
            return found
        if not is_canonical(path):
            raise NonCanonicalPath
        found = self._match(method, path)
        if found is not None:
            return found
        allowed = [other for other in self._methods if self._match(other, path)]
        raise MethodNotAllowed(allowed) if allowed else UnknownRoute

    def _match(self, method: str, path: bytes) -> Route | None:
        pattern, routes = self._patterns.get((method, path.count(b"/")), (None, []))
        found = pattern.fullmatch(path) if pattern is not None else None
        return routes[found.lastindex - 1] if found is not None and found.lastindex is not None else None


def _pattern(routes: Iterable[Route]) -> re.Pattern[bytes]:
    """Return one pattern whose n-th group is the n-th route; no path matches two, `refuse_ambiguous` has seen to it."""
    templates = (re.sub(r"\\{\w+\\}", "[^/]+", re.escape(route.template)) for route in routes)
    return re.compile("|".join(f"({template})" for template in templates).encode())


def is_canonical(path: bytes) -> bool:
    """Say whether the raw path is written in its one normal form."""
    return _PLAIN.fullmatch(path) is not None or _CANONICAL.fullmatch(path) is not None


def routes_of(service: str, document: Mapping[str, Any]) -> Iterator[Route]:
    """Read a service's operations; raise UnguardedOperation or ForeignPath."""
    for template, item in document["paths"].items():
        _refuse_foreign(service, template)
        for method in METHODS:
            if method in item:
                yield _route(service, method.upper(), template, item[method])


def _route(service: str, method: str, template: str, operation: Mapping[str, Any]) -> Route:
    access, scopes = _access(service, method, template, operation)
    stream = any("text/event-stream" in answer.get("content", {}) for answer in operation["responses"].values())
    if stream and access == "public":
        raise UnguardedOperation(f"{service}: {method} {template} is a stream, which ends with its reader's access")
    return Route(
        service=service,
        method=method,
        template=template,
        access=access,
        scopes=scopes,
        upload=bool(operation.get("x-upload")),
        stream=stream,
        sign_in_limit=operation.get("x-limit") == "sign-in",
    )


def _access(service: str, method: str, template: str, operation: Mapping[str, Any]) -> tuple[Access, frozenset[str]]:
    declared = operation.get("x-access")
    scopes = frozenset(
        scope for requirement in operation.get("security", []) for names in requirement.values() for scope in names
    )
    if declared is None and scopes and len(operation["security"]) == 1:
        return "scopes", scopes
    if declared in ("public", "signed-in") and not scopes:
        return declared, scopes
    raise UnguardedOperation(f"{service}: {method} {template}")


def _refuse_foreign(service: str, template: str) -> None:
    segments = template.removeprefix(PREFIX).split("/")
    # Unreserved characters alone: they have one spelling, while RFC 3986 lets `!` and `%21` both stand.
    if not template.startswith(PREFIX) or not all(_WHOLE.fullmatch(segment) for segment in segments):
        raise ForeignPath(f"{service}: {template}")


def refuse_ambiguous(routes: Iterable[Route]) -> None:
    """Raise AmbiguousOperations where some path would match two operations of one method."""
    seen: list[Route] = []
    for route in routes:
        for other in seen:
            if route.method == other.method and overlap(route.template, other.template):
                raise AmbiguousOperations(f"{route.method} {route.template} and {other.template}")
        seen.append(route)


def overlap(one: str, other: str) -> bool:
    """Say whether some path matches both templates."""
    left, right = one.split("/"), other.split("/")
    return len(left) == len(right) and all(
        a == b or a.startswith("{") or b.startswith("{") for a, b in zip(left, right, strict=True)
    )
