"""Lists a page at a time, by cursors that say nothing and cannot be made up."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import bson
from bson.codec_options import CodecOptions
from bson.errors import BSONError
from pydantic import BaseModel, Field

from kit.problems import MalformedCursor

T = TypeVar("T")

_MAC_BYTES = 16
_LONGEST = 1024
_AWARE: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is the cursor of the following one, null on the last."""

    items: list[T]
    next: str | None = Field(default=None, description="Send it back as `cursor` for the following page.")


def encode_cursor(key: bytes, purpose: str, position: Sequence[Any]) -> str:
    """Return a cursor of the last row's sort values (text, numbers, instants in ms), bound to one list by `purpose`.

    Put into `purpose` whatever the cursor must not be carried across: the list's name, the organisation, the filters.
    """
    body = bson.encode({"p": list(position)})
    return urlsafe_b64encode(_mac(key, purpose, body) + body).rstrip(b"=").decode()


def decode_cursor(key: bytes, purpose: str, cursor: str) -> tuple[Any, ...]:
    """Return the sort values of a cursor made with this key and purpose; raises `MalformedCursor` (400)."""
    if len(cursor) > _LONGEST:
        raise MalformedCursor
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not hmac.compare_digest(mac, _mac(key, purpose, body)):
            raise MalformedCursor
        return tuple(bson.decode(body, codec_options=_AWARE)["p"])
    except (ValueError, KeyError, BSONError) as error:
        raise MalformedCursor from error


def _mac(key: bytes, purpose: str, body: bytes) -> bytes:
    message = b"cursor\0" + purpose.encode() + b"\0" + body
    return hmac.digest(key, message, "sha256")[:_MAC_BYTES]
