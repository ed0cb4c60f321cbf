"""The few pages the gateway shows itself, in French and English."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.exchange import NO_STORE, Exchange, Headers
from gateway.refusals import PROBLEMS
from gateway.sessions import Session
from gateway.words import ROLES, SECTORS, WORDS
from kit.problems import Language, Refusal

# Everything is ours and local; nothing frames us, and a form goes nowhere but here, or to Keycloak after a sign-out.
_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self' {issuer}; frame-ancestors 'none'; base-uri 'none'"
)
_PAGE = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"vary", b"Accept-Language"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
_KINDS = {"css": b"text/css; charset=utf-8", "js": b"text/javascript; charset=utf-8", "svg": b"image/svg+xml"}
_AN_HOUR = (b"cache-control", b"public, max-age=3600")


class Pages:
    """Renders the templates; `issuer` is the only other place a form may lead to."""

    def __init__(self, issuer: str) -> None:
        self._environment = Environment(
            loader=PackageLoader("gateway"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["url"] = lambda text: quote(text, safe="/")
        origin = "/".join(issuer.split("/")[:3])
        self._csp = (b"content-security-policy", _CSP.format(issuer=origin).encode())
        self.assets = {
            name: files("gateway").joinpath("static", name).read_bytes()
            for name in ("style.css", "docs.js", "invitation.js", "icon.svg")
        }

    async def organizations(self, exchange: Exchange, session: Session, form_token: str, following: str) -> None:
        """Show a signed-in person their organisations; one already chosen is marked."""
        await self.show(
            exchange,
            200,
            "organization.html",
            {
                "person": session.name,
                "organizations": session.organizations,
                "chosen": session.alias,
                "form_token": form_token,
                "next": following,
                "sectors": SECTORS,
                "roles": ROLES,
            },
        )

    async def problem(self, exchange: Exchange, refusal: Refusal, headers: Headers) -> None:
        """Show a refusal to someone who came with a browser."""
        problem = PROBLEMS[refusal.code]
        french = exchange.language == "fr"
        content = {
            "title": problem.fr if french else problem.en,
            "following": problem.next_fr if french else problem.next_en,
            "request_id": exchange.id,
        }
        kept = [header for header in headers if header[0] in (b"retry-after", b"connection")]
        await self.show(exchange, problem.status, "problem.html", content, kept)

    def render(self, template: str, language: Language, content: Mapping[str, Any], path: str) -> bytes:
        """Return a page in one language; the other is one link away on the same page."""
        page = self._environment.get_template(template)
        return page.render(**content, language=language, words=WORDS[language], path=path).encode()

    async def asset(self, exchange: Exchange) -> None:
        """Send the stylesheet or the script."""
        name = exchange.path.rsplit(b"/", 1)[1].decode()
        kind = _KINDS[name.rsplit(".", 1)[1]]
        await exchange.answer(200, [(b"content-type", kind), _AN_HOUR], self.assets[name])

    async def send(self, exchange: Exchange, status: int, body: bytes, headers: Headers) -> None:
        """Send a rendered page."""
        await exchange.answer(status, [*_PAGE, self._csp, *headers], body)

    async def show(
        self, exchange: Exchange, status: int, template: str, content: Mapping[str, Any], headers: Headers | None = None
    ) -> None:
        """Render a template in the reader's language and send it, to be stored nowhere."""
        path = exchange.path.decode()
        body = self.render(template, exchange.language, content, path)
        await self.send(exchange, status, body, [NO_STORE, *(headers or [])])
