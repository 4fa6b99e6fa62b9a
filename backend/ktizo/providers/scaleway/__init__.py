"""Scaleway Elastic Metal: metal by the hour in Paris, Amsterdam and Warsaw."""

import asyncio

import httpx

from ktizo.providers.http import Sleep
from ktizo.providers.scaleway.client import ScalewayClient
from ktizo.providers.scaleway.declaration import DECLARATION, ScalewaySettings
from ktizo.providers.scaleway.endpoint import scaleway

__all__ = ["DECLARATION", "make"]


def make(
    settings: ScalewaySettings,
    transport: httpx.AsyncBaseTransport | None = None,
    sleep: Sleep = asyncio.sleep,
) -> ScalewayClient:
    """Return one account's client; `transport` and `sleep` are for tests."""
    return ScalewayClient(settings, scaleway(settings, transport=transport, sleep=sleep))
