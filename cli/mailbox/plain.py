"""The words of a mail, whichever way it was written."""

from email.message import EmailMessage
from html.parser import HTMLParser

_SILENT = frozenset({"style", "script", "head", "title"})
_BREAKING = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4"})


def plain_text(message: EmailMessage) -> str:
    """Return the text part, or the words of the HTML part with each link's address, or nothing."""
    text = _part(message, "plain")
    if text is not None:
        return text
    written = _part(message, "html")
    return words_of(written) if written is not None else ""


def _part(message: EmailMessage, kind: str) -> str | None:
    """Return one part decoded; bytes that do not fit their charset are shown as question marks."""
    found = message.get_body((kind,))
    if found is None:
        return None
    payload = found.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    try:
        return raw.decode(found.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return raw.decode("utf-8", "replace")


class _Words(HTMLParser):
    """Collects what a reader would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0
        self._target: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a tag: a block starts a line, a link shows where it leads."""
        self._silent += tag in _SILENT
        if tag in _BREAKING:
            self.pieces.append("\n")
        if tag == "a":
            self._target = dict(attrs).get("href")

    def handle_endtag(self, tag: str) -> None:
        """Close a tag."""
        self._silent -= tag in _SILENT and self._silent > 0
        if tag in _BREAKING:
            self.pieces.append("\n")
        if tag == "a" and self._target:
            self.pieces.append(f" {self._target} ")
            self._target = None

    def handle_data(self, data: str) -> None:
        """Keep the words between tags."""
        if not self._silent:
            self.pieces.append(data)


def words_of(written: str) -> str:
    """Return the words of an HTML text, one line a block."""
    reader = _Words()
    reader.feed(written)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).splitlines())
    return "\n".join(line for line in lines if line)
