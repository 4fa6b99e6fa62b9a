"""Cherry Servers: metal by the hour that boots our iPXE script, at create and at reinstall.

Sources: cherryservers/cherrygo 69ef188 (2026-08-18), its recorded answers, Cherry's page on iPXE
(knowledge/docs/compute/configuration-management/ipxe) and the API reference (read 2026-10-06).
"""

import asyncio
from typing import TYPE_CHECKING

from ktizo.providers.cherry import wire
from ktizo.providers.cherry.client import Cherry
from ktizo.providers.cherry.declaration import DECLARATION, CherrySettings
from ktizo.providers.http import Api, Limiter, Sleep, Vendor

if TYPE_CHECKING:
    import httpx

__all__ = ["DECLARATION", "make"]


def make(
    settings: CherrySettings,
    transport: "httpx.AsyncBaseTransport | None" = None,
    sleep: Sleep = asyncio.sleep,
) -> Cherry:
    """Return the client of one account. `transport` and `sleep` are for tests."""
    key = settings.api_key.get_secret_value()

    async def auth(request: "httpx.Request") -> None:
        request.headers["Authorization"] = f"Bearer {key}"

    vendor = Vendor(
        name=DECLARATION.title,
        base_url="https://api.cherryservers.com/v1",
        auth=auth,
        limiter=Limiter(60, 60.0, sleep=sleep),  # their limit is not published; 429 says "wait"
        secrets=(key,),
        error_of=wire.error_of,
        headers={"Accept": "application/json"},
    )
    return Cherry(
        Api(vendor, transport=transport, sleep=sleep),
        project_id=settings.project_id,
        team_id=settings.team_id,
    )
