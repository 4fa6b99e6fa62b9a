"""OVHcloud dedicated servers: bare metal by the month, booted from a script of ours."""

import asyncio
from dataclasses import replace

import httpx

from ktizo.core.errors import KtizoError
from ktizo.providers.http import Answer, Api, Limiter, Sleep, Vendor
from ktizo.providers.ovh.client import OvhClient
from ktizo.providers.ovh.declaration import DECLARATION, ENDPOINTS, TOKENS, OvhSettings
from ktizo.providers.ovh.refusals import error_of
from ktizo.providers.ovh.signing import Proof, ServiceAccount, Signer

__all__ = ["DECLARATION", "OvhClient", "make"]

# OVHcloud publishes no limit; this is what a manager in a browser makes.
REQUESTS, PER_S = 120, 60.0


def make(
    settings: OvhSettings,
    transport: httpx.AsyncBaseTransport | None = None,
    sleep: Sleep = asyncio.sleep,
) -> OvhClient:
    """Return a client of one account."""
    secrets = tuple(
        one.get_secret_value()
        for one in (settings.application_secret, settings.consumer_key, settings.client_secret)
    )

    async def unproven(_request: httpx.Request) -> None:
        """Send it as it is: the time and the token are asked for without proof."""

    bare = Vendor(
        name="OVHcloud",
        base_url=TOKENS[settings.endpoint] if settings.oauth2 else ENDPOINTS[settings.endpoint],
        auth=unproven,
        limiter=Limiter(REQUESTS, PER_S, sleep=sleep),
        secrets=secrets,
        request_id_headers=("x-ovh-queryid", "x-ovh-query-id"),
        error_of=lambda answer: error_of(answer, unsigned.words, lambda: False),
    )
    unsigned = Api(bare, transport=transport, sleep=sleep)
    proof: Proof
    proof = ServiceAccount(settings, unsigned) if settings.oauth2 else Signer(settings, unsigned)

    def refused(answer: Answer) -> KtizoError | None:
        return error_of(answer, unsigned.words, proof.doubt)

    vendor = replace(bare, base_url=ENDPOINTS[settings.endpoint], auth=proof, error_of=refused)
    api = Api(vendor, transport=transport, sleep=sleep)
    return OvhClient(api, proof, settings)
