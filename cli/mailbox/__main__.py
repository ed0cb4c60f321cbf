"""`python -m cli.mailbox --smtp-port N --web-port N`: the local inbox, until it is told to stop."""

import argparse
import asyncio
from pathlib import Path
from types import FrameType

import uvicorn

from cli.mailbox import smtp, web
from cli.mailbox.letters import Letters
from kit.http.server import leave_for_certain


class _Server(uvicorn.Server):
    """Ends when told to, and for certain: a browser or a sender that never finishes must not hold it."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop because a signal says so."""
        leave_for_certain()
        super().handle_exit(sig, frame)


async def serve(smtp_port: int, web_port: int, directory: Path) -> None:
    """Serve both halves on loopback; SIGTERM ends them gracefully."""
    letters = Letters(directory)
    config = uvicorn.Config(
        web.create(letters), smtp.LOOPBACK, web_port, log_level="warning", access_log=False, server_header=False
    )
    async with await smtp.listen(letters, smtp_port):
        await _Server(config).serve()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m cli.mailbox", description=__doc__)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--web-port", type=int, required=True)
    parser.add_argument("--directory", type=Path, default=Path(".run/mailbox"))
    asked = parser.parse_args()
    asyncio.run(serve(asked.smtp_port, asked.web_port, asked.directory))


if __name__ == "__main__":
    main()
