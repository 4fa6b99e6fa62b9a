"""How Scaleway speaks: one secret key in a header, JSON, pages, and errors with a `type`.

Sources: Elastic Metal API v1 (OpenAPI of 2025-05), the SDKs' standard errors, read 2026-11-21.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from ktizo.core.errors import KtizoError
from ktizo.providers.errors import (
    Forbidden,
    Gone,
    NotYet,
    OutOfStock,
    ProviderError,
    Rejected,
)
from ktizo.providers.http import Answer, Api, Limiter, Sleep, Vendor
from ktizo.providers.scaleway import wire
from ktizo.providers.scaleway.declaration import ScalewaySettings

BASE_URL = "https://api.scaleway.com"
REQUESTS, PER_S = 300, 60.0  # Scaleway gives no number; too many is a 429
PAGE, PAGES = 100, 100
KEYS = "/iam/v1alpha1/ssh-keys"
# Our own words for each type: theirs may hold anything.
BY_TYPE: Mapping[str, tuple[type[KtizoError], str]] = {
    "out_of_stock": (OutOfStock, "Scaleway has none left of this offer in this zone"),
    "quotas_exceeded": (Rejected, "the project's quota for this is used up; ask Scaleway for more"),
    "transient_state": (NotYet, "the server is busy with something else; wait, then ask again"),
    "precondition_failed": (NotYet, "the server is not in a state for it; look at it"),
    "resource_locked": (Rejected, "Scaleway has locked the server; ask its support"),
    "resource_expired": (Gone, "Scaleway does not have it any more"),
    "not_found": (Gone, "Scaleway does not know it"),
}


def servers(zone: str, *rest: str) -> str:
    """Return a path under a zone's servers."""
    return "/".join((f"/baremetal/v1/zones/{zone}/servers", *rest))


def scaleway(
    settings: ScalewaySettings,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    sleep: Sleep = asyncio.sleep,
) -> Api:
    """Return the API of one account."""
    secret = settings.secret_key.get_secret_value()

    async def auth(request: httpx.Request) -> None:
        request.headers["X-Auth-Token"] = secret

    vendor = Vendor(
        name="Scaleway",
        base_url=BASE_URL,
        auth=auth,
        limiter=Limiter(REQUESTS, PER_S, sleep=sleep),
        secrets=(secret,),
        error_of=error_of,
    )
    return Api(vendor, transport=transport, sleep=sleep)


def error_of(answer: Answer) -> KtizoError | None:
    """Sort an error by its type; an unknown one by its status."""
    if not 400 <= answer.status < 500 or answer.status in {401, 429}:
        return None
    kind = wire.error_type(answer.text)
    if kind in BY_TYPE:
        error, words = BY_TYPE[kind]
        return error(f"{words} ({kind})", vendor_code=kind)
    if answer.status == 403:
        return _forbidden(answer)
    return (
        NotYet("Scaleway says that it is not in a state for it") if answer.status == 409 else None
    )


def _forbidden(answer: Answer) -> KtizoError:
    if KEYS in answer.url:  # a key for Elastic Metal alone is a good key
        return Forbidden("the API key may not see SSH keys; give it IAM's SSHKeysFullAccess")
    return Forbidden("the API key may not do this in this project; give it ElasticMetalFullAccess")


async def every(api: Api, path: str, key: str, **params: Any) -> list[Mapping[str, Any]]:
    """Return a list of many pages; raises ProviderError rather than leave any out."""
    found: list[Mapping[str, Any]] = []
    for page in range(1, PAGES + 1):
        answer = (await api.get(path, page=page, page_size=PAGE, **params)).json()
        entries = wire.listed(answer, key)
        found += entries
        if not entries or len(found) >= wire.number(wire.mapping(answer).get("total_count")):
            return found
    raise ProviderError(f"Scaleway's list of {key} does not end")
