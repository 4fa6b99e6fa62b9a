"""How Robot speaks: Basic auth, forms, `{"error": {...}}`, and a lock-out after three refusals.

Source: robot.hetzner.com/doc/webservice/en.html, as copied by public mirrors and read 2026-11-21.
"""

import asyncio
import base64
from collections.abc import Iterable, Mapping
from functools import partial
from http import HTTPMethod
from typing import Any

import httpx

from ktizo.core.errors import KtizoError
from ktizo.providers.errors import (
    CredentialsRefused,
    Failed,
    Forbidden,
    Gone,
    NotYet,
    OutOfStock,
    ProviderAway,
    RateLimited,
    Unsupported,
)
from ktizo.providers.hetzner import wire
from ktizo.providers.hetzner.declaration import HetznerSettings
from ktizo.providers.http import LONGEST_WAIT_S, Answer, Api, Limiter, Sleep, Vendor

BASE_URL = "https://robot-ws.your-server.de"
LONGEST_WINDOW_S = 3600.0
REQUESTS, PER_S = 500, 3600.0  # most calls; GET /server has 200, orders 20 a day, resets 50
EMPTY = frozenset({"NOT_FOUND", "SERVER_NOT_FOUND"})  # 404 of an empty list, too
UNABLE = frozenset({"BOOT_NOT_AVAILABLE", "RESET_NOT_AVAILABLE", "WOL_NOT_AVAILABLE"})
BUSY = frozenset(
    {
        "BOOT_ALREADY_ENABLED",
        "BOOT_BLOCKED",
        "RESET_MANUAL_ACTIVE",
        "CONFLICT",
        "KEY_ALREADY_EXISTS",
    }
)
BROKEN = frozenset({"BOOT_ACTIVATION_FAILED", "BOOT_DEACTIVATION_FAILED", "RESET_FAILED"})
SOLD_OUT = frozenset({"location", "product_id"})  # inputs an order is refused for when none is left


class Robot(Api):
    """The web service. Until the credentials have been good once, one request at a time is out.

    Three refusals block our address for ten minutes, so two must not be under way together.
    """

    def __init__(
        self,
        vendor: Vendor,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        super().__init__(vendor, transport=transport, sleep=sleep)
        self._door = asyncio.Lock()
        self._let_in = False

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
        """Send a request and return a 2xx answer; raises one of `errors.py`."""
        send = partial(
            super().send,
            method,
            path,
            once=once,
            params=params,
            json=json,
            form=form,
            hidden=hidden,
        )
        if self._let_in:
            return await send()
        async with self._door:
            answer = await send()
            self._let_in = True
            return answer

    async def every(self, path: str, key: str) -> list[Mapping[str, Any]]:
        """Return a list's entries; Robot answers an empty list with 404 NOT_FOUND."""
        try:
            answer = await self.get(path)
        except Gone as error:
            if error.detail.get("vendor_code") in EMPTY:
                return []
            raise
        return wire.entries(answer.json(), key)


def robot(
    settings: HetznerSettings,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    sleep: Sleep = asyncio.sleep,
) -> Robot:
    """Return the web service of one account."""
    password = settings.password.get_secret_value()
    basic = base64.b64encode(f"{settings.user}:{password}".encode()).decode()

    async def auth(request: httpx.Request) -> None:
        request.headers["Authorization"] = f"Basic {basic}"

    vendor = Vendor(
        name="Hetzner Robot",
        base_url=BASE_URL,
        auth=auth,
        limiter=Limiter(REQUESTS, PER_S, sleep=sleep),
        secrets=(password, basic),
        error_of=error_of,
    )
    return Robot(vendor, transport=transport, sleep=sleep)


def error_of(answer: Answer) -> KtizoError | None:
    """Sort an error by its code; only our own words are used, theirs may hold anything."""
    if answer.status == 401:
        return CredentialsRefused(
            "Hetzner Robot refuses the web service user or its password; nothing more is asked,"
            " because three refusals block this address for ten minutes: look at the account"
        )
    said = wire.Said.of(answer.text)
    if answer.status >= 500 and said.code not in BROKEN:
        return None  # whatever it says, nobody knows whether it was done
    if said.code == "RATE_LIMIT_EXCEEDED":
        return _limited(said)
    if answer.status == 403:
        return Forbidden(
            "Hetzner Robot does not allow this to the web service user; switch on ordering for it"
            " in Robot under Settings, Web service and app settings",
            vendor_code="FORBIDDEN",
        )
    return _by_code(answer, said)


def _limited(said: wire.Said) -> ProviderAway:
    """`interval` is the limit's whole window, not what is left of it; a day is not waited for."""
    words = f"Hetzner Robot takes {said.max_request} such requests in {said.interval_s:.0f} s"
    if said.interval_s > LONGEST_WINDOW_S:
        return ProviderAway(f"{words}; ask again tomorrow", interval_s=said.interval_s)
    wait_s = min(said.interval_s, LONGEST_WAIT_S)
    return RateLimited(f"{words}; wait", wait_s, interval_s=said.interval_s)


def _by_code(answer: Answer, said: wire.Said) -> KtizoError | None:
    code = said.code
    if code == "INVALID_INPUT" and "/order/" in answer.url and SOLD_OUT & said.invalid:
        return OutOfStock("Hetzner does not offer that product in that location now")
    for codes, kind, words in (
        (EMPTY, Gone, "Hetzner Robot does not know it"),
        (UNABLE, Unsupported, "Hetzner offers this for another kind of server only"),
        (BUSY, NotYet, "the server or key is not in a state for it"),
        (BROKEN, Failed, "Hetzner Robot says that it did not work; try again later"),
    ):
        if code in codes:
            return kind(f"{words} ({code})", vendor_code=code)
    return None
