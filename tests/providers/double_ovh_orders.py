"""The part of OVHcloud's double that takes orders; see double_ovh.py."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx

from . import contract

AHEAD_S = 4000  # OVHcloud's clock is not ours
PLAN, OTHER_PLAN = "24rise01-v1", "24sk10"
REGIONS = ("gra", "rbx")
ORDER_PASSWORD = "orderpw-7f3a"
TOKEN = "endtoken-9c1b"
KEY, SECRET, CONSUMER = "appkey", "appsecret-5e8d", "consumer-1f22"
CLIENT_ID, CLIENT_SECRET, BEARER = "EU.1234", "clientsecret-77aa", "bearer-4f01"
OPTIONS = {
    "memory": {"ram-32g-ecc-2666-24rise01-v1": 0.0, "ram-64g-ecc-2666-24rise01-v1": 10.0},
    "storage": {"softraid-2x512nvme-24rise01-v1": 0.0, "softraid-2x960nvme-24rise01-v1": 12.0},
    "bandwidth": {"bandwidth-500-24rise-v1": 0.0, "bandwidth-1000-24rise-v1": 30.0},
}
MONTHLY, SETUP = 64.99, 64.99
Made = Callable[..., httpx.Response]
KIND = r"(baremetalServers|eco)"


def ok(body: Any) -> httpx.Response:
    return httpx.Response(200, json=body, headers={"x-ovh-queryid": "EU.ext-3.abc"})


def refused(status: int, message: str, code: str = "", name: str = "") -> httpx.Response:
    body = {"message": message, "httpCode": f"{status}", "errorCode": code, "class": name}
    told = {key: value for key, value in body.items() if value}
    return httpx.Response(status, json=told, headers={"x-ovh-queryid": "EU.ext-3.abc"})


def missing() -> httpx.Response:
    return refused(404, "The requested object does not exist", name="Client::NotFound")


def price(value: float) -> dict[str, Any]:
    return {"currencyCode": "EUR", "text": f"{value:.2f} €", "value": round(value, 2)}


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


class Orders(contract.Double):
    """Carts, orders, account and catalogue; `carts`, `placed` and `keys` are what it remembers."""

    carts: dict[str, dict[str, Any]]
    placed: dict[str, dict[str, Any]]
    keys: dict[str, str]
    frozen: bool

    def now(self) -> float:
        return time.time() + AHEAD_S

    def number(self) -> int:
        raise NotImplementedError

    # --- the cart

    def cart_list(self, body: Any, query: Any) -> httpx.Response:
        return ok(list(self.carts))

    def cart_open(self, body: Any, query: Any) -> httpx.Response:
        assert body["ovhSubsidiary"] == "FR"
        cart = f"c{self.number()}-4a"
        self.carts[cart] = {
            "cartId": cart,
            "description": body.get("description", ""),
            "expire": iso(self.now() + 86400),
            "items": [],
            "readOnly": False,
            "assigned": False,
            "plan": "",
            "options": [],
            "configuration": {},
        }
        return ok(self._cart(cart))

    def _cart(self, cart: str) -> dict[str, Any]:
        names = ("cartId", "description", "expire", "items", "readOnly")
        return {name: self.carts[cart][name] for name in names}

    def cart_get(self, cart: str, body: Any, query: Any) -> httpx.Response:
        return ok(self._cart(cart)) if cart in self.carts else missing()

    def cart_put(self, cart: str, body: Any, query: Any) -> httpx.Response:
        if self.frozen and self.carts[cart]["readOnly"]:
            return refused(400, "Cart is in read only mode", name="Client::BadRequest")
        self.carts[cart].update(body)
        return ok(self._cart(cart))

    def cart_delete(self, cart: str, body: Any, query: Any) -> httpx.Response:
        return ok(None) if self.carts.pop(cart, None) else missing()

    def cart_assign(self, cart: str, body: Any, query: Any) -> httpx.Response:
        self.carts[cart]["assigned"] = True
        return ok(None)

    def options_get(self, cart: str, kind: str, body: Any, query: Any) -> httpx.Response:
        if kind == "baremetalServers":  # the plan is of the other range
            return refused(500, "Internal server error", name="Server::InternalServerError")
        if query["planCode"] != PLAN:
            return ok([])
        rows = [
            {
                "family": family,
                "mandatory": True,
                "exclusive": True,
                "planCode": code,
                "productName": code,
                "productType": "delivery",
                "prices": [
                    {
                        "capacities": ["renew"],
                        "duration": "P1M",
                        "interval": 1,
                        "price": price(cost),
                        "priceInUcents": round(cost * 10**8),
                        "pricingMode": "default",
                        "pricingType": "rental",
                    }
                ],
            }
            for family, codes in OPTIONS.items()
            for code, cost in codes.items()
        ]
        return ok(rows)

    def item_add(self, cart: str, kind: str, body: Any, query: Any) -> httpx.Response:
        assert kind == "eco"
        assert body == {
            "planCode": PLAN,
            "duration": "P1M",
            "pricingMode": "default",
            "quantity": 1,
        }
        item = self.number()
        self.carts[cart].update(items=[item], plan=body["planCode"])
        return ok({"cartId": cart, "itemId": item, "options": [], "configurations": []})

    def option_add(self, cart: str, kind: str, body: Any, query: Any) -> httpx.Response:
        assert body["itemId"] == self.carts[cart]["items"][0]
        self.carts[cart]["options"].append(body["planCode"])
        return ok({"cartId": cart, "itemId": self.number(), "parentItemId": body["itemId"]})

    def required(self, cart: str, item: str, body: Any, query: Any) -> httpx.Response:
        label = {"required": True, "fields": [], "type": "String"}
        return ok(
            [
                {**label, "label": "dedicated_datacenter", "allowedValues": list(REGIONS)},
                {**label, "label": "region", "allowedValues": ["europe", "canada"]},
                {**label, "label": "dedicated_os", "allowedValues": ["none_64.en"]},
            ]
        )

    def configure(self, cart: str, item: str, body: Any, query: Any) -> httpx.Response:
        label, told = body["label"], self.carts[cart]["configuration"]
        if label in told:
            message = f"Custom field {label} is duplicated for product {PLAN}"
            return refused(400, message, name="Client::BadRequest")
        told[label] = body["value"]
        return ok({"id": self.number(), **body})

    def _priced(self, cart: dict[str, Any]) -> dict[str, Any]:
        costs = {code: cost for codes in OPTIONS.values() for code, cost in codes.items()}
        rows = [("RISE-1 rental for 1 month", "DURATION", MONTHLY)]
        rows += [(code, "DURATION", costs[code]) for code in cart["options"]]
        rows.append(("RISE-1 setup fee", "INSTALLATION", SETUP))
        total = sum(cost for _, _, cost in rows)
        details = [
            {
                "cartItemID": cart["items"][0],
                "description": name,
                "detailType": kind,
                "domain": "*001.001",
                "quantity": 1,
                "totalPrice": price(cost),
                "unitPrice": price(cost),
                "originalTotalPrice": price(cost),
                "reductionTotalPrice": price(0),
                "reductions": [],
            }
            for name, kind, cost in rows
        ]
        prices = {"withoutTax": price(total), "tax": price(0.2 * total)}
        prices["withTax"] = price(1.2 * total)
        return {
            "orderId": None,
            "url": None,
            "details": details,
            "prices": prices,
            "contracts": [{"name": "Dedicated servers", "url": "", "content": "..."}],
        }

    def preview(self, cart: str, body: Any, query: Any) -> httpx.Response:
        problem = self._unready(self.carts[cart])
        return problem or ok(self._priced(self.carts[cart]))

    def _unready(self, cart: dict[str, Any]) -> httpx.Response | None:
        if cart["readOnly"]:
            return refused(400, "Cart is in read only mode", name="Client::BadRequest")
        if not cart["assigned"]:
            return refused(403, "You are not allowed", name="Client::Forbidden")
        families = {name for name, codes in OPTIONS.items() if set(codes) & set(cart["options"])}
        told = {"dedicated_datacenter", "dedicated_os", "region"}
        if families != set(OPTIONS) or set(cart["configuration"]) != told:
            message = f"Mandatory options are missing for product {PLAN}"
            return refused(400, message, name="Client::BadRequest")
        return None

    def checkout(self, cart: str, body: Any, query: Any) -> httpx.Response:
        told = self.carts[cart]
        problem = self._unready(told)
        if problem is not None:
            return problem
        region = told["configuration"]["dedicated_datacenter"]
        if region in self.sold_out:
            return refused(400, f"{PLAN} is not available in {region}", name="Client::BadRequest")
        assert body == {
            "autoPayWithPreferredPaymentMethod": True,
            "waiveRetractationPeriod": False,
        }
        told["readOnly"] = True
        number = self.number()
        order = {"orderId": number, "date": self.now(), "status": "checking", "service": ""}
        self.placed[str(number)] = {**order, "plan": told["plan"], "region": region}
        self.ordered(self.placed[str(number)])
        url = f"https://www.ovh.com/cgi-bin/order/display-order.cgi?orderId={number}"
        url += f"&orderPassword={ORDER_PASSWORD}"
        return ok({**self._priced(told), "orderId": number, "url": url})

    # --- orders

    def order_list(self, body: Any, query: Any) -> httpx.Response:
        since, until = (
            datetime.fromisoformat(query[name]).timestamp() for name in ("date.from", "date.to")
        )
        return ok([one["orderId"] for one in self.placed.values() if since <= one["date"] <= until])

    def order_status(self, order: str, body: Any, query: Any) -> httpx.Response:
        return ok(self.placed[order]["status"]) if order in self.placed else missing()

    def order_details(self, order: str, body: Any, query: Any) -> httpx.Response:
        return ok([int(order) * 10, int(order) * 10 + 1]) if order in self.placed else missing()

    def order_detail(self, order: str, detail: str, body: Any, query: Any) -> httpx.Response:
        main = detail.endswith("0")
        return ok(
            {
                "orderDetailId": int(detail),
                "description": "RISE-1 rental for 1 month" if main else "RISE-1 setup fee",
                "detailType": "DURATION" if main else "INSTALLATION",
                "domain": self.placed[order]["service"] or "*001.001",
                "quantity": "1",
                "totalPrice": price(MONTHLY),
                "unitPrice": price(MONTHLY),
                "cancelled": False,
            }
        )

    def order_extension(self, order: str, detail: str, body: Any, query: Any) -> httpx.Response:
        told = self.placed[order]
        places = [{"label": "dedicated_datacenter", "value": told["region"]}]
        plan = {"code": told["plan"], "duration": "P1M", "pricingMode": "default"}
        kind = "DURATION" if detail.endswith("0") else "INSTALLATION"
        order_told = {"action": None, "type": kind, "plan": plan, "configurations": places}
        return ok({"order": order_told})

    # --- the account and the catalogue

    def me(self, body: Any, query: Any) -> httpx.Response:
        return ok(
            {
                "nichandle": "xy12345-ovh",
                "name": "Muster",
                "firstname": "Eva",
                "organisation": "Ktizo Lab",
                "ovhSubsidiary": "FR",
                "currency": {"code": "EUR", "symbol": "€"},
                "state": "complete",
            }
        )

    def key_list(self, body: Any, query: Any) -> httpx.Response:
        return ok(list(self.keys))

    def key_get(self, name: str, body: Any, query: Any) -> httpx.Response:
        return ok({"keyName": name, "key": self.keys[name], "default": False})

    def key_add(self, body: Any, query: Any) -> httpx.Response:
        self.keys[body["keyName"]] = body["key"]
        return ok(None)

    def stock(self, body: Any, query: Any) -> httpx.Response:
        rows = [
            {
                "fqn": f"{plan}.ram-32g-ecc-2666.softraid-2x512nvme",
                "planCode": plan,
                "server": "24rise01",
                "memory": "ram-32g-ecc-2666",
                "storage": "softraid-2x512nvme",
                "systemStorage": None,
                "gpu": None,
                "datacenters": [
                    {
                        "datacenter": region,
                        "availability": "unavailable" if region in self.sold_out else "1H-low",
                    }
                    for region in REGIONS
                    if query.get("datacenters") in {None, region}
                ],
            }
            for plan in (PLAN, OTHER_PLAN)
            if query.get("planCode") in {None, plan}
        ]
        return ok(rows)

    def catalog(self, kind: str, body: Any, query: Any) -> httpx.Response:
        assert query["ovhSubsidiary"] == "FR"
        locale = {"currencyCode": "EUR", "subsidiary": "FR", "taxRate": 20}
        if kind == "baremetalServers":
            return ok({"catalogId": 1, "locale": locale, "plans": [], "addons": [], "products": []})

        def pricings(monthly: float, setup: float | None = None) -> list[dict[str, Any]]:
            row = {"mode": "default", "commitment": 0, "interval": 1, "intervalUnit": "month"}
            rows = [{**row, "capacities": ["renew"], "price": round(monthly * 10**8), "phase": 1}]
            once = {**row, "interval": 0, "intervalUnit": "none", "capacities": ["installation"]}
            if setup is not None:
                rows.insert(0, {**once, "price": round(setup * 10**8), "phase": 0})
            return rows

        families = [
            {"name": name, "mandatory": True, "exclusive": True, "addons": list(codes)}
            for name, codes in OPTIONS.items()
        ]
        addons = [
            {
                "planCode": code,
                "invoiceName": code,
                "product": code.rsplit("-24", 1)[0],
                "pricings": pricings(cost),
            }
            for codes in OPTIONS.values()
            for code, cost in codes.items()
        ]
        cpu = {"brand": "Intel", "model": "Xeon-E 2386G", "cores": 6, "threads": 12}
        disks = [{"number": 2, "capacity": 512, "technology": "NVMe"}]
        products = [
            {"name": "24rise01", "blobs": {"technical": {"server": {"cpu": cpu}}}},
            {"name": "ram-32g-ecc-2666", "blobs": {"technical": {"memory": {"size": 32}}}},
            {"name": "softraid-2x512nvme", "blobs": {"technical": {"storage": {"disks": disks}}}},
        ]
        plan = {
            "planCode": PLAN,
            "invoiceName": "RISE-1",
            "product": "24rise01",
            "pricings": pricings(MONTHLY, SETUP),
            "addonFamilies": families,
            "configurations": [{"name": "dedicated_datacenter", "values": list(REGIONS)}],
        }
        told = {"catalogId": 2, "locale": locale, "plans": [plan], "addons": addons}
        return ok({**told, "products": products})
