"""Cherry Servers with a memory. Shapes: cherryservers/cherrygo 69ef188 (2026-08-18): servers.go,
plans.go, the answers of plans_test.go and sshkeys_test.go, testdata/prebuilt_plans.json.

"allocated" as the end of an iPXE order: servers.go:24-45. Their wording for "sold out" is in no
source and made up here. Never a live account.
"""

import base64
import json
from typing import Any

import httpx

from .contract import Double

KEY = "cherry-key-51c0ffee"
PROJECT, TEAM = "217727", "148226"
REGIONS = {
    "LT-Siauliai": {"id": 1, "name": "LT-Siauliai", "region_iso_2": "LT", "slug": "LT-Siauliai"},
    "NL-Amsterdam": {"id": 2, "name": "NL-Amsterdam", "region_iso_2": "NL", "slug": "NL-Amsterdam"},
}
PLAN = "E5-1620v4"
BMC_PASSWORD, OS_PASSWORD = "bmc-Zk81hdWq", "root-Gr22Xpq"
PRICING = [
    {"id": 3, "unit": "Monthly", "price": 189.0, "currency": "EUR", "taxed": False},
    {"id": 37, "unit": "Hourly", "price": 0.42319999999999997, "currency": "EUR", "taxed": False},
]
SPECS = {
    "cpus": {"count": 1, "name": "E5-1620v4", "cores": 4, "frequency": 3.5, "unit": "GHz"},
    "memory": {"count": 1, "total": 64, "unit": "GB", "name": "64GB ECC REG DDR4 "},
    "storage": [{"count": 2, "name": "SSD 500GB", "size": 500, "unit": "GB", "type": "SSD"}],
    "nics": {"name": "3Gbps"},
    "bandwidth": {"name": "30TB"},
}
IMAGES = ["ubuntu_24_04_64bit", "custom_ipxe_install"]


