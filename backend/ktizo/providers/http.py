"""Asking a provider over HTTP: when to try again, what errors mean, what must not be seen.

An order is sent once. GET is tried again on what passes; everything else only when it cannot have
arrived (the connection was never made) or was turned away unread (429). DELETE may be repeated.
"""

import asyncio
import json as json_text
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPMethod
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx
import tenacity

from ktizo import __version__
from ktizo.core.errors import KtizoError
from ktizo.providers.errors import (
    CredentialsRefused,
    Forbidden,
    Gone,
    OrderUnknown,
    ProviderAway,
    ProviderError,
    RateLimited,
    Rejected,
)
from ktizo.providers.hiding import without
from ktizo.providers.saying import sentence

CONNECT_S, READ_S = 10.0, 60.0
TRIES = 4
LONGEST_WAIT_S = 120.0
BODY_BYTES = 16 * 1024 * 1024
ERROR_CHARACTERS = 64 * 1024  # of a refusal's text; the rest is not read
WORDS = 300  # characters of a provider's own words
PASSING = frozenset({500, 502, 503, 504})
Auth = Callable[[httpx.Request], Awaitable[None]]
ErrorOf = Callable[["Answer"], KtizoError | None]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `request_id` is the vendor's, for their support."""

    status: int
    headers: Mapping[str, str] = field(repr=False)  # names in lower case
    text: str = field(repr=False)
    url: str = ""
    request_id: str = ""

    def json(self) -> Any:
        """Return the body's JSON; None when it is empty. Raises ProviderError."""
        if not self.text.strip():
            return None
        try:
            return json_text.loads(self.text)
        except (ValueError, RecursionError) as error:
            raise ProviderError("the provider does not answer with JSON") from error


