"""Letters through a real SMTP server in this process."""

import asyncio
import email.policy
import gc
from email import message_from_bytes

import aiosmtplib
import pytest
from aiosmtpd.smtp import SMTP

from kit.mail import Attachment, HeaderInjection, Mail, Mailer
from kit.testing import ManualClock
from tests.servers import free_port

INVITATION = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Réunion\r\nEND:VCALENDAR\r\n".encode()


class Inbox:
    """Keeps what it receives; `answer` is what it says to each letter."""

    def __init__(self) -> None:
        self.envelopes = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802 - aiosmtpd calls it
        self.envelopes.append(envelope)
        return self.answer

    def letter(self):
        return message_from_bytes(self.envelopes[-1].content, policy=email.policy.default)


@pytest.fixture
async def inbox():
    found = Inbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(found, enable_SMTPUTF8=True), "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()
    await server.wait_closed()
    gc.collect()


def a_mailer(inbox, **options):
    return Mailer(
        "127.0.0.1", inbox.port, "Coalition <ne-pas-repondre@coalition.example>", clock=ManualClock(), **options
    )


def a_mail(**changes):
    facts = {"to": "a@b.example", "subject": "Du nouveau vous attend", "text": "Connectez-vous.\n", "message_id": "1@c"}
    return Mail(**{**facts, **changes})


async def test_a_letter_arrives_as_written(inbox):
    await a_mailer(inbox).send(a_mail(subject="Réunion à 10 h — été", text="À bientôt.\n", language="fr"))
    letter = inbox.letter()
    assert inbox.envelopes[0].rcpt_tos == ["a@b.example"]
    assert letter["subject"] == "Réunion à 10 h — été"
    assert letter.get_content() == "À bientôt.\r\n"
    assert letter["content-language"] == "fr"
    assert letter["auto-submitted"] == "auto-generated"
    assert letter["date"].datetime == ManualClock()()


async def test_a_retry_carries_the_same_message_id_however_long(inbox):
    name = "mail." + "8e03978e-40d5-43dd-bc93-6894a57f9324." * 4 + "@coalition.example"
    for _ in range(2):
        await a_mailer(inbox).send(a_mail(message_id=name))
        assert f"<{name}>".encode() in inbox.envelopes[-1].content.replace(b"\r\n ", b"")
    first, second = (envelope.content for envelope in inbox.envelopes)
    assert first == second


async def test_text_html_and_an_invitation_travel_together(inbox):
    calendar = Attachment("invitation.ics", "text/calendar; method=REQUEST", INVITATION)
    await a_mailer(inbox).send(a_mail(html="<p>Bonjour, été</p>", attachments=(calendar,)))
    letter = inbox.letter()
    assert letter.get_body(("plain",)).get_content() == "Connectez-vous.\r\n"
    assert "été" in letter.get_body(("html",)).get_content()
    [attached] = letter.iter_attachments()
    assert attached.get_content_type() == "text/calendar"
    assert attached["content-type"].params == {"method": "REQUEST", "charset": "utf-8"}
    assert attached.get_payload(decode=True) == INVITATION
    assert attached.get_filename() == "invitation.ics"


@pytest.mark.parametrize("field", ["to", "subject", "message_id", "language"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0", "\u2028", "\x0b", "\x85"])
async def test_no_header_can_be_smuggled_in(inbox, field, end):
    with pytest.raises(HeaderInjection):
        await a_mailer(inbox).send(a_mail(**{field: f"a@b.example{end}Bcc: c@d.example"}))
    assert not inbox.envelopes


@pytest.mark.parametrize(
    "to", ["a@b.example, c@d.example", "a@b.example;c@d.example", "A <a@b.example>", "a", "", "a@b@c", "a @b.example"]
)
async def test_a_letter_goes_to_one_address_alone(inbox, to):
    with pytest.raises(HeaderInjection):
        await a_mailer(inbox).send(a_mail(to=to))
    assert not inbox.envelopes


@pytest.mark.parametrize("changes", [{"name": "a\r\nX: y"}, {"content_type": "text/plain\r\nX: y"}])
async def test_no_attachment_smuggles_a_header_in(inbox, changes):
    facts = {"name": "a.txt", "content_type": "text/plain", "content": b"a"}
    with pytest.raises(HeaderInjection):
        await a_mailer(inbox).send(a_mail(attachments=(Attachment(**{**facts, **changes}),)))


async def test_a_refusal_and_an_absent_server_are_the_callers_to_retry(inbox):
    inbox.answer = "451 later"
    with pytest.raises(aiosmtplib.SMTPException):
        await a_mailer(inbox).send(a_mail())
    inbox.port = free_port()
    with pytest.raises((aiosmtplib.SMTPException, OSError)):
        await a_mailer(inbox).send(a_mail())


async def test_where_encryption_is_required_a_server_without_it_receives_nothing(inbox):
    with pytest.raises(aiosmtplib.SMTPException):
        await a_mailer(inbox, starttls=True).send(a_mail())
    assert not inbox.envelopes


async def test_a_server_that_hangs_is_given_up():
    over, closed = asyncio.Event(), asyncio.Event()

    async def hang(_reader, writer):
        await over.wait()
        writer.close()
        await writer.wait_closed()
        closed.set()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises((aiosmtplib.SMTPException, TimeoutError)):
            await Mailer("127.0.0.1", port, "c@d.example", timeout=0.2).send(a_mail())
        over.set()
        await closed.wait()
