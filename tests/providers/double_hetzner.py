"""Hetzner Robot with a memory.

Shapes: robot.hetzner.com/doc/webservice/en.html (server, cancellation, reset, boot, key, server
ordering), as copied by public mirrors and read 2026-11-21. That the activation of the rescue
system shows no host key and /rescue/last does: a public field report of 2026-09-08.
"""

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import httpx

from .contract import Double

RESCUE_PASSWORD = "jEt0dtUvomlyOwRr"
REASONS = ["Upgrade to a new server", "Dissatisfied with the hardware"]
LOCATIONS = ("FSN1", "HEL1")
IPV4 = {
    "id": "primary_ipv4",
    "name": "Primary IPv4",
    "location": None,
    "min": 0,
    "max": 1,
    "prices": [
        {
            "location": place,
            "price": {
                "net": "1.7000",
                "gross": "2.0230",
                "hourly_net": "0.0027",
                "hourly_gross": "0.0032",
            },
            "price_setup": {"net": "0.0000", "gross": "0.0000"},
        }
        for place in LOCATIONS
    ],
}
PRODUCT = {
    "id": "EX44",
    "name": "Dedicated Server EX44",
    "description": [
        "Intel\u00ae Core\u2122 i5-13500 14-Core",
        "64 GB DDR4 RAM",
        "2 x 512 GB NVMe SSD (Software-RAID 1)",
        "1 Gbit/s bandwidth",
    ],
    "traffic": "unlimited",
    "dist": ["Rescue system", "Debian 12 base"],
    "@deprecated arch": [64],
    "lang": ["en"],
    "location": list(LOCATIONS),
    "prices": [
        {
            "location": "FSN1",
            "price": {
                "net": "39.0000",
                "gross": "46.4100",
                "hourly_net": "0.0625",
                "hourly_gross": "0.0744",
            },
            "price_setup": {"net": "39.0000", "gross": "46.4100"},
        },
        {
            "location": "HEL1",
            "price": {
                "net": "44.0000",
                "gross": "52.3600",
                "hourly_net": "0.0705",
                "hourly_gross": "0.0839",
            },
            "price_setup": {"net": "39.0000", "gross": "46.4100"},
        },
    ],
    "orderable_addons": [IPV4],
}
AUCTION = {
    "id": 282323,
    "name": "SB109",
    "description": ["Intel Core i7 980x", "6x RAM 4096 MB DDR3", "2x SSD 120 GB SATA"],
    "traffic": "20 TB",
    "dist": ["Rescue system"],
    "@deprecated arch": [64],
    "lang": ["en"],
    "cpu": "Intel Core i7 980x",
    "cpu_benchmark": 8944,
    "memory_size": 24,
    "hdd_size": 120,
    "hdd_text": "ENT.HDD ECC INIC",
    "hdd_count": 2,
    "datacenter": "FSN1-DC4",
    "network_speed": "100 Mbit/s",
    "price": "91.60",
    "price_hourly": "0.1468",
    "price_setup": "0.00",
    "price_vat": "109.00",
    "price_hourly_vat": "0.1747",
    "price_setup_vat": "0.00",
    "fixed_price": False,
    "next_reduce": -10800,
    "next_reduce_date": "2018-05-01 12:22:00",
    "orderable_addons": [IPV4],
}


class Answered(Exception):
    """An error answer."""

    def __init__(self, status: int, code: str, **more: Any) -> None:
        super().__init__(code)
        error = {"status": status, "code": code, "message": code.lower().replace("_", " ")}
        self.response = httpx.Response(status, json={"error": {**error, **more}})


