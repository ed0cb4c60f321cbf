"""Received mail: kept in memory and in a folder of `.eml` files, bounded in number, newest first."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from uuid import UUID, uuid4

from cli.mailbox.plain import plain_text

LETTERS_KEPT = 500
# Our own header, written in front of what came, so that a restart still knows the envelope.
_ENVELOPE = "X-Mailbox-To"
_RECEIVED = "X-Mailbox-Received"
_OURS = (_ENVELOPE, _RECEIVED)


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail as it was received; `source` is its exact bytes without our own headers."""

    id: str
    received_at: datetime
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    message_id: str
    source: bytes


class Letters:
    """The inbox; a crash between two mails loses none, since each is a file before SMTP says yes."""

    def __init__(self, directory: Path, kept: int = LETTERS_KEPT) -> None:
        self._directory = directory
        self._kept = kept
        self._letters: dict[str, Letter] = {}
        directory.mkdir(parents=True, exist_ok=True)
        for letter in sorted(_stored(directory), key=lambda found: found.received_at):
            self._letters[letter.id] = letter
        self._forget_oldest()

    def add(self, source: bytes, to: Sequence[str], at: datetime) -> Letter:
        """Keep a mail as it was received for the envelope's recipients."""
        key = str(uuid4())
        letter = _read(key, source, tuple(to), at)
        self._write(letter)
        self._letters[key] = letter
        self._forget_oldest()
        return letter

    def _write(self, letter: Letter) -> None:
        head = f"{_ENVELOPE}: {', '.join(letter.to)}\r\n{_RECEIVED}: {letter.received_at.isoformat()}\r\n"
        partial = self._directory / f"{letter.id}.part"
        partial.write_bytes(head.encode("ascii", "replace") + letter.source)
        partial.replace(self._file(letter.id))

    def _file(self, key: str) -> Path:
        return self._directory / f"{key}.eml"

    def _forget_oldest(self) -> None:
        for key in list(self._letters)[: max(0, len(self._letters) - self._kept)]:
            self._remove(key)

    def _remove(self, key: str) -> None:
        self._file(key).unlink(missing_ok=True)
        self._letters.pop(key, None)

    def clear(self) -> None:
        """Throw every mail away."""
        for key in list(self._letters):
            self._remove(key)

    def get(self, key: str) -> Letter | None:
        """Return the mail of this id."""
        return self._letters.get(key)

    def newest_first(self, to: str | None = None) -> list[Letter]:
        """Return every mail, or those to one address (its case does not matter)."""
        wanted = to.casefold() if to else None
        found = reversed(self._letters.values())
        return [letter for letter in found if wanted is None or wanted in {one.casefold() for one in letter.to}]


def _stored(directory: Path) -> Iterator[Letter]:
    """Read back what an earlier run kept; a file nobody can read is left alone."""
    for file in directory.glob("*.eml"):
        with contextlib.suppress(ValueError, KeyError, OSError):
            head, source = _split(file.read_bytes())
            to = tuple(one.strip() for one in head[_ENVELOPE].split(",") if one.strip())
            yield _read(str(UUID(file.stem)), source, to, datetime.fromisoformat(head[_RECEIVED]))


def _split(stored: bytes) -> tuple[dict[str, str], bytes]:
    """Part our own two headers from the mail behind them."""
    lines = stored.split(b"\r\n", len(_OURS))
    pairs = (line.decode("ascii").split(": ", 1) for line in lines[: len(_OURS)])
    return dict(pair for pair in pairs if len(pair) > 1), lines[-1]


def _read(key: str, source: bytes, to: tuple[str, ...], at: datetime) -> Letter:
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(source)
    return Letter(
        id=key,
        received_at=at,
        sender=_header(message, "From"),
        to=to,
        subject=_header(message, "Subject"),
        text=plain_text(message),
        message_id=_header(message, "Message-ID"),
        source=source,
    )


def _header(message: EmailMessage, name: str) -> str:
    """Return a header in one line; what a sender got wrong is shown, never refused."""
    try:
        return " ".join(str(message.get(name, "")).split())
    except (ValueError, LookupError, AttributeError, IndexError):
        return ""


def now() -> datetime:
    """Return the instant at which a mail is received."""
    return datetime.now(UTC)
