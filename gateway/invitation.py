"""The page a mailed invitation leads to: it takes the code up with membership, then leads to signing in.

The letter's link holds the code behind `#`, which no server sees; a script of ours reads it into the form, and
without one it is pasted. The form is posted here, because membership takes JSON, which no form sends.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self
from uuid import uuid4

from gateway.exchange import Exchange, Headers
from gateway.forwarding import Forwarder
from gateway.limits import Limits
from gateway.origin import form
from gateway.pages import Pages
from gateway.refusals import GatewayRefusal
from gateway.routing import Routes
from gateway.words import WORDS
from kit.problems import Language

ACCEPTANCES = b"/api/v1/membership/invitations/acceptances"
FIELDS = ("code", "given_name", "family_name")
_KEY = re.compile(r"[0-9a-f]{32}")
_ACCEPTED = 202


@dataclass(frozen=True, slots=True)
class Entered:
    """What stands in the form; `key` makes two clicks one request."""

    code: str = ""
    given_name: str = ""
    family_name: str = ""
    language: Language = "fr"
    key: str = field(default_factory=lambda: uuid4().hex)

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Self:
        """Read the posted fields, blanks around them dropped; a key that is not one of ours is made anew."""
        words = {name: fields.get(name, "").strip() for name in FIELDS}
        language: Literal["fr", "en"] = "en" if fields.get("language") == "en" else "fr"
        key = fields.get("key", "")
        return cls(**words, language=language, key=key if _KEY.fullmatch(key) else uuid4().hex)

    @property
    def body(self) -> dict[str, str]:
        """The request as membership's contract has it."""
        return {name: getattr(self, name) for name in (*FIELDS, "language")}


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why the form comes back: in general, or field by field; `headers` say when to try again."""

    status: int
    title: str = ""
    next: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    headers: Headers = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """Serves `/invitation` and `/invitation/accepted`."""

    routes: Routes
    forwarder: Forwarder
    limits: Limits
    pages: Pages

    async def page(self, exchange: Exchange) -> None:
        """Show the form, empty."""
        await self._show(exchange, Entered(language=exchange.language))

    async def accept(self, exchange: Exchange) -> None:
        """Take the invitation up and lead on; show the form again, as it was filled in, with what is wrong."""
        entered = Entered.of(await form(exchange))
        complaint = _missing(entered, exchange.language) or await self._ask(exchange, entered)
        if complaint is None:
            await exchange.redirect(f"/invitation/accepted?lang={exchange.language}")
            return
        # Under a new key: what comes next is another request.
        await self._show(exchange, Entered.of({**entered.body}), complaint)

    async def accepted(self, exchange: Exchange) -> None:
        """Say what happens now."""
        await self.pages.show(exchange, 200, "accepted.html", {})

    async def _ask(self, exchange: Exchange, entered: Entered) -> Complaint | None:
        try:
            route = self.routes.find("POST", ACCEPTANCES)
            exchange.limits = self.limits.take_address(exchange)
            status, answer = await self.forwarder.ask(exchange, route, entered.body, entered.key)
        except GatewayRefusal as refusal:
            return replace(_complaint(exchange.described(refusal), exchange.language), headers=[*refusal.headers])
        return None if status == _ACCEPTED else _complaint(answer, exchange.language)

    async def _show(self, exchange: Exchange, entered: Entered, complaint: Complaint | None = None) -> None:
        status, headers = (complaint.status, complaint.headers) if complaint else (200, [])
        content = {"entered": entered, "complaint": complaint}
        await self.pages.show(exchange, status, "invitation.html", content, headers)


def _missing(entered: Entered, language: Language) -> Complaint | None:
    empty = [name for name in FIELDS if not getattr(entered, name)]
    return Complaint(422, fields={name: WORDS[language][f"{name}_missing"] for name in empty}) if empty else None


def _complaint(problem: Mapping[str, Any], language: Language) -> Complaint:
    """Read a problem, membership's or ours, into the form's own words where it names a field."""
    wrong = [str(error["pointer"]).strip("/") for error in problem.get("errors", ())]
    fields = {name: WORDS[language][f"{name}_invalid"] for name in FIELDS if name in wrong}
    return Complaint(problem["status"], problem["title"], problem["next"], fields)