class HetznerDouble(Double):
    """Orders become servers in two steps; a reset boots the rescue system when it is set."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, dict[str, Any]] = {}
        self.transactions: list[dict[str, Any]] = []
        self.servers: dict[int, dict[str, Any]] = {}
        self.cancelled: dict[int, dict[str, str]] = {}
        self.earliest = "2020-01-01"
        self.dry_runs: list[dict[str, list[str]]] = []
        self.rescue: dict[int, list[str]] = {}  # server -> keys, while it is set
        self.host_keys: dict[int, list[str]] = {}
        self.had_rescue: set[int] = set()
        self.no_rescue = False  # of this kind of server
        self.booting: set[int] = set()  # into the rescue system
        self.resets: list[tuple[int, str]] = []
        self.reset_types = ["sw", "hw", "man", "power", "power_long"]
        self.running = "running"
        self.may_order = True

    def rate_limit(self) -> httpx.Response:
        """403, of all things."""
        return Answered(403, "RATE_LIMIT_EXCEEDED", max_request=200, interval=3600).response

    def refusal(self) -> httpx.Response:
        return Answered(401, "UNAUTHORIZED").response

    def deliver(self) -> None:
        for number in [n for n, one in self.servers.items() if one["status"] == "in process"]:
            self.servers[number]["status"] = "ready"
        for one in self.transactions:
            if one["status"] == "in process":
                self._deliver_one(one)
        for number in list(self.booting):
            self.host_keys[number] = [f"SHA256:boot{len(self.resets)}{kind}" for kind in "er"]
        self.booting.clear()

    def _deliver_one(self, one: dict[str, Any]) -> None:
        number = 2417234 + len(self.servers)
        ipv4 = "primary_ipv4" in one["addons"]
        one.update(status="ready", server_number=number)
        one["server_ip"] = f"188.40.1.{len(self.servers) + 1}" if ipv4 else None
        place = one["product"].get("location") or one["product"]["datacenter"].partition("-")[0]
        self.servers[number] = {
            "server_ip": one["server_ip"],
            "server_ipv6_net": f"2a01:4f8:111:{len(self.servers)}::",
            "server_number": number,
            "server_name": "",
            "product": one["product"]["name"],
            "dc": f"{place}-DC14",
            "traffic": "unlimited",
            "status": "in process",
            "cancelled": False,
            "paid_until": "2026-12-21",
            "ip": [one["server_ip"]] if ipv4 else None,
            "subnet": [{"ip": f"2a01:4f8:111:{len(self.servers)}::", "mask": "64"}],
            "reset": True,
            "rescue": True,
            "vnc": True,
            "wol": True,
        }

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"].startswith("Basic ")
        if request.method == "POST":
            assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        form = parse_qs(request.content.decode())
        parts = request.url.path.strip("/").split("/")
        try:
            status, body = self._answer(request.method, parts, form)
        except Answered as error:
            return error.response
        if body == []:  # an empty list is an error here
            return Answered(404, "NOT_FOUND").response
        return httpx.Response(status, json=body)

    def _answer(self, method: str, parts: list[str], form: dict[str, list[str]]) -> tuple[int, Any]:
        match (method, parts):
            case (_, ["order", *rest]):
                if not self.may_order:
                    raise Answered(403, "FORBIDDEN")
                return self._order(method, rest, form)
            case (_, ["key", *rest]):
                return self._key(method, rest, form)
            case ("GET", ["server"]):
                return 200, [{"server": _short(one)} for one in self.servers.values()]
            case (_, ["server", number, *rest]):
                return self._server(method, self._number(number), rest, form)
            case (_, ["boot", number, "rescue", *rest]):
                return self._boot(method, self._number(number), rest, form)
            case (_, ["reset", number]):
                return self._reset(method, self._number(number), form)
        raise Answered(404, "NOT_FOUND")

    def _number(self, given: str) -> int:
        if not given.isdecimal() or int(given) not in self.servers:
            raise Answered(404, "SERVER_NOT_FOUND")
        return int(given)

    def _order(self, method: str, rest: list[str], form: dict[str, list[str]]) -> tuple[int, Any]:
        shop, kind, *which = rest
        product: Mapping[str, Any] = AUCTION if shop == "server_market" else PRODUCT
        mine = [one for one in self.transactions if one["shop"] == shop]
        if kind == "product":
            if which and which[0] != str(product["id"]):
                raise Answered(404, "NOT_FOUND")
            return 200, {"product": product} if which else [{"product": product}]
        if method == "POST":
            return self._place(shop, product, form)
        if not which:
            return 200, [{"transaction": _public(one)} for one in mine]
        found = [one for one in mine if one["id"] == which[0]]
        if not found:
            raise Answered(404, "NOT_FOUND")
        return 200, {"transaction": _public(found[0])}

    def _place(
        self, shop: str, product: Mapping[str, Any], form: dict[str, list[str]]
    ) -> tuple[int, Any]:
        place = form.get("location", ["FSN1"])[0]
        invalid = [] if form["product_id"] == [str(product["id"])] else ["product_id"]
        if place in self.sold_out or place not in LOCATIONS:
            invalid.append("location")
        if any(one not in self.keys for one in form.get("authorized_key[]", [])):
            invalid.append("authorized_key")
        if invalid:
            raise Answered(400, "INVALID_INPUT", missing=None, invalid=invalid)
        dry = form.get("test") == ["true"]
        kept = {k: v for k, v in product.items() if k not in {"prices", "orderable_addons"}}
        if shop == "server":
            kept["location"] = place
        one = {
            "shop": shop,
            "id": f"B20261121-344958-25147{len(self.transactions)}",
            "date": "2026-11-21T12:54:01+01:00",
            "status": "cancelled" if dry else "in process",
            "server_number": None,
            "server_ip": None,
            "authorized_key": [
                {"key": {k: v for k, v in self.keys[fp].items() if k != "data"}}
                for fp in form.get("authorized_key[]", [])
            ],
            "host_key": [],
            "comment": None,
            "product": {**kept, "dist": "Rescue system", "lang": "en"},
            "addons": form.get("addon[]", []),
        }
        if dry:
            self.dry_runs.append(form)
            return 201, {"transaction": _public(one)}
        self.transactions.append(one)
        self.ordered(dict(form))
        return 201, {"transaction": _public(one)}

    def _key(self, method: str, rest: list[str], form: dict[str, list[str]]) -> tuple[int, Any]:
        if method == "POST":
            kind, blob = form["data"][0].split()[:2]
            fingerprint = hashlib.md5(blob.encode()).hexdigest()
            fingerprint = ":".join(fingerprint[i : i + 2] for i in range(0, 32, 2))
            if fingerprint in self.keys:
                raise Answered(409, "KEY_ALREADY_EXISTS")
            self.keys[fingerprint] = {
                "name": form["name"][0],
                "fingerprint": fingerprint,
                "type": kind.removeprefix("ssh-").upper(),
                "size": 256,
                "data": f"{kind} {blob}",
            }
            return 201, {"key": self.keys[fingerprint]}
        if method == "DELETE":
            if self.keys.pop(rest[0], None) is None:
                raise Answered(404, "NOT_FOUND")
            return 200, None
        return 200, [{"key": one} for one in self.keys.values()]

    def _server(
        self, method: str, number: int, rest: list[str], form: dict[str, list[str]]
    ) -> tuple[int, Any]:
        one = self.servers[number]
        if rest == ["cancellation"]:
            return self._cancellation(method, number, form)
        if method == "POST":
            one["server_name"] = form["server_name"][0]
        return 200, {"server": one}

    def _cancellation(
        self, method: str, number: int, form: dict[str, list[str]]
    ) -> tuple[int, Any]:
        given = self.cancelled.get(number)
        if method == "POST":
            if given is not None:
                raise Answered(409, "CONFLICT")
            assert form["reserve_location"] == ["false"]
            reason = form.get("cancellation_reason", [""])[0]
            if reason and reason not in REASONS:
                raise Answered(400, "INVALID_INPUT", missing=None, invalid=["cancellation_reason"])
            day = form["cancellation_date"][0]
            given = self.cancelled[number] = {
                "day": "2026-11-21" if day == "now" else day,
                "asked": day,
                "reason": reason,
            }
            self.servers[number]["cancelled"] = True
        return 200, {
            "cancellation": {
                "server_ip": self.servers[number]["server_ip"],
                "server_ipv6_net": self.servers[number]["server_ipv6_net"],
                "server_number": number,
                "server_name": self.servers[number]["server_name"],
                "earliest_cancellation_date": self.earliest,
                "cancelled": given is not None,
                "reserved": False,
                "reservation_possible": True,
                "cancellation_date": given["day"] if given else None,
                "cancellation_reason": given["reason"] if given else REASONS,
            }
        }

    def _boot(
        self, method: str, number: int, rest: list[str], form: dict[str, list[str]]
    ) -> tuple[int, Any]:
        if self.no_rescue:
            raise Answered(404, "BOOT_NOT_AVAILABLE")
        if rest == ["last"] and number not in self.had_rescue:
            raise Answered(404, "NOT_FOUND")
        if method == "POST":
            if number in self.rescue:
                raise Answered(409, "BOOT_ALREADY_ENABLED")
            assert form["os"] == ["linux"]
            self.had_rescue.add(number)
            self.rescue[number] = form.get("authorized_key[]", [])
        if method == "DELETE":
            self.rescue.pop(number, None)
        active = number in self.rescue
        last = rest == ["last"]
        return 200, {
            "rescue": {
                "server_ip": self.servers[number]["server_ip"],
                "server_ipv6_net": self.servers[number]["server_ipv6_net"],
                "server_number": number,
                "os": "linux" if active or last else ["linux", "vkvm"],
                "@deprecated arch": 64 if active or last else [64],
                "active": active,
                "password": RESCUE_PASSWORD if active and not self.rescue[number] else None,
                "authorized_key": [
                    {"key": {"name": "me", "fingerprint": fp, "type": "ED25519", "size": 256}}
                    for fp in self.rescue.get(number, [])
                ],
                "host_key": [
                    {"key": {"fingerprint": fp, "type": "ED25519", "size": 256}}
                    for fp in (self.host_keys.get(number, []) if last else [])
                ],
            }
        }

    def _reset(self, method: str, number: int, form: dict[str, list[str]]) -> tuple[int, Any]:
        common = {"server_ip": self.servers[number]["server_ip"], "server_number": number}
        if method == "GET":
            state = {"type": self.reset_types, "operating_status": self.running}
            return 200, {"reset": {**common, **state}}
        how = form["type"][0]
        assert how != "man"
        self.resets.append((number, how))
        if how == "hw" and self.rescue.pop(number, None) is not None:
            self.booting.add(number)
        return 200, {"reset": {**common, "type": how}}


def _public(one: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in one.items() if key != "shop"}


def _short(one: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in one.items() if k not in {"reset", "rescue", "vnc", "wol"}}
