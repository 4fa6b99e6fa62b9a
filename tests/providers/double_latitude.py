"""Latitude.sh with a memory. Shapes: its OpenAPI document "2023-06-01" as of 2026-07-16.

Statuses that the document leaves open and the stale `on` after a reinstall: terraform-provider-
latitudesh d310fa2 (2026-08-05), server_ready.go. Read 2026-11-21, never a live account.
"""

import base64
import json
from typing import Any

import httpx

from .contract import Double

KEY = "lat-key-9f3c1b7a5d"
PROJECT = {"id": "proj_lxWpD699qm6rk", "slug": "metal"}
SITES = ("ASH", "FRA")
PLAN = "m4-metal-small"


def error(status: int, code: str, detail: str, **meta: Any) -> httpx.Response:
    one = {"code": code, "status": str(status), "title": code.title(), "detail": detail}
    return httpx.Response(status, json={"errors": [{**one, "meta": meta}]})


def page(rows: list[Any]) -> httpx.Response:
    return httpx.Response(200, json={"data": rows, "meta": {}})


class LatitudeDouble(Double):
    def __init__(self) -> None:
        super().__init__()
        self.servers: dict[str, dict[str, Any]] = {}
        self.keys: list[dict[str, Any]] = []
        self.reinstalls: list[dict[str, Any]] = []
        self.actions: list[str] = []
        self.deletes: list[str] = []
        self.locked: set[str] = set()
        self._coming: dict[str, list[str]] = {}  # what each server's status becomes, in order

    def rate_limit(self) -> httpx.Response:
        return error(429, "RATE_LIMIT_EXCEEDED", "Slow down", retry_after=7)

    def refusal(self) -> httpx.Response:
        return error(401, "UNAUTHORIZED", "Invalid API key")

    def deliver(self) -> None:
        for server_id, coming in self._coming.items():
            if coming and server_id in self.servers:
                self.servers[server_id]["attributes"]["status"] = coming.pop(0)

    def reap(self, server_id: str) -> None:
        """Forget an order minutes after its 201."""
        del self.servers[server_id]

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return self.refusal()
        parts = request.url.path.strip("/").split("/")
        body = json.loads(request.content)["data"] if request.content else {}
        if parts[0] == "servers":
            return self._servers(request.method, parts[1:], body)
        if parts == ["ssh_keys"] and request.method == "POST":
            return self._add_key(body["attributes"])
        if request.method != "GET":
            return error(404, "NOT_FOUND", "no such path")
        rows = self._catalogue("/".join(parts))
        return error(404, "NOT_FOUND", "no such path") if rows is None else page(rows)

    def _catalogue(self, path: str) -> list[Any] | None:
        plan = {
            "slug": PLAN,
            "name": "m4.metal.small",
            "features": [],
            "specs": {
                "cpu": {"type": "AMD 4244P", "clock": 3.8, "cores": 6, "count": 1},
                "memory": {"total": 64},
                "drives": [{"count": 2, "size": "960GB", "type": "NVME"}],
                "nics": [{"count": 2, "type": "10 Gbps"}],
            },
            "regions": [
                {
                    "name": "Anywhere",
                    "deploys_instantly": [],
                    "locations": {
                        "available": list(SITES),
                        "in_stock": [site for site in SITES if site not in self.sold_out],
                    },
                    "stock_level": "low" if len(self.sold_out) < len(SITES) else "unavailable",
                    "pricing": {
                        "USD": {"hour": 0.34, "month": 189.0, "year": 1890.0},
                        "BRL": {"hour": 1.8, "month": 1000.0, "year": 10000.0},
                    },
                }
            ],
        }
        other = {**plan, "slug": "g4-b300-large", "name": "g4.b300.large"}
        found: dict[str, list[Any]] = {
            "team": [{"id": "team_1", "type": "teams", "attributes": {"name": "641 Team"}}],
            "projects": [{"id": PROJECT["id"], "attributes": {"slug": PROJECT["slug"]}}],
            "plans": [
                {"id": f"plan_{one['slug']}", "type": "plans", "attributes": one}
                for one in (plan, other)
            ],
            "plans/operating_systems": [
                {
                    "id": "os_1",
                    "type": "operating_system",
                    "attributes": {"slug": "ipxe", "provisionable_on": ["m4.metal.small"]},
                },
                {
                    "id": "os_2",
                    "type": "operating_system",
                    "attributes": {"slug": "debian_12", "provisionable_on": ["g4.b300.large"]},
                },
            ],
            "regions": [
                {
                    "id": f"loc_{site}",
                    "type": "regions",
                    "attributes": {
                        "name": site.title(),
                        "slug": site,
                        "facility": site,
                        "country": {"name": "Somewhere", "slug": "somewhere"},
                        "type": "core",
                    },
                }
                for site in SITES
            ],
            "ssh_keys": self.keys,
        }
        return found.get(path)

    def _add_key(self, attributes: dict[str, Any]) -> httpx.Response:
        key = {"id": f"ssh_{len(self.keys)}", "type": "ssh_keys", "attributes": attributes}
        self.keys.append(key)
        return httpx.Response(201, json={"data": key, "meta": {}})

    def _servers(self, method: str, parts: list[str], body: dict[str, Any]) -> httpx.Response:
        if not parts:
            return page(list(self.servers.values())) if method == "GET" else self._create(body)
        server = self.servers.get(parts[0])
        if server is None:
            return error(404, "NOT_FOUND", "Specified Record Not Found")
        match (method, *parts[1:]):
            case ("GET",):
                return httpx.Response(200, json={"data": server, "meta": {}})
            case ("DELETE",):
                if parts[0] in self.locked:
                    return error(422, "SERVER_LOCKED", "Server is locked")
                self.deletes.append(parts[0])
                del self.servers[parts[0]]
                return httpx.Response(204)
            case ("POST", "reinstall"):
                return self._reinstall(server, body)
            case ("POST", "actions"):
                self.actions.append(body["attributes"]["action"])
                told = {"id": "act_1", "type": "actions", "attributes": {"status": "Rebooting"}}
                return httpx.Response(201, json={"data": told, "meta": {}})
        return error(404, "NOT_FOUND", "no such path")

    def _create(self, body: dict[str, Any]) -> httpx.Response:
        wanted = body["attributes"]
        for name in ("project", "plan", "site", "operating_system", "hostname"):
            if not wanted.get(name):
                return error(422, "BLANK", f"{name} can't be blank")
        if wanted["operating_system"] == "ipxe" and not _bootable(wanted.get("ipxe")):
            return error(422, "INVALID", "ipxe must be informed")
        if wanted["site"] in self.sold_out:
            return error(422, "SERVERS_OUT_OF_STOCK", "No stock availability for this plan")
        server_id = f"sv_{len(self.orders):012d}"
        # The document's own 201 says `off`.
        self.servers[server_id] = server = {
            "id": server_id,
            "type": "servers",
            "attributes": {
                "tags": [],
                "hostname": wanted["hostname"],
                "label": "846419NODEME",
                "price": 189.0,
                "role": "Bare Metal",
                "status": "off",
                "ipmi_status": "Normal",
                "created_at": "2026-11-21T15:57:04+00:00",
                "scheduled_deletion_at": None,
                "locked": False,
                "primary_ipv4": "198.51.100.7",
                "primary_ipv6": None,
                "region": {"city": "A", "country": "B", "site": {"slug": wanted["site"]}},
                "plan": {
                    "id": "plan_1",
                    "name": "m4.metal.small",
                    "slug": wanted["plan"],
                    "billing": wanted.get("billing", "monthly"),
                },
                "interfaces": [
                    {"role": "ipmi", "name": "IPMI", "mac_address": "00:11:22:33:44:55"},
                    {"role": "internal", "name": "PXE", "mac_address": "66:77:88:99:AA:BB"},
                    {"role": "unknown", "name": "PO1", "mac_address": None},
                ],
                "operating_system": {"name": "iPXE", "slug": "ipxe", "features": {}},
                "specs": {"cpu": "", "disk": "", "ram": "", "nic": "", "gpu": None},
            },
        }
        self._coming[server_id] = ["queued", "deploying", "on"]
        self.ordered(wanted)
        return httpx.Response(201, json={"data": server, "meta": {}})

    def _reinstall(self, server: dict[str, Any], body: dict[str, Any]) -> httpx.Response:
        if server["attributes"]["status"] in {"queued", "deploying"}:
            return error(422, "SERVER_BEING_PROVISIONED", "Server is being provisioned")
        if not _bootable(body["attributes"].get("ipxe")):
            return error(422, "INVALID", "ipxe must be informed")
        self.reinstalls.append(body)
        # It goes on to say what it was for a while.
        self._coming[server["id"]] = [server["attributes"]["status"], "disk_erasing", "on"]
        return httpx.Response(201, json={})


def _bootable(script: Any) -> bool:
    try:
        return base64.b64decode(script or "", validate=True).startswith(b"#!ipxe\n")
    except ValueError:
        return False
