"""The web half: a list, a message, its source, and the same as JSON for tests and the demo."""

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup, escape
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from cli.mailbox.letters import Letter, Letters
from cli.mailbox.words import WORDS, language_of

PAGE_SIZE = 50
_LINK = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_HERE = Path(__file__).parent
_pages = Environment(loader=FileSystemLoader(_HERE / "templates"), autoescape=select_autoescape(["html"]))


def linked(text: str) -> Markup:
    """Return the text escaped, its web addresses clickable."""
    pieces, end = [], 0
    for match in _LINK.finditer(text):
        pieces.append(escape(text[end : match.start()]))
        pieces.append(Markup('<a href="{0}" rel="noopener noreferrer">{0}</a>').format(match.group()))
        end = match.end()
    return Markup("").join([*pieces, escape(text[end:])])


def as_json(letter: Letter) -> dict[str, Any]:
    """Return what a test or the demo reads of a mail."""
    return {
        "id": letter.id,
        "received_at": letter.received_at.isoformat(),
        "from": letter.sender,
        "to": list(letter.to),
        "subject": letter.subject,
        "text": letter.text,
        "message_id": letter.message_id,
    }


def _page_number(request: Request) -> int:
    asked = request.query_params.get("page", "1")
    return max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1  # noqa: PLR2004 - no page has six digits


class Pages:
    """The inbox's routes."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    def _render(self, request: Request, name: str, status: int = 200, **facts: Any) -> HTMLResponse:
        language = language_of(request.query_params.get("lang"), request.headers.get("accept-language", ""))
        other = request.url.include_query_params(lang="en" if language == "fr" else "fr")
        asked = f"lang={language}" if "lang" in request.query_params else ""
        text = _pages.get_template(name).render(
            words=WORDS[language], language=language, other=f"{other.path}?{other.query}", asked=asked, **facts
        )
        return HTMLResponse(text, status, {**_HEADERS, "Content-Language": language, "Vary": "Accept-Language"})

    async def list(self, request: Request) -> Response:
        """Show the mails, newest first, fifty a page."""
        to = request.query_params.get("to") or None
        found = self._letters.newest_first(to)
        page = _page_number(request)
        shown = found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        addresses = sorted({one for letter in self._letters.newest_first() for one in letter.to})
        more = len(found) > page * PAGE_SIZE
        facts: dict[str, Any] = {"letters": shown, "count": len(found), "to": to, "page": page, "more": more}
        return self._render(request, "list.html", addresses=addresses, **facts)

    async def letter(self, request: Request) -> Response:
        """Show one mail's text."""
        found = self._letters.get(request.path_params["id"])
        if found is None:
            return self._render(request, "missing.html", 404)
        return self._render(request, "letter.html", letter=found, text=linked(found.text))

    async def source(self, request: Request) -> Response:
        """Show one mail exactly as it came."""
        found = self._letters.get(request.path_params["id"])
        if found is None:
            return PlainTextResponse("", 404, _HEADERS)
        return PlainTextResponse(found.source.decode("utf-8", "replace"), headers=_HEADERS)

    async def messages(self, request: Request) -> Response:
        """Answer with every mail as JSON, newest first; `to` keeps one address."""
        found = self._letters.newest_first(request.query_params.get("to") or None)
        return JSONResponse({"items": [as_json(letter) for letter in found]}, headers=_HEADERS)

    async def message(self, request: Request) -> Response:
        """Answer with one mail as JSON."""
        found = self._letters.get(request.path_params["id"])
        return JSONResponse(as_json(found) if found else {}, 200 if found else 404, _HEADERS)

    async def clear(self, _request: Request) -> Response:
        """Throw every mail away; a page of another site cannot ask for DELETE without our leave."""
        self._letters.clear()
        return Response(status_code=204)

    async def newest(self, _request: Request) -> Response:
        """Answer with the newest mail's id, which the open list asks for."""
        found = self._letters.newest_first()
        return JSONResponse({"id": found[0].id if found else None}, headers=_HEADERS)


async def _script(_request: Request) -> Response:
    text = (_HERE / "templates" / "fresh.js").read_text()
    return Response(text, media_type="text/javascript", headers=_HEADERS)


async def _ready(_request: Request) -> Response:
    return JSONResponse({"status": "ready"})


def create(letters: Letters) -> Starlette:
    """Make the inbox's web application; only a loopback `Host` is answered, so no rebound name can read mail."""
    pages = Pages(letters)
    routes = [
        Route("/", pages.list),
        Route("/mail/{id}", pages.letter),
        Route("/mail/{id}/source", pages.source),
        Route("/messages", pages.messages, methods=["GET"]),
        Route("/messages", pages.clear, methods=["DELETE"]),
        Route("/messages/{id}", pages.message),
        Route("/newest", pages.newest),
        Route("/fresh.js", _script),
        Route("/health/ready", _ready),
    ]
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    return Starlette(routes=routes, middleware=[hosts])
