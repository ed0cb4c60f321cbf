"""What keeps a browser's cookie from being used by another site, and a sign-in from ending at one."""

import hmac
import re
from urllib.parse import parse_qs, urlsplit

from gateway.exchange import Exchange
from gateway.head import BODY_LIMIT
from gateway.refusals import CrossSite
from gateway.sealing import Sealing

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_TOKEN = "form_token"  # noqa: S105 - the name of a field
_FORM = "application/x-www-form-urlencoded"
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,2000}")


def local_path(wanted: str | None) -> str:
    r"""Return where to go after a sign-in: a path of ours, or `/` for anything else.

    A browser reads `//host`, `/\host` and a tab or newline between the slashes as another host.
    """
    if wanted is None or not _LOCAL.fullmatch(wanted) or wanted.startswith(("/auth/login", "/auth/callback")):
        return "/"
    return wanted


class SameOrigin:
    """Lets a change asked with a cookie pass only when our own page asked it."""

    def __init__(self, public_url: str, sealing: Sealing) -> None:
        parts = urlsplit(public_url)
        self._origin = f"{parts.scheme}://{parts.netloc}".encode()
        self._sealing = sealing

    async def require(self, exchange: Exchange, session: str) -> None:
        """Raise CrossSite unless the origin is ours and a header or form token proves the page is."""
        if not self._same(exchange):
            raise CrossSite
        if b"x-requested-with" in exchange.head.own:
            return  # No page of another origin can send it without our consent (CORS preflight).
        given = await _form_token(exchange)
        if not hmac.compare_digest(given.encode(), self._sealing.form_token(session).encode()):
            raise CrossSite

    def _same(self, exchange: Exchange) -> bool:
        origin = exchange.head.own.get(b"origin")
        if origin in (None, b"null"):
            # Our own forms send `null`, since our pages send no referrer; only a browser can say `same-origin`.
            return exchange.head.own.get(b"sec-fetch-site") == b"same-origin"
        return origin == self._origin


async def _form_token(exchange: Exchange) -> str:
    fields = await form(exchange)
    return fields.get(FORM_TOKEN, "")


async def form(exchange: Exchange) -> dict[str, str]:
    """Return a form's fields that came once; empty for another kind of body."""
    kind = exchange.head.forwarded.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        return {}
    body = await exchange.read(BODY_LIMIT)
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=1000)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items() if len(values) == 1}
