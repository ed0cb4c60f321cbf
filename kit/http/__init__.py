"""HTTP services: one app factory, one mapper of refusals, versions, pages, idempotency, and the server loop."""

from kit.http.app import create_app, stopping
from kit.http.once import INDEXES, Once, once, once_public
from kit.http.page import Page, decode_cursor, encode_cursor
from kit.http.reply import reply
from kit.http.server import serve
from kit.http.version import Expected, etag, require_version

__all__ = [
    "INDEXES",
    "Expected",
    "Once",
    "Page",
    "create_app",
    "decode_cursor",
    "encode_cursor",
    "etag",
    "once",
    "once_public",
    "reply",
    "require_version",
    "serve",
    "stopping",
]
