"""A small web server: files, errors, and answers that only come when a test says so."""

import asyncio
import contextlib
from typing import Self


class Web:
    """Paths and what they answer: bytes, a status, or an event to wait for, and then bytes."""

    def __init__(self) -> None:
        self.paths: dict[str, bytes | int | tuple[asyncio.Event, bytes]] = {}
        self.asked: list[str] = []
        self.left = asyncio.Event()  # kexec -e was called
        self.awake = asyncio.Event()  # let `sleep` on the machine end
        self.waiting = asyncio.Event()  # somebody waits for an answer
        self.paths["/asleep"] = (self.awake, b"")
        self._ending = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._answering: set[asyncio.Task[object]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._ending.set()
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()
        await asyncio.gather(*self._answering)

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._answering.add(task)
        path = (await reader.readline()).decode().split(" ")[1]
        self.asked.append(path)
        if path == "/left":
            self.left.set()
        found = self.paths.get(path, 404)
        if isinstance(found, tuple):
            event, found = found
            await self._wait(event)
        status, body = (found, b"") if isinstance(found, int) else (200, found)
        head = f"HTTP/1.0 {status} x\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        writer.close()
        with contextlib.suppress(OSError):  # whoever asked may be gone
            await writer.wait_closed()

    async def _wait(self, event: asyncio.Event) -> None:
        """Wait for a test, or for its end."""
        self.waiting.set()
        waits = [asyncio.create_task(one.wait()) for one in (event, self._ending)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()
