"""Asking other servers over HTTP; the one place that knows httpx. Errors: core/upstream.py.

GET and HEAD are tried again, on UpstreamAway only; nothing else is ever sent twice.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPMethod
from typing import Any

import httpx
import tenacity

from ktizo import __version__
from ktizo.core.errors import KtizoError
from ktizo.core.upstream import UpstreamAway, UpstreamBroken, error_for, words

CONNECT_S = 10.0
READ_S = 30.0  # between two pieces of an answer
TOTAL_S = 60.0  # one `ask` with all its tries
TRIES = 4
LONGEST_WAIT_S = 60.0
BODY_BYTES = 8 * 1024 * 1024
REDIRECTS = 5

SAFE = frozenset({HTTPMethod.GET, HTTPMethod.HEAD})
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True)
class Answer:
    """A whole answer, read to its end. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    host: str

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """Return the body's JSON; raises UpstreamBroken."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise UpstreamBroken(
                f"{self.host} does not answer with JSON but {words(self.text)!r}; is it the "
                "right address, and is nothing in between?"
            ) from error


@dataclass(frozen=True)
class Stream:
    """An answer whose body comes in pieces. `status`: 200, 206 or 416."""

    status: int
    headers: Mapping[str, str]
    host: str
    _response: httpx.Response = field(repr=False)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the body as it was sent; raises UpstreamAway when it breaks off."""
        if self.headers.get("content-encoding", "identity") != "identity":
            raise UpstreamBroken(f"{self.host} sends the file compressed, which nobody asked for")
        try:
            async for chunk in self._response.aiter_raw():
                yield chunk
        except httpx.TransportError as error:
            raise _away(self.host, error) from error


class Http:
    """A client with time limits. `transport` and `sleep` are for tests."""

    def __init__(
        self,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        tries: int = TRIES,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._transport = transport
        self._tries = tries
        self._sleep = sleep
        self._made: httpx.AsyncClient | None = None

    @property
    def _client(self) -> httpx.AsyncClient:
        if self._made is None:  # at first use: reading the certificates takes a moment
            self._made = httpx.AsyncClient(
                transport=self._transport,
                max_redirects=REDIRECTS,
                headers={"User-Agent": f"ktizo/{__version__}", "Accept-Encoding": "identity"},
                event_hooks={"response": [_refuse_downgrade]},
            )
        return self._made

    async def close(self) -> None:
        """Let go of every connection."""
        if self._made is not None:
            await self._made.aclose()
            self._made = None

    async def ask(
        self,
        method: HTTPMethod,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        read_s: float = READ_S,
        total_s: float = TOTAL_S,
    ) -> Answer:
        """Return a 2xx answer, or raise one of the errors above. Bodies end at `BODY_BYTES`."""
        host = _host(url)
        try:
            async with asyncio.timeout(total_s):
                async for attempt in self._attempts(method):
                    with attempt:
                        request = self._request(method, url, headers, content, read_s)
                        response = await self._send(request, host)
                        try:
                            return await _whole(response, host)
                        finally:
                            await response.aclose()
        except TimeoutError as error:
            raise UpstreamAway(f"{host} took longer than {total_s:.0f} s") from error
        raise AssertionError("tenacity either returns or raises")

    @asynccontextmanager
    async def stream(
        self, url: str, *, headers: Mapping[str, str] | None = None, read_s: float = READ_S
    ) -> AsyncIterator[Stream]:
        """GET `url` and give its body in pieces; only the beginning is tried again.

        `read_s`: how long the first byte, or the next one, may take.
        """
        host = _host(url)
        response: httpx.Response | None = None
        async for attempt in self._attempts(HTTPMethod.GET):
            with attempt:
                request = self._request(HTTPMethod.GET, url, headers, None, read_s)
                response = await self._send(request, host)
        assert response is not None  # noqa: S101 - tenacity either returns or raises
        try:
            yield Stream(response.status_code, _headers(response), host, response)
        finally:
            await response.aclose()

    def _attempts(self, method: HTTPMethod) -> tenacity.AsyncRetrying:
        return tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(self._tries if method in SAFE else 1),
            retry=tenacity.retry_if_exception_type(UpstreamAway),
            wait=_wait,
            sleep=self._sleep,
            reraise=True,
        )

    def _request(
        self,
        method: HTTPMethod,
        url: str,
        headers: Mapping[str, str] | None,
        content: bytes | None,
        read_s: float,
    ) -> httpx.Request:
        timeout = httpx.Timeout(READ_S, connect=CONNECT_S, read=read_s)
        try:
            request = self._client.build_request(
                method, url, headers=headers, content=content, timeout=timeout
            )
        except httpx.InvalidURL as error:
            raise UpstreamBroken(f"{_host(url)} is not an address: {error}") from error
        if request.url.scheme not in {"http", "https"} or not request.url.host:
            raise UpstreamBroken(f"{words(url)!r} is not an address of a web server")
        return request

    async def _send(self, request: httpx.Request, host: str) -> httpx.Response:
        try:
            response = await self._client.send(
                request, stream=True, follow_redirects=request.method in SAFE
            )
        except httpx.TransportError as error:
            raise _away(host, error) from error
        except (httpx.TooManyRedirects, httpx.InvalidURL) as error:
            raise UpstreamBroken(f"{host} sends us on to nowhere: {error}") from error
        if response.status_code in {200, 201, 202, 204, 206, 416}:
            return response
        try:
            raise await _error_for(response, host)
        finally:
            await response.aclose()


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2]


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _away(host: str, error: Exception) -> UpstreamAway:
    return UpstreamAway(f"{host} does not answer: {str(error) or type(error).__name__}")


async def _whole(response: httpx.Response, host: str) -> Answer:
    body = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > BODY_BYTES:
                raise UpstreamBroken(f"{host} answers with more than {BODY_BYTES} bytes")
    except httpx.TransportError as error:
        raise _away(host, error) from error
    except httpx.DecodingError as error:
        raise UpstreamBroken(f"{host} answers with what cannot be read: {error}") from error
    return Answer(response.status_code, _headers(response), bytes(body), host)


async def _error_for(response: httpx.Response, host: str) -> KtizoError:
    said = f"{host} answered {response.status_code}"
    try:
        if first := words((await _whole(response, host)).text):
            said = f"{said}: {first}"
    except KtizoError as error:
        said = f"{said}; {error.message}"
    status = response.status_code
    if response.has_redirect_location:  # of what may not be sent twice
        to = words(response.headers["location"].partition("?")[0])
        return UpstreamBroken(f"{said} and sends us on to {to}; set that address", status=status)
    return error_for(status, said, _retry_after_s(response))


def _retry_after_s(response: httpx.Response) -> float:
    """Return the seconds of Retry-After (RFC 9110 10.2.3); its other form, a date, counts as 0."""
    given = response.headers.get("retry-after", "")
    return min(float(given), LONGEST_WAIT_S) if given.isdecimal() and given.isascii() else 0.0


_backoff = tenacity.wait_exponential_jitter(multiplier=0.5, max=10, jitter=0.5)


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait_s if isinstance(error, UpstreamAway) else 0.0
    return max(asked, _backoff(state))


async def _refuse_downgrade(response: httpx.Response) -> None:
    if response.has_redirect_location and response.url.scheme == "https":
        to = response.url.join(response.headers["location"])
        if to.scheme != "https":
            raise UpstreamBroken(
                f"{response.url.host} sends us on to {to.host} without encryption; not followed"
            )
