"""An ASGI app as a wire: bodies come piece by piece, and break where the app breaks.

httpx' own ASGITransport runs an app to its end before it answers, and does not mind a body that is
shorter than announced; a real connection does.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx


class CutOff(Exception):
    """Raised by an app: the connection ends here."""


class Wire(httpx.AsyncBaseTransport):
    """Connects to one app, whatever the host's name is."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        exchange = Exchange(request, body)
        exchange.task = asyncio.create_task(exchange.run(self._app))
        start = await exchange.next()
        if start is None or start["type"] != "http.response.start":
            await exchange.aclose()
            raise httpx.ConnectError("connection refused", request=request)
        return httpx.Response(
            start["status"], headers=start["headers"], stream=exchange, request=request
        )


class Exchange(httpx.AsyncByteStream):
    """One request and its answer."""

    def __init__(self, request: httpx.Request, body: bytes) -> None:
        self._request, self._body = request, body
        self._messages: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(1)
        self._length: int | None = None
        self._error: Exception | None = None
        self.task: asyncio.Task[None]

    async def run(self, app: Callable[..., Any]) -> None:
        url = self._request.url
        scope = {
            "type": "http",
            "method": self._request.method,
            "path": url.path,
            "query_string": url.query,
            "headers": self._request.headers.raw,
        }
        try:
            await app(scope, self._receive, self._messages.put)
        except CutOff:
            pass
        except Exception as error:  # noqa: BLE001 - raised where the test waits
            self._error = error
        await self._messages.put(None)

    async def _receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def next(self) -> dict[str, Any] | None:
        message = await self._messages.get()
        if message is None and self._error is not None:
            raise self._error
        if message is not None and message["type"] == "http.response.start":
            lengths = [v for n, v in message["headers"] if n.lower() == b"content-length"]
            self._length = int(lengths[0]) if lengths else None
        return message

    async def __aiter__(self) -> AsyncIterator[bytes]:
        came = 0
        while True:
            message = await self.next()
            if message is None:
                raise httpx.ReadError("connection reset", request=self._request)
            came += len(message.get("body", b""))
            if message.get("body"):
                yield message["body"]
            if not message.get("more_body"):
                break
        if self._length is not None and came < self._length and self._request.method != "HEAD":
            raise httpx.RemoteProtocolError("peer closed connection", request=self._request)

    async def aclose(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
