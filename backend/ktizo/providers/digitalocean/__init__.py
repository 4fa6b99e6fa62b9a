"""DigitalOcean: droplets, made from a custom image with Talos in it; no network boot at all.

Source: digitalocean/openapi 7c1300c4 (2026-08-07).
"""

import asyncio
from typing import TYPE_CHECKING

from ktizo.providers.digitalocean.client import DigitalOcean
from ktizo.providers.digitalocean.declaration import DECLARATION, DigitalOceanSettings
from ktizo.providers.digitalocean.refusals import error_of
from ktizo.providers.http import Api, Limiter, Sleep, Vendor

if TYPE_CHECKING:
    import httpx

__all__ = ["DECLARATION", "make"]


def make(
    settings: DigitalOceanSettings,
    transport: "httpx.AsyncBaseTransport | None" = None,
    sleep: Sleep = asyncio.sleep,
) -> DigitalOcean:
    """Return the client of one account. `transport` and `sleep` are for tests."""
    token = settings.token.get_secret_value()

    async def auth(request: "httpx.Request") -> None:
        request.headers["Authorization"] = f"Bearer {token}"

    vendor = Vendor(
        name=DECLARATION.title,
        base_url="https://api.digitalocean.com/v2",
        auth=auth,
        limiter=Limiter(80, 60.0, sleep=sleep),  # 5000 an hour; at most 250 in a minute
        secrets=(token,),
        error_of=error_of,
        headers={"Accept": "application/json"},
    )
    return DigitalOcean(Api(vendor, transport=transport, sleep=sleep), image=settings.image)
