"""`python -m cli.mailbox --smtp-port N --web-port N`: the local inbox, until it is told to stop."""

import argparse
import asyncio
from pathlib import Path

import uvicorn

from cli.mailbox import smtp, web
from cli.mailbox.letters import Letters


async def serve(smtp_port: int, web_port: int, directory: Path) -> None:
    """Serve both halves on loopback; SIGTERM ends them gracefully."""
    letters = Letters(directory)
    config = uvicorn.Config(
        web.create(letters), smtp.LOOPBACK, web_port, log_level="warning", access_log=False, server_header=False
    )
    async with await smtp.listen(letters, smtp_port):
        await uvicorn.Server(config).serve()


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
