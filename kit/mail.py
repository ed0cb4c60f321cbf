"""E-mail through SMTP. The Message-ID is the caller's, so that a retry carries the same one."""

import re
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.utils import format_datetime
from typing import Any

import aiosmtplib

from kit.clock import Clock, utc_now

TIMEOUT_SECONDS = 15

_ONE_ADDRESS = re.compile(r"[^\s,;:<>()\[\]\"\\@]+@[^\s,;:<>()\[\]\"\\@]+")


class HeaderInjection(ValueError):  # noqa: N818 - it reads as what happened
    """A header holds a line break (Python's own package lets it through, CVE-2026-1299), or `to` several addresses."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside the text: `content_type` like `text/calendar; method=REQUEST`, `content` in UTF-8 where text."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """One letter to one person; `message_id` is unique to it and the same at each attempt."""

    to: str
    subject: str
    text: str
    message_id: str
    language: str = "fr"
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()


class Mailer:
    """Sends letters through one SMTP server; any failure raises, for a job to try again."""

    def __init__(
        self,
        host: str,
        port: int,
        sender: str,
        *,
        username: str | None = None,
        password: str | None = None,
        starttls: bool = False,
        timeout: float = TIMEOUT_SECONDS,
        clock: Clock = utc_now,
    ) -> None:
        self._sender = sender
        self._clock = clock
        self._options: dict[str, Any] = {
            "hostname": host,
            "port": port,
            "username": username,
            "password": password,
            "start_tls": starttls,
            "timeout": timeout,
        }

    async def send(self, mail: Mail) -> None:
        """Hand the letter to the server; raises `HeaderInjection`, `aiosmtplib.SMTPException` or OSError."""
        await aiosmtplib.send(self.letter(mail), recipients=[mail.to], **self._options)

    def letter(self, mail: Mail) -> EmailMessage:
        """Return the letter as it will be sent; raises `HeaderInjection`."""
        if not _ONE_ADDRESS.fullmatch(mail.to):
            raise HeaderInjection
        letter = EmailMessage()
        headers = {
            "From": self._sender,
            "To": mail.to,
            "Subject": mail.subject,
            "Message-ID": f"<{mail.message_id}>",
            "Date": format_datetime(self._clock()),
            "Auto-Submitted": "auto-generated",
        }
        for name, value in headers.items():
            letter[name] = _one_line(value)
        letter.set_content(mail.text)
        if mail.html is not None:
            letter.add_alternative(mail.html, subtype="html")
        for attachment in mail.attachments:
            _attach(letter, attachment)
        # Last: `set_content` clears every Content- header, and each part would take it along.
        letter["Content-Language"] = _one_line(mail.language)
        return letter


def _attach(letter: EmailMessage, attachment: Attachment) -> None:
    """Add a file with its content type's own parameters: a calendar's `method` is what makes it an invitation."""
    described = Message()
    described["Content-Type"] = _one_line(attachment.content_type)
    [(kind, _), *parameters] = described.get_params([("application/octet-stream", "")])
    main, _, sub = kind.partition("/")
    encoding = {"charset": "utf-8"} if main == "text" else {}
    letter.add_attachment(
        attachment.content,
        maintype=main,
        subtype=sub,
        filename=_one_line(attachment.name),
        params=encoding | dict(parameters),
    )


def _one_line(value: str) -> str:
    if any(character in value for character in "\r\n\0\v\f\x85\u2028\u2029"):
        raise HeaderInjection
    return value