class Limiter:
    """So many requests in a time, of one account: who comes too early waits."""

    def __init__(
        self,
        requests: int,
        per_s: float,
        *,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gap = per_s / requests
        self._burst = per_s
        self._sleep, self._clock = sleep, clock
        self._next = float("-inf")

    async def turn(self) -> None:
        """Wait until the next request may go out; a burst of one period's worth passes at once."""
        now = self._clock()
        start = max(self._next, now - self._burst)
        self._next = start + self._gap
        if start > now:
            await self._sleep(start - now)


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """How one vendor's API speaks. `error_of` reads its errors; None: the status decides."""

    name: str
    base_url: str
    auth: Auth
    limiter: Limiter
    secrets: tuple[str, ...] = field(repr=False)  # never in a log, an error or a record
    request_id_headers: tuple[str, ...] = ("x-request-id",)
    error_of: ErrorOf | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Api:
    """One account's API. `transport` and `sleep` are for tests."""

    def __init__(
        self,
        vendor: Vendor,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.vendor = vendor
        self._sleep = sleep
        self._refused: str = ""  # the first refusal of the credentials; nothing is asked after it
        self._client = httpx.AsyncClient(
            base_url=vendor.base_url,
            transport=transport,
            timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
            follow_redirects=False,
            headers={"User-Agent": f"ktizo/{__version__}", **vendor.headers},
            # No cookie is kept: an API needs none, and one that cannot be sent back breaks it.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def close(self) -> None:
        """Let go of every connection."""
        await self._client.aclose()

    async def get(self, path: str, **params: Any) -> Answer:
        """Ask for something."""
        return await self.send(HTTPMethod.GET, path, params=params)

    async def order(self, method: HTTPMethod, path: str, **body: Any) -> Answer:
        """Send what costs or destroys, once; a lost answer is OrderUnknown."""
        return await self.send(method, path, once=True, **body)

    async def send(
        self,
        method: HTTPMethod,
        path: str,
        *,
        once: bool = False,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Iterable[tuple[str, str]] | None = None,
        hidden: tuple[str, ...] = (),
    ) -> Answer:
        """Send a request and return a 2xx answer; raises one of `errors.py`.

        `hidden`: what the request carries and no error may quote, such as a boot URL.
        """
        fields = list(form) if form is not None else None  # sent again, it is still whole
        async for attempt in tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(TRIES),
            retry=tenacity.retry_if_exception(lambda error: _again(error, method, once)),
            wait=_wait,
            sleep=self._sleep,
            reraise=True,
        ):
            with attempt:
                request = self._request(method, path, params, json, fields)
                return self._judged(await self._sent(request, once=once), hidden, once=once)
        raise AssertionError("tenacity either returns or raises")

    def _request(
        self,
        method: HTTPMethod,
        path: str,
        params: Mapping[str, Any] | None,
        json: Any,
        form: list[tuple[str, str]] | None,
    ) -> httpx.Request:
        known = {name: value for name, value in (params or {}).items() if value is not None}
        return self._client.build_request(
            method,
            path,
            params=known or None,
            json=json,
            content=_form(form) if form is not None else None,
            headers={"Content-Type": "application/x-www-form-urlencoded"} if form else None,
        )

    async def _sent(self, request: httpx.Request, *, once: bool) -> httpx.Response:
        self._insist_not_refused()
        await self.vendor.limiter.turn()
        await self._proven(request)
        self._insist_not_refused()  # by another request, while this one waited for its turn
        try:
            return await self._client.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise _NeverSent(
                f"{self.vendor.name} cannot be reached: {type(error).__name__}"
            ) from None
        except httpx.RequestError as error:  # a body that cannot be unpacked is one, too
            said = f"the line to {self.vendor.name} broke: {type(error).__name__}"
            if once:
                raise OrderUnknown(
                    f"{said}; it may have been ordered: look before asking again"
                ) from None
            raise ProviderAway(said) from None

    def _insist_not_refused(self) -> None:
        if self._refused:
            raise CredentialsRefused(self._refused)

    async def _proven(self, request: httpx.Request) -> None:
        try:
            await self.vendor.auth(request)
        except CredentialsRefused as error:  # by whoever gives out tokens
            self._note(error)
            raise

    def _note(self, error: KtizoError) -> None:
        """Remember that the key is wrong; one that may not do a single thing is a good key."""
        if isinstance(error, CredentialsRefused) and not isinstance(error, Forbidden):
            self._refused = error.message

    def _judged(self, response: httpx.Response, hidden: tuple[str, ...], *, once: bool) -> Answer:
        answer = self._answer(response, hidden)
        if 200 <= answer.status < 300:
            return answer
        error = self.vendor.error_of(answer) if self.vendor.error_of is not None else None
        error = error or self._by_status(answer, once=once)
        self._note(error)
        if answer.request_id:
            error.detail["request_id"] = answer.request_id
        raise error

    def _answer(self, response: httpx.Response, hidden: tuple[str, ...]) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        ids = (headers.get(name, "") for name in self.vendor.request_id_headers)
        # JSON is UTF-8 whatever charset is named (RFC 8259 8.1); some names are no charset at all.
        text = response.content[:BODY_BYTES].decode("utf-8-sig", "replace")
        if not 200 <= response.status_code < 300:  # whatever reads it, it has no secrets
            text = without(text[:ERROR_CHARACTERS], (*self.vendor.secrets, *hidden))
        return Answer(
            response.status_code,
            headers,
            text,
            str(response.request.url.copy_with(query=None)),
            next((one for one in ids if one), "")[:120],
        )

    def _by_status(self, answer: Answer, *, once: bool) -> KtizoError:
        said = f"{self.vendor.name} answered {answer.status}: {self.words(answer.text)}"
        if answer.status == 401:
            return CredentialsRefused(f"{said}; look at the account's key")
        if answer.status == 403:
            return Forbidden(f"{said}; this key may not do this: give it the right to")
        if answer.status in {404, 410}:
            return Gone(said)
        if answer.status == 429:
            return RateLimited(f"{said}; wait", wait_s(answer.headers))
        if answer.status in PASSING:
            if once:
                return OrderUnknown(f"{said}; it may have been done: look before asking again")
            return ProviderAway(said)
        if 400 <= answer.status < 500:
            return Rejected(said)
        return ProviderError(said)

    @staticmethod
    def words(text: str) -> str:
        """Return the first words of what the provider said; no refusal has a secret left."""
        said = sentence(text) or text.strip()
        return "".join(c if c.isprintable() else " " for c in said[:WORDS]) or "nothing"


class _NeverSent(ProviderAway):
    """The connection was not made, so nothing was ordered."""

    code = "provider_away"


def wait_s(headers: Mapping[str, str]) -> float:
    """Return the seconds of Retry-After (RFC 9110 10.2.3); its other form, a date, counts as 0."""
    given = headers.get("retry-after", "")
    return min(float(given), LONGEST_WAIT_S) if given.isdecimal() and given.isascii() else 0.0


def _again(error: BaseException, method: HTTPMethod, once: bool) -> bool:
    if isinstance(error, _NeverSent | RateLimited):
        return True  # it was not done: not sent, or turned away unread
    may_repeat = method in {HTTPMethod.GET, HTTPMethod.HEAD, HTTPMethod.DELETE} and not once
    return isinstance(error, ProviderAway) and may_repeat


_backoff = tenacity.wait_exponential_jitter(multiplier=0.5, max=20, jitter=0.5)


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait_s if isinstance(error, ProviderAway) else 0.0
    return max(asked, _backoff(state))


def _form(fields: Iterable[tuple[str, str]]) -> bytes:
    return str(httpx.QueryParams(list(fields))).encode()
