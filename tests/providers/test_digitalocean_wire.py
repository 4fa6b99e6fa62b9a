"""How DigitalOcean's JSON and its errors are read."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest

from ktizo.providers.base import Price, Status
from ktizo.providers.digitalocean import wire
from ktizo.providers.digitalocean.refusals import error_of
from ktizo.providers.errors import NotYet, OutOfStock, RateLimited, Rejected
from ktizo.providers.http import Answer


def error(status: int, message: str, **headers: str) -> Exception | None:
    body = {"id": "unprocessable_entity", "message": message, "request_id": "4d9d8375"}
    return error_of(Answer(status, headers, json.dumps(body)))


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (422, "Size is not available in this region.", OutOfStock),
        (422, "Region is not available", OutOfStock),
        (422, "size is currently unavailable", OutOfStock),
        (422, "Image is not available in this region.", type(None)),
        (422, "Droplet already has a pending event.", NotYet),
        (409, "", NotYet),
        (422, "creating this/these droplet(s) will exceed your droplet limit", Rejected),
        (403, "This will exceed your droplet limit", Rejected),
        (403, "You are not authorized to perform this operation", type(None)),
        (401, "Unable to authenticate you.", type(None)),
        (422, "Name is invalid", type(None)),
        (503, "Size is not available in this region.", type(None)),
    ],
)
def test_an_error_is_read(status: int, message: str, kind: type[Any]) -> None:
    assert type(error(status, message)) is kind


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"retry-after": "7"}, 7, 7),
        ({"ratelimit-reset": str(int(time.time()) + 10_000)}, 120, 120),
        ({"ratelimit-reset": "1444931833"}, 0, 0),
        ({"ratelimit-reset": "soon"}, 0, 0),
        ({}, 0, 0),
    ],
)
def test_a_rate_limit_says_how_long(headers: dict[str, str], least: float, most: float) -> None:
    told = error_of(Answer(429, headers, ""))
    assert isinstance(told, RateLimited)
    assert least <= told.wait_s <= most


def test_prices_are_rounded_to_what_is_published() -> None:
    size = {"price_hourly": 0.00743999984115362, "price_monthly": 5}
    assert wire.price_of(size) == Price("USD", hourly=Decimal("0.00744"), monthly=Decimal(5))
    for nothing in (0, 1e-9, -1, float("nan"), None, "free"):
        assert wire.price_of({"price_hourly": nothing, "price_monthly": 5}) is None


def test_the_public_address_comes_first() -> None:
    # examples/droplet_single of the specification
    v4 = [
        {"ip_address": "10.128.192.124", "type": "private", "gateway": "nil"},
        {"ip_address": "192.241.165.154", "type": "public"},
    ]
    server = wire.server({"id": 3164444, "status": "active", "networks": {"v4": v4, "v6": []}})
    assert server.addresses == ("192.241.165.154", "10.128.192.124")


@pytest.mark.parametrize(
    ("word", "locked", "status"),
    [
        ("new", True, Status.PROVISIONING),
        ("active", True, Status.PROVISIONING),
        ("active", False, Status.READY),
        ("active", None, Status.READY),
        ("off", False, Status.OFF),
        ("archive", False, Status.GONE),
        ("melting", False, Status.UNKNOWN),
    ],
)
def test_a_status_is_read(word: str, locked: object, status: Status) -> None:
    assert wire.server({"id": 1, "status": word, "locked": locked}).status is status
