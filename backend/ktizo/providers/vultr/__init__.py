"""Vultr: bare metal and instances that boot what an iPXE chain URL names."""

import asyncio

import httpx

from ktizo.providers.http import Api, Limiter, Sleep, Vendor
from ktizo.providers.vultr import wire
from ktizo.providers.vultr.client import Client
from ktizo.providers.vultr.declaration import DECLARATION, VultrSettings

__all__ = ["DECLARATION", "make"]

BASE_URL = "https://api.vultr.com/v2"
# 30 requests a second of one address, then 429 with Retry-After: introduction of the vendor's
# OpenAPI document as of 2026, read 2026-11-21.
REQUESTS, PER_S = 30, 1.0


def make(
    settings: VultrSettings,
    transport: httpx.AsyncBaseTransport | None = None,
    sleep: Sleep = asyncio.sleep,
) -> Client:
    """Return the client of one account."""
    key = settings.api_key.get_secret_value()

    async def auth(request: httpx.Request) -> None:
        request.headers["Authorization"] = f"Bearer {key}"

    vendor = Vendor(
        name=DECLARATION.title,
        base_url=BASE_URL,
        auth=auth,
        limiter=Limiter(REQUESTS, PER_S, sleep=sleep),
        secrets=(key,),
        error_of=wire.error_of,
    )
    return Client(Api(vendor, transport=transport, sleep=sleep))
