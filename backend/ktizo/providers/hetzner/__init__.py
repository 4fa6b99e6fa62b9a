"""Hetzner Robot: dedicated servers in Germany and Finland."""

import asyncio

import httpx

from ktizo.providers.hetzner.client import HetznerClient
from ktizo.providers.hetzner.declaration import DECLARATION, HetznerSettings
from ktizo.providers.hetzner.robot import robot
from ktizo.providers.http import Sleep

__all__ = ["DECLARATION", "make"]


def make(
    settings: HetznerSettings,
    transport: httpx.AsyncBaseTransport | None = None,
    sleep: Sleep = asyncio.sleep,
) -> HetznerClient:
    """Return one account's client; `transport` and `sleep` are for tests."""
    return HetznerClient(settings, robot(settings, transport=transport, sleep=sleep))
