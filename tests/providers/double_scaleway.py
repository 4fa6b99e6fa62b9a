"""Scaleway Elastic Metal with a memory.

Shapes: Elastic Metal API v1 (OpenAPI of 2025-05), SDK 2.12.0 and the answers recorded in
Scaleway's Terraform provider (2026-08-21), as told in reference/providers.md; read 2026-11-21.
Errors: the standard errors of Scaleway's SDKs.
"""

import json
import uuid
from typing import Any

import httpx

from .contract import Double

RESCUE_PASSWORD = "f0rTheRescueOnly"
PROJECT = "11111111-2222-4333-8444-555555555555"
OFFERS = {  # by zone; an id belongs to one zone
    "fr-par-2": ("9eebce52-f7d5-484f-9437-b234164c4c4b", 88_000_000),
    "nl-ams-1": ("e36f7e1d-0f08-4a6b-9b07-6a6d2ff4a2d0", 92_000_000),
}


def offer(zone: str, stock: str) -> dict[str, Any]:
    id_, nanos = OFFERS[zone]
    return {
        "id": id_,
        "name": "EM-A115X-SSD",
        "stock": stock,
        "bandwidth": 500000000,
        "max_bandwidth": 500000000,
        "commercial_range": "aluminium",
        "price_per_hour": {"currency_code": "EUR", "units": 0, "nanos": nanos},
        "price_per_month": None,
        "fee": None,
        "disks": [{"capacity": 1000000000000, "type": "SSD"}] * 2,
        "enable": True,
        "cpus": [
            {
                "name": "Intel Xeon E3 1240v6",
                "core_count": 4,
                "thread_count": 8,
                "frequency": 3700,
                "benchmark": "",
            }
        ],
        "memories": [{"capacity": 34359738368, "type": "DDR4", "frequency": 2400, "is_ecc": True}],
        "quota_name": "baremetal_em_a115x_ssd",
        "incompatible_os_ids": [],
        "subscription_period": "hourly",
        "operation_path": "",
        "options": [],
        "monthly_offer_id": None,
        "zone": zone,
    }


def error(status: int, kind: str, **more: Any) -> httpx.Response:
    body = {"message": kind.replace("_", " "), "type": kind, **more}
    return httpx.Response(status, json=body)


