"""A request's head: what of it may travel on, what the gateway reads itself, and the rest, which is dropped."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.refusals import BodyTooLarge, Malformed

BODY_LIMIT = 256 * 1024
UPLOAD_LIMIT = 32 * 1024 * 1024

# The only request headers a service ever sees from outside. A list of what may pass, not of what may not: an identity
# or forwarding header nobody thought of (`X-User`, `Forwarded`, `X-Original-URL`) is dropped like the known ones.
FORWARDED: dict[bytes, str] = {
    b"accept": "Accept",
    b"accept-language": "Accept-Language",
    b"content-type": "Content-Type",
    b"idempotency-key": "Idempotency-Key",
    b"if-match": "If-Match",
    b"if-none-match": "If-None-Match",
    b"last-event-id": "Last-Event-ID",
    b"prefer": "Prefer",
}
_LISTS = frozenset({b"accept", b"accept-language", b"if-match", b"if-none-match", b"prefer"})
_SINGLE = frozenset(
    {b"authorization", b"content-length", b"transfer-encoding", b"host", b"origin", b"sec-fetch-site", b"upgrade"}
    | {b"x-requested-with"}
)
_JOINED = {b"cookie": b"; ", b"x-forwarded-for": b", "}


@dataclass(slots=True)
class Head:
    """`forwarded` goes to the service; `own` is for the gateway alone, by lower-case name."""

    forwarded: dict[str, str] = field(default_factory=dict)
    own: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def has_body(self) -> bool:
        """Say whether a body was announced."""
        return b"transfer-encoding" in self.own or self.own.get(b"content-length", b"0") != b"0"


def read_head(headers: Iterable[tuple[bytes, bytes]]) -> Head:
    """Sort the headers; raise Malformed when one that must stand alone comes twice, or is missing."""
    head = Head()
    for name, value in headers:
        label = FORWARDED.get(name)
        if label is not None:
            _forward(head, name, label, value)
        elif name in _JOINED:
            head.own[name] = head.own[name] + _JOINED[name] + value if name in head.own else value
        elif name in _SINGLE:
            if name in head.own:
                raise Malformed
            head.own[name] = value
    _refuse_contradictions(head)
    return head


def _forward(head: Head, name: bytes, label: str, value: bytes) -> None:
    text = value.decode("latin-1")
    if label in head.forwarded:
        if name not in _LISTS:
            raise Malformed
        text = f"{head.forwarded[label]}, {text}"
    head.forwarded[label] = text


def _refuse_contradictions(head: Head) -> None:
    own = head.own
    if b"host" not in own or (b"upgrade" in own and head.has_body):
        raise Malformed
    if b"transfer-encoding" in own and (b"content-length" in own or own[b"transfer-encoding"].lower() != b"chunked"):
        raise Malformed


def content_length(head: Head, limit: int) -> int | None:
    """Return the announced length; raise Malformed, or BodyTooLarge when it passes the limit."""
    announced = head.own.get(b"content-length")
    if announced is None:
        return None
    if not announced.isdigit():
        raise Malformed
    length = int(announced[:20])
    if length > limit:
        raise BodyTooLarge
    return length
