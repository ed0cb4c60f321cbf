"""The local inbox as a process: it takes mail, shows it, and ends when it is told to, whoever holds a connection."""

import smtplib
import socket
import sys
from email.message import EmailMessage

import httpx2
import psutil
import pytest

from cli.servers.process import Process, answers_ok, free_port
from tests.cli.copies import ROOT
from tests.cli.processes import gone_within


@pytest.fixture
def mailbox(tmp_path):
    smtp, web = free_port(), free_port()
    where = ["--smtp-port", str(smtp), "--web-port", str(web), "--directory", str(tmp_path / "mail")]
    process = Process("mailbox", [sys.executable, "-m", "cli.mailbox", *where], tmp_path / "log", directory=ROOT)
    process.start()
    process.wait_until(lambda: answers_ok(web, "/"), 30)
    yield process, smtp, web
    process.stop()


def test_mail_comes_in_and_is_shown(mailbox):
    _, smtp, web = mailbox
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Du nouveau", "a@b.example", "ada@halte.example"
    message.set_content("Bonjour.")
    with smtplib.SMTP("127.0.0.1", smtp) as sender:
        sender.send_message(message)
    [letter] = httpx2.get(f"http://127.0.0.1:{web}/messages").json()["items"]
    assert (letter["subject"], letter["to"]) == ("Du nouveau", ["ada@halte.example"])


def test_it_ends_within_10_seconds_though_a_sender_and_a_browser_never_finish(mailbox):
    process, smtp, web = mailbox
    with socket.create_connection(("127.0.0.1", smtp)) as sender, socket.create_connection(("127.0.0.1", web)) as page:
        sender.sendall(b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nhalf a letter")
        page.sendall(b"POST /messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf a body")
        serving = psutil.Process(process.pid)
        process.ask_to_stop()
        assert gone_within(10, [serving]) == []