class ScalewayDouble(Double):
    """Ordered, delivering, ready; a reboot passes through "ready" with what it had before."""

    def __init__(self) -> None:
        super().__init__()
        self.servers: dict[str, dict[str, Any]] = {}
        self.keys: list[dict[str, Any]] = []
        self.stale_stock = True  # the catalogue does not know yet that a zone is sold out
        self.page_size = 100
        self.rebooting: dict[str, str] = {}
        self.reboots = 0
        self.install: dict[str, Any] | None = None
        self.sees_keys = True

    def refusal(self) -> httpx.Response:
        return error(401, "denied_authentication", method="api_key", reason="not_found")

    def rate_limit(self) -> httpx.Response:
        return error(429, "too_many_requests", quota_policies=[])

    def deliver(self) -> None:
        steps = {"ordered": "delivering", "delivering": "ready", "starting": "ready"}
        for id_, one in list(self.servers.items()):
            if one["status"] == "deleting":
                del self.servers[id_]
                continue
            if one["install"] and one["status"] == "ready":
                self._install(one["install"])
            one["status"] = steps.get(one["status"], one["status"])
            if id_ in self.rebooting:
                one["status"], one["boot_type"] = "starting", self.rebooting.pop(id_)
                self.reboots += 1
                one["updated_at"] = f"2026-11-21T21:{self.reboots:02}:00.000000Z"
                login = {"user": "em-rescue", "password": RESCUE_PASSWORD}
                one["rescue_server"] = login if one["boot_type"] == "rescue" else None

    def _install(self, install: dict[str, Any]) -> None:
        steps = {"to_install": "installing", "installing": "completed"}
        install["status"] = steps.get(install["status"], install["status"])

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["x-auth-token"]
        body = json.loads(request.content) if request.content else {}
        parts = request.url.path.strip("/").split("/")
        params = dict(request.url.params)
        match (request.method, parts):
            case (_, ["iam", "v1alpha1", "ssh-keys"]):
                return self._keys(request.method, params, body)
            case ("GET", ["baremetal", "v1", "zones", zone, "offers"]):
                assert params["subscription_period"] == "hourly"
                return self._page("offers", self._offers(zone), params)
            case ("GET", ["baremetal", "v1", "zones", zone, "servers"]):
                found = [one for one in self.servers.values() if one["zone"] == zone]
                return self._page("servers", found, params)
            case ("POST", ["baremetal", "v1", "zones", zone, "servers"]):
                return self._create(zone, body)
            case (method, ["baremetal", "v1", "zones", zone, "servers", id_, *verb]):
                one = self.servers.get(id_)
                if one is None or one["zone"] != zone:
                    return error(404, "not_found", resource="server", resource_id=id_)
                return self._one(method, one, verb, body)
        return error(404, "not_found", resource="path", resource_id="")

    def _offers(self, zone: str) -> list[dict[str, Any]]:
        if zone not in OFFERS:
            return []
        empty = zone in self.sold_out and not self.stale_stock
        return [offer(zone, "empty" if empty else "available")]

    def _page(self, key: str, found: list[Any], params: dict[str, str]) -> httpx.Response:
        size = min(int(params["page_size"]), self.page_size)
        start = (int(params["page"]) - 1) * size
        return httpx.Response(200, json={"total_count": len(found), key: found[start:][:size]})

    def _keys(self, method: str, params: dict[str, str], body: dict[str, Any]) -> httpx.Response:
        if not self.sees_keys:
            return error(403, "permissions_denied", details=[{"resource": "ssh_key"}])
        if method == "POST":
            assert body["project_id"] == PROJECT
            self.keys.append({"id": str(uuid.uuid4()), "fingerprint": "256 MD5:aa", **body})
            return httpx.Response(200, json=self.keys[-1])
        return self._page("ssh_keys", self.keys, params)

    def _create(self, zone: str, body: dict[str, Any]) -> httpx.Response:
        if body["offer_id"] != OFFERS[zone][0]:
            return error(400, "invalid_arguments", details=[{"argument_name": "offer_id"}])
        if zone in self.sold_out:
            return error(409, "out_of_stock", resource="baremetal_server")
        count = len(self.servers) + 1
        one = {
            "id": str(uuid.uuid4()),
            "organization_id": PROJECT,
            "project_id": body["project_id"],
            "name": body["name"],
            "description": body["description"],
            "updated_at": "2026-11-21T20:00:00.000000Z",
            "created_at": "2026-11-21T20:00:00.000000Z",
            "status": "ordered",
            "offer_id": body["offer_id"],
            "offer_name": "EM-A115X-SSD",
            "tags": body["tags"],
            "ips": [
                {
                    "id": str(uuid.uuid4()),
                    "address": "2001:bc8:1200::1",
                    "version": "IPv6",
                    "reverse": "",
                    "reverse_status": "active",
                },
                {
                    "id": str(uuid.uuid4()),
                    "address": f"51.159.1.{count}",
                    "version": "IPv4",
                    "reverse": f"51-159-1-{count}.rev.poneytelecom.eu",
                    "reverse_status": "active",
                },
            ],
            "domain": "",
            "boot_type": "normal",
            "zone": zone,
            "install": self.install,
            "ping_status": "ping_status_unknown",
            "options": [],
            "rescue_server": None,
            "protected": False,
            "user_data": None,
        }
        self.servers[one["id"]] = one
        self.ordered(body)
        return httpx.Response(200, json=one)

    def _one(
        self, method: str, one: dict[str, Any], verb: list[str], body: dict[str, Any]
    ) -> httpx.Response:
        busy = one["status"] in {"ordered", "delivering", "starting", "deleting"}
        if method != "GET" and busy:
            return error(
                409,
                "transient_state",
                resource="server",
                resource_id=one["id"],
                current_state=one["status"],
            )
        if method == "DELETE":
            one["status"] = "deleting"
        elif verb == ["stop"]:
            one["status"] = "stopped"
        elif verb == ["start"]:
            one["status"] = "starting"
        elif verb == ["reboot"]:
            assert body["boot_type"] in {"normal", "rescue"}
            self.rebooting[one["id"]] = body["boot_type"]  # and it still says "ready"
        return httpx.Response(200, json=one)
