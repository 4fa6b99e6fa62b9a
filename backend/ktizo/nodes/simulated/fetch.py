"""HTTP as firmware speaks it: one GET a connection, from the machine's own address.

Raw sockets in place of a client library, which would cost a thousand machines a pool each.
"""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

PIECE = 256 * 1024
HEAD_BYTES = 64 * 1024
KEPT_BYTES = 4 << 20  # a script or a config; a kernel is counted and thrown away


class NoAnswer(Exception):
    """Nothing came back, or not what HTTP says."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer; of a large body only the beginning is kept, `size` is all that came."""

    status: int
    body: bytes
    size: int


async def fetch(url: str, source: str, *, timeout_s: float = 30.0) -> Fetched:
    """GET `url` from the address `source`; raises NoAnswer, also when the body is cut short."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise NoAnswer(f"only http:// is fetched, not {url[:80]}")
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    # HTTP/1.0: the answer ends with the connection and never comes in chunks.
    request = f"GET {target} HTTP/1.0\r\nHost: {parts.netloc}\r\nUser-Agent: iPXE/simulated\r\n\r\n"
    try:
        async with asyncio.timeout(timeout_s):
            return await _exchange(parts.hostname, parts.port or 80, source, request.encode())
    except (OSError, TimeoutError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
        raise NoAnswer(f"{url[:200]}: {type(error).__name__}: {error}") from error


async def _exchange(host: str, port: int, source: str, request: bytes) -> Fetched:
    reader, writer = await asyncio.open_connection(
        host, port, local_addr=(source, 0), limit=HEAD_BYTES
    )
    try:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split()[1])
        length = _length(head[1:])
        kept, size = bytearray(), 0
        while piece := await reader.read(PIECE):
            size += len(piece)
            kept += piece[: max(0, KEPT_BYTES - len(kept))]
            if size == length:
                break  # a server that keeps the connection open all the same
    finally:
        writer.transport.abort()
    if length is not None and size != length:
        raise EOFError(f"{size} of {length} bytes came")
    return Fetched(status, bytes(kept), size)


def _length(lines: list[str]) -> int | None:
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return None
