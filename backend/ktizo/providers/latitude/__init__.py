"""Latitude.sh: metal by the hour that boots iPXE when it is ordered and when it is reinstalled."""

import asyncio

import httpx

from ktizo.providers.http import Api, Limiter, Sleep, Vendor
from ktizo.providers.latitude import wire
from ktizo.providers.latitude.client import Client
from ktizo.providers.latitude.declaration import DECLARATION, LatitudeSettings

__all__ = ["DECLARATION", "make"]

BASE_URL = "https://api.latitude.sh"
# "60 GET a minute, 20 writes a minute of one key": latitudesh.mintlify.dev/docs/api-reference/
# rate-limits, read 2026-11-21. Writes are few; one too many is answered 429 and waits.
REQUESTS, PER_S = 60, 60.0


def make(
    settings: LatitudeSettings,
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
        headers={"Accept": "application/vnd.api+json"},
    )
    return Client(Api(vendor, transport=transport, sleep=sleep), settings.project)
