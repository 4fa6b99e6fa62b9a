"""A boot server whose every answer is set by the test."""

import asyncio
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlsplit

Answer = tuple[int, bytes]


class BootServer:
    """`answers` by path; a list is used up from its front, its last one stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, str]] = []  # (address, path)
        self.url = ""
        self._server: asyncio.Server | None = None
        self._news = asyncio.Event()

    async def open(self) -> "BootServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def set(self, path: str, *texts: str | int | bytes) -> None:
        """Answer `path` with these one after the other: texts, or the status of a failure."""
        self.answers[path] = [
            (one, b"no\n") if isinstance(one, int) else (200, _bytes(one)) for one in texts
        ]

    def script(self, *lines: str) -> None:
        """Let the first script be this one."""
        self.set("/boot/boot.ipxe", _script(*lines))

    def linux(self, cmdline: str) -> str:
        """Return a script that starts a kernel with this command line."""
        return _script(
            "imgfree ||",
            f"kernel --name kernel {self.url}/kernel initrd=initrd0 {cmdline}",
            f"initrd --name initrd0 {self.url}/initrd",
            "boot",
        )

    def count(self, path: str) -> int:
        return Counter(asked for _, asked in self.asked)[path]

    async def until(self, what: Callable[[], bool]) -> None:
        """Wait until something that requests change is so."""
        while not what():
            await self._news.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = urlsplit(head.split()[1]).path
            self.asked.append((writer.get_extra_info("peername")[0], path))
            status, body = self._answer(path)
            length = f"Content-Length: {len(body)}\r\n\r\n".encode()
            writer.write(f"HTTP/1.0 {status} X\r\n".encode() + length + body)
            await writer.drain()
        except (ConnectionError, EOFError):
            return  # the machine lost its power in the middle
        finally:
            writer.close()
            self._news.set()
            self._news = asyncio.Event()

    def _answer(self, path: str) -> Answer:
        left = self.answers.get(path, [(404, b"")])
        return left.pop(0) if len(left) > 1 else left[0]


def _script(*lines: str) -> str:
    return "\n".join(["#!ipxe", *lines, ""])


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
