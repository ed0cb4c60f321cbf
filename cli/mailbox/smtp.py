"""The SMTP half: takes every mail for every address and keeps it."""

import asyncio
from functools import partial

from aiosmtpd.smtp import SMTP, Envelope, Session

from cli.mailbox.letters import Letters, now

MAIL_MAX_BYTES = 2 * 1024 * 1024
RECIPIENTS_MAX = 50
LOOPBACK = "127.0.0.1"


class Keeper:
    """Hands what SMTP received to the inbox."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take the address, up to a bound and without what would break our own header."""
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return "452 too many recipients"
        if "," in address or not address.isprintable():
            return "553 malformed address"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the mail, then say yes: a mail we accepted is on disk."""
        content = envelope.original_content or b""
        await asyncio.to_thread(self._letters.add, content, envelope.rcpt_tos, now())
        return "250 kept"


async def listen(letters: Letters, port: int) -> asyncio.Server:
    """Listen on loopback alone: this inbox asks nobody who they are."""
    loop = asyncio.get_running_loop()
    protocol = partial(
        SMTP, Keeper(letters), data_size_limit=MAIL_MAX_BYTES, enable_SMTPUTF8=True, hostname="localhost", loop=loop
    )
    return await loop.create_server(protocol, LOOPBACK, port)
