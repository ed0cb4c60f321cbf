"""Reads Keycloak's sign-in pages: their form, its fields, and what they complain about."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

# Where the login theme puts what it has to say, by element id.
COMPLAINTS = ("input-error", "input-error-username", "input-error-password", "input-error-otp-code", "kc-error-message")


@dataclass
class Form:
    """A form: where it posts to and its fields with their present values."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Page:
    """One page: its forms and links in order, and its complaint, empty when it has none."""

    forms: list[Form] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    complaint: str = ""

    def form_with(self, *names: str) -> Form | None:
        """Return the first form that has all these fields."""
        return next((form for form in self.forms if all(name in form.fields for name in names)), None)


def read(html: str) -> Page:
    """Read a page of Keycloak's login theme."""
    reader = _Reader()
    reader.feed(html)
    reader.page.complaint = " ".join(" ".join(reader.said).split())
    return reader.page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.said: list[str] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.page.forms.append(Form(attributes.get("action", "")))
        if tag == "a":
            self.page.links.append(attributes.get("href", ""))
        if tag == "input" and self.page.forms and attributes.get("name"):
            self._input(attributes)
        if self._depth or self._complains(attributes):
            self._depth += tag not in {"br", "input", "img", "hr", "link", "meta"}

    def handle_endtag(self, tag: str) -> None:
        if self._depth and tag != "br":
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.said.append(data)

    def _input(self, attributes: dict[str, str]) -> None:
        unchosen = attributes.get("type") in {"radio", "checkbox", "submit"} and "checked" not in attributes
        if not unchosen:
            self.page.forms[-1].fields[attributes["name"]] = attributes.get("value", "")

    @staticmethod
    def _complains(attributes: dict[str, str]) -> bool:
        return attributes.get("id", "") in COMPLAINTS or "kc-feedback-text" in attributes.get("class", "")