def error(status: int, message: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": status, "message": message}, headers=headers)


class CherryDouble(Double):
    """`actions`: the names it knows; their client and their reference disagree on two of them."""

    def __init__(self) -> None:
        super().__init__()
        self.servers: dict[str, dict[str, Any]] = {}
        self.keys: list[dict[str, Any]] = []
        self.reinstalls: list[dict[str, Any]] = []
        self.powered: list[str] = []
        self.actions = {"power_on", "power_off", "reboot", "reinstall"}
        self.images_in_plans = True
        self._coming: dict[str, list[str]] = {}  # what each server's status becomes, in order

    def rate_limit(self) -> httpx.Response:
        return error(429, "Too Many Requests", **{"retry-after": "3"})

    def refusal(self) -> httpx.Response:
        return error(401, "Bad credentials.")

    def deliver(self) -> None:
        for number, server in list(self.servers.items()):
            if server["state"] == "terminating":
                del self.servers[number]
            elif self._coming.get(number):
                server["status"] = self._coming[number].pop(0)
                server["state"] = "active" if server["status"] == "allocated" else "provisioning"

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return self.refusal()
        path = request.url.path.removeprefix("/v1")
        body = json.loads(request.content) if request.content else {}
        if path.startswith("/servers/"):
            return self._server(request.method, path.split("/")[2:], body)
        if request.method == "POST" and path == f"/projects/{PROJECT}/servers":
            return self._order(body)
        if request.method == "POST" and path == "/ssh-keys":
            return self._add_key(body)
        if request.method != "GET":
            return error(404, "Not Found")
        return self._read(path, request.url.params)

    def _read(self, path: str, params: httpx.QueryParams) -> httpx.Response:
        if path == f"/projects/{PROJECT}":
            return httpx.Response(
                200, json={"id": int(PROJECT), "name": "metal", "href": f"/projects/{PROJECT}"}
            )
        if path == f"/plans/{PLAN}/images":
            return httpx.Response(200, json=[{"id": 1, "name": one, "slug": one} for one in IMAGES])
        lists: dict[str, list[Any]] = {
            f"/projects/{PROJECT}/servers": list(self.servers.values()),
            "/regions": [{**one, "location": "somewhere"} for one in REGIONS.values()],
            "/ssh-keys": self.keys,
            "/plans": self._plans(),
            f"/teams/{TEAM}/plans": self._plans(),
        }
        if path not in lists:
            return error(404, "Not Found")
        start, size = int(params["offset"]), int(params["limit"])
        rows = lists[path]
        return httpx.Response(
            200, json=rows[start : start + size], headers={"x-total-count": str(len(rows))}
        )

    def _plans(self) -> list[Any]:
        images = [
            {"image": {"name": one, "slug": one} if self.images_in_plans else {"name": one}}
            for one in IMAGES
        ]
        regions = [
            {**one, "stock_qty": 0 if slug in self.sold_out else 12, "spot_qty": 0}
            for slug, one in REGIONS.items()
        ]
        plan = {
            "id": 86,
            "name": "E5-1620v4",
            "slug": PLAN,
            "custom": False,
            "type": "baremetal",
            "category": "Dedicated servers",
            "softwares": images,
            "specs": SPECS,
            "pricing": PRICING,
            "available_regions": regions,
        }
        vps = {
            **plan,
            "id": 625,
            "name": "Cloud VPS 1",
            "slug": "B1-1-1gb-20s-shared",
            "type": "vps",
            "category": "Shared resources",
            "softwares": [{"image": {"name": "Ubuntu", "slug": "ubuntu_24_04_64bit"}}],
        }
        return [plan, vps]

    def _order(self, body: dict[str, Any]) -> httpx.Response:
        if body["plan"] != PLAN or body["region"] not in REGIONS:
            return error(400, "Given server plan was not found.")
        if body["region"] in self.sold_out:
            return error(400, "Selected server plan is out of stock in this region.")
        wrong = self._not_ipxe(body)
        if wrong or body["cycle"] != "hourly" or body["project_id"] != int(PROJECT):
            return error(400, wrong or "Not by the hour.")
        number = str(383531 + len(self.orders))
        self.servers[number] = {
            "id": int(number),
            "name": PLAN,
            "href": f"/servers/{number}",
            "bmc": {"user": "root", "password": BMC_PASSWORD},
            "hostname": body["hostname"],
            "username": "root",
            "password": OS_PASSWORD,
            "image": "Custom iPXE install",
            "deployed_image": {"name": "Custom iPXE install", "slug": body["image"]},
            "spot_instance": False,
            "region": {**REGIONS[body["region"]], "href": "/regions/1"},
            "state": "pending",
            "status": "deploying",
            "plan": {"id": 86, "name": PLAN, "slug": PLAN},
            "pricing": {**PRICING[1], "price": 0.4232},
            "ip_addresses": [
                {"type": "private-ip", "address": "10.168.93.5", "address_family": 4},
                {"type": "primary-ip", "address": "5.199.160.10", "address_family": 4},
            ],
            "tags": body["tags"],
            "created_at": "2026-08-18T12:00:00+00:00",
            "termination_date": "",
        }
        self._coming[number] = ["deploying", "allocated"]
        self.ordered(body)
        return httpx.Response(201, json=self.servers[number])

    @staticmethod
    def _not_ipxe(body: dict[str, Any]) -> str:
        script = base64.b64decode(body.get("ipxe", ""), validate=True)
        if body.get("image") != "custom_ipxe_install" or not script.startswith(b"#!ipxe\n"):
            return "iPXE wants its image and a script."
        if {"ssh_keys", "user_data", "os_partition_size"} & set(body):
            return "Not together with ipxe."
        return ""

    def _add_key(self, body: dict[str, Any]) -> httpx.Response:
        number = len(self.keys) + 1
        key = {
            "id": number,
            "label": body["label"],
            "key": body["key"],
            "fingerprint": "fb:f0:21:33:e9:26:23:2e:2e:b4:5c:8a:a6:26:64:ae",
            "updated": "2021-04-20 16:40:54",
            "created": "2021-04-20 13:40:43",
            "href": f"/ssh-keys/{number}",
        }
        self.keys.append(key)
        return httpx.Response(201, json=key)

    def _server(self, method: str, parts: list[str], body: dict[str, Any]) -> httpx.Response:
        server = self.servers.get(parts[0])
        if server is None:
            return error(404, "Server not found.")
        if method == "POST" and parts[1:] == ["actions"]:
            return self._act(parts[0], body)
        if method == "DELETE":
            server["state"] = "terminating"
            return httpx.Response(204)
        return httpx.Response(200, json=server)

    def _act(self, number: str, body: dict[str, Any]) -> httpx.Response:
        if body["type"] not in self.actions:
            return error(400, f"Unknown action type {body['type']}.")
        if body["type"] in {"reinstall", "rebuild"}:
            wrong = self._not_ipxe(body)
            if wrong or len(body["password"]) < 8:
                return error(400, wrong or "Password is too short.")
            self.reinstalls.append(body)
            self._coming[number] = ["deploying", "allocated"]  # until then the old one is told
        else:
            self.powered.append(body["type"])
        return httpx.Response(200, json=self.servers[number])
