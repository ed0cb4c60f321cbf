"""Raw bytes to a gateway and what comes back, for what no HTTP library would send."""

import asyncio
import contextlib
from dataclasses import dataclass


@dataclass
class Answers:
    """Everything the gateway wrote until it closed or fell silent."""

    bytes: bytes
    closed: bool

    @property
    def statuses(self) -> list[int]:
        lines = self.bytes.split(b"HTTP/1.1 ")[1:]
        return [int(line[:3]) for line in lines]


async def send(port: int, *parts: bytes, pause: float = 0.0, silence: float = 1.0, first: float = 20.0) -> Answers:
    """Write the parts, waiting `pause` s between them; read until the end or `silence` s after the last byte."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writing = asyncio.create_task(_write(writer, parts, pause))
    received, closed = b"", False
    with contextlib.suppress(TimeoutError):
        while not closed:
            wait = silence if received or (writing.done() and not pause) else first
            part = await asyncio.wait_for(_read(reader), max(wait, silence))
            received += part
            closed = not part
    writing.cancel()
    writer.close()
    return Answers(received, closed)


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(65536)
    except ConnectionError:
        return b""


async def _write(writer: asyncio.StreamWriter, parts: tuple[bytes, ...], pause: float) -> None:
    with contextlib.suppress(ConnectionError):
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
