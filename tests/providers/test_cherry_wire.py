"""How Cherry Servers' JSON is read."""

import json
import string
from decimal import Decimal
from typing import Any

import pytest

from ktizo.providers.base import Offer, Price, Status
from ktizo.providers.cherry import wire
from ktizo.providers.errors import NotYet, OutOfStock
from ktizo.providers.http import Answer

# GET /teams/{id}/plans as cherrygo records it (plans_test.go): no slugs at all.
OLD_PLAN: Any = json.loads(
    '{"id":625,"name":"Cloud VPS 1","title":"Cloud VPS 1","custom":false,"category":"Shared '
    'resources","softwares":[{"image":{"name":"Ubuntu 18.04 64bit"}}],"specs":{"cpus":{"count":1,'
    '"name":"Cloud VPS 1","cores":1,"frequency":0.0,"unit":"GHz"},"memory":{"count":1,"total":1,'
    '"unit":"GB","name":"1GB"},"storage":[{"count":1,"name":"20GB SSD","size":20,"unit":"GB",'
    '"type":"SSD"}],"nics":{"name":"1Gbps"},"bandwidth":{"name":"1TB"}},"pricing":[{"price":0.015,'
    '"currency":"EUR","taxed":false,"unit":"Hourly","id":37}],"available_regions":[{"id":1,"name":'
    '"EU-Nord-1","region_iso_2":"LT","stock_qty":122,"spot_qty":0,"location":"Lithuania, Vilnius"},'
    '{"id":2,"name":"EU-West-1","region_iso_2":"NL","stock_qty":0,"spot_qty":0,"location":'
    '"Netherlands, Amsterdam"}]}'
)


def test_a_recorded_plan_without_slugs_is_read() -> None:
    plan = wire.plan(OLD_PLAN)
    price = Price("EUR", hourly=Decimal("0.015"))
    assert (plan.id, plan.kind, plan.cores, plan.memory_gib) == ("Cloud VPS 1", "vm", 1, 1.0)
    assert plan.disks == "20GB SSD"
    assert plan.offers == (Offer("EU-Nord-1", price, True), Offer("EU-West-1", price, False))
    assert wire.takes_ipxe(OLD_PLAN) is None
    assert plan.why == "whether it takes an iPXE script is asked before an order"


def test_what_is_sold_by_longer_terms_only_has_no_price() -> None:
    monthly = {**OLD_PLAN, "pricing": [{"price": 189.0, "currency": "EUR", "unit": "Monthly"}]}
    assert wire.price_of(monthly) is None
    for nothing in (0, 1e-9, -1, float("nan"), None, "free"):
        assert wire.price_of({"pricing": [{"price": nothing, "unit": "Hourly"}]}) is None


@pytest.mark.parametrize(
    ("status", "state", "meaning"),
    [
        ("deploying", "pending", Status.PROVISIONING),
        ("", "pending", Status.ORDERED),
        ("", "provisioning", Status.PROVISIONING),
        ("allocated", "active", Status.READY),
        ("deployed", "active", Status.READY),
        ("", "active", Status.READY),
        ("rescue mode", "active", Status.RESCUE),
        ("failed deployment", "active", Status.FAILED),
        ("deployed", "terminating", Status.DELETING),
        ("upgrading", "active", Status.UNKNOWN),
    ],
)
def test_a_status_is_read(status: str, state: str, meaning: Status) -> None:
    server = wire.server({"id": 1, "status": status, "state": state})
    assert server.status is meaning
    assert server.raw_status == (status or state)


def test_a_password_is_one_they_accept() -> None:
    for _ in range(300):
        password = wire.password()
        assert len(password) >= 8
        assert set(password) <= set(string.ascii_letters + string.digits)
        assert password[0] not in string.ascii_uppercase
        assert password[-1] not in string.digits
        assert set(password) & set(string.ascii_uppercase)
        assert set(password) & set(string.digits)


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "Selected server plan is out of stock in this region.", OutOfStock),
        (422, "Not enough stock.", OutOfStock),
        (400, "No available servers", OutOfStock),
        (409, "Server is being deployed", NotYet),
        (400, "Given server plan was not found.", None),
        (400, "Image is not available for this plan.", None),
        (402, "Not enough credit", None),
    ],
)
def test_an_error_is_read(status: int, message: str, kind: type[Exception] | None) -> None:
    body = json.dumps({"code": status, "message": message})
    error = wire.error_of(Answer(status, {}, body))
    assert error is None if kind is None else isinstance(error, kind)
