"""The local inbox of `make up`: real SMTP in, pages and JSON out."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx2
import pytest

from cli.mailbox import smtp, web
from cli.mailbox.letters import Letters
from cli.mailbox.words import WORDS, language_of

AT = datetime(2026, 11, 24, 3, 10, tzinfo=UTC)


def a_mail(subject: str = "Du nouveau vous attend", text: str = "Ouvrez une session : http://127.0.0.1:8000/.\n"):
    mail = EmailMessage()
    mail["From"] = "coalition@example.org"
    mail["To"] = "intake@example.org"
    mail["Subject"] = subject
    mail["Message-ID"] = "<one@example.org>"
    mail.set_content(text)
    return mail


@asynccontextmanager
async def an_inbox(directory: Path, kept: int = 10):
    letters = Letters(directory, kept)
    server = await smtp.listen(letters, 0)
    port = server.sockets[0].getsockname()[1]
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(web.create(letters)), base_url="http://127.0.0.1")
    async with server, client:
        yield port, client


async def send(port: int, mail: EmailMessage, to: str = "intake@example.org"):
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=port, recipients=[to], start_tls=False)


def test_a_mail_sent_by_smtp_is_listed_shown_and_kept_with_its_source(tmp_path):
    async def scenario():
        async with an_inbox(tmp_path) as (port, client):
            await send(port, a_mail())
            [item] = (await client.get("/messages")).json()["items"]
            assert item["subject"] == "Du nouveau vous attend"
            assert item["to"] == ["intake@example.org"]
            assert item["message_id"] == "<one@example.org>"
            assert "Du nouveau vous attend" in (await client.get("/")).text
            page = (await client.get(f"/mail/{item['id']}")).text
            assert 'href="http://127.0.0.1:8000/"' in page
            source = (await client.get(f"/mail/{item['id']}/source")).text
            assert source.startswith("From: coalition@example.org")
            assert "X-Mailbox" not in source
            assert (await client.get("/newest")).json() == {"id": item["id"]}

    asyncio.run(scenario())


def test_markup_in_a_mail_is_shown_and_never_run(tmp_path):
    async def scenario():
        async with an_inbox(tmp_path) as (port, client):
            await send(port, a_mail("<script>alert(1)</script>", '<img src=x onerror=alert(1)> http://a/"onclick="x\n'))
            [item] = (await client.get("/messages")).json()["items"]
            for path in ("/", f"/mail/{item['id']}"):
                answer = await client.get(path)
                assert "<script>alert" not in answer.text
                assert "<img" not in answer.text
                assert '"onclick' not in answer.text
                assert "default-src 'none'" in answer.headers["content-security-policy"]

    asyncio.run(scenario())


def test_an_inbox_that_restarts_still_has_its_mail_and_forgets_the_oldest(tmp_path):
    before = Letters(tmp_path, kept=2)
    for n in range(3):
        before.add(a_mail(f"mail {n}").as_bytes(), ["a@example.org"], AT.replace(minute=n))
    after = Letters(tmp_path, kept=2)
    assert [letter.subject for letter in after.newest_first()] == ["mail 2", "mail 1"]
    assert after.newest_first()[0].to == ("a@example.org",)
    assert len(list(tmp_path.glob("*.eml"))) == 2
    after.clear()
    assert not list(tmp_path.iterdir())


def test_one_address_sees_its_own_mail_whatever_the_case(tmp_path):
    letters = Letters(tmp_path)
    letters.add(a_mail("for a").as_bytes(), ["A@example.org"], AT)
    letters.add(a_mail("for b").as_bytes(), ["b@example.org"], AT)
    assert [letter.subject for letter in letters.newest_first("a@EXAMPLE.org")] == ["for a"]


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"\r\n\r\n",
        b"Subject: =?utf-8?b?broken\r\nFrom: \xff\xfe\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Subject: a\r\n b\r\n\r\nx",
    ],
)
def test_a_mail_nobody_could_read_is_kept_and_shown_all_the_same(tmp_path, source):
    letter = Letters(tmp_path).add(source, ["a@example.org"], AT)
    assert letter.source == source
    assert "\n" not in letter.subject
    assert Letters(tmp_path).get(letter.id) == letter


def test_a_mail_in_html_alone_is_shown_as_words_with_its_links(tmp_path):
    mail = a_mail()
    mail.set_content("<style>p{}</style><p>Bonjour</p><a href='http://h/?a=1&amp;b=2'>Voir</a>", subtype="html")
    letter = Letters(tmp_path).add(mail.as_bytes(), ["a@example.org"], AT)
    assert letter.text == "Bonjour\nVoir http://h/?a=1&b=2"


def test_a_rebound_host_name_reads_nothing(tmp_path):
    async def scenario():
        async with an_inbox(tmp_path) as (_, client):
            assert (await client.get("/messages", headers={"Host": "evil.example"})).status_code == 400

    asyncio.run(scenario())


def test_a_missing_mail_is_not_found_and_the_list_can_be_emptied(tmp_path):
    async def scenario():
        async with an_inbox(tmp_path) as (port, client):
            await send(port, a_mail())
            for path in ("/mail/none", "/mail/none/source", "/messages/none"):
                assert (await client.get(path)).status_code == 404
            assert (await client.delete("/messages")).status_code == 204
            assert (await client.get("/messages")).json() == {"items": []}

    asyncio.run(scenario())


def test_the_page_speaks_french_unless_english_is_asked_for():
    assert language_of(None, "") == "fr"
    assert language_of(None, "en-CA,fr;q=0.5") == "en"
    assert language_of("fr", "en") == "fr"
    assert language_of("xx", "fr") == "fr"
    assert WORDS["fr"].keys() == WORDS["en"].keys()
