"""Vultr with a memory. Shapes: its OpenAPI document of 2023-02 with the bare metal fields of 2026.

Error texts: issues 132 and 377 of vultr/terraform-provider-vultr, and what others met; fields:
govultr 9ee451b (2026-07-20). Read 2026-11-21, never a live account.
"""

import json
import uuid
from typing import Any

import httpx

from .contract import Double

KEY = "VULTRKEY7Q2ZNX41"
PASSWORD = "v5{Fkvb#2ycPGwHs"
REGIONS = ("ams", "ewr")
METAL_PLAN, INSTANCE_PLAN = "vbm-4c-32gb", "vc2-2c-4gb"
MAC = 2199756823533  # the document's own example


def error(status: int, text: str) -> httpx.Response:
    return httpx.Response(status, json={"error": text, "status": status})


class VultrDouble(Double):
    """`told_stock`: whether an availability says what is sold out, or only the order does."""

    def __init__(self) -> None:
        super().__init__()
        self.servers: dict[str, dict[str, Any]] = {}
        self.keys: list[dict[str, Any]] = []
        self.reinstalls: list[tuple[str, str | None]] = []  # id, chain URL
        self.actions: list[str] = []
        self.deletes: list[str] = []
        self.told_stock = True
        self.chains: dict[str, str | None] = {}
        self._coming: dict[str, list[dict[str, str]]] = {}

    def rate_limit(self) -> httpx.Response:
        return httpx.Response(
            429, headers={"retry-after": "3"}, json={"error": "Rate limit exceeded", "status": 429}
        )

    def refusal(self) -> httpx.Response:
        return error(401, "Invalid API token.")

    def deliver(self) -> None:
        for server_id, coming in self._coming.items():
            if coming and server_id in self.servers:
                self.servers[server_id] |= coming.pop(0)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return self.refusal()
        parts = request.url.path.removeprefix("/v2/").split("/")
        body = json.loads(request.content) if request.content else {}
        if parts[0] in {"bare-metals", "instances"}:
            return self._servers(request.method, parts, body)
        if parts == ["ssh-keys"] and request.method == "POST":
            key = {"id": str(uuid.UUID(int=len(self.keys))), **body}
            self.keys.append(key)
            return httpx.Response(201, json={"ssh_key": key})
        if request.method != "GET":
            return error(404, "Not found")
        if parts[0] == "regions" and parts[2:] == ["availability"]:
            return self._availability(parts[1], request.url.params.get("type"))
        found = self._catalogue(parts[0])
        return error(404, "Not found") if found is None else httpx.Response(200, json=found)

    def _availability(self, region: str, kind: str | None) -> httpx.Response:
        plans = [METAL_PLAN] if kind == "vbm" else [INSTANCE_PLAN, "vc2-1c-0.5gb"]
        gone = self.told_stock and region in self.sold_out
        return httpx.Response(200, json={"available_plans": [] if gone else plans})

    def _catalogue(self, noun: str) -> dict[str, Any] | None:
        virtual = {
            "id": INSTANCE_PLAN,
            "vcpu_count": 2,
            "ram": 4096,
            "disk": 80,
            "disk_count": 1,
            "bandwidth": 3072,
            "monthly_cost": 20,
            "hourly_cost": 0.027,
            "type": "vc2",
            "locations": list(REGIONS),
        }
        metal = {
            "id": METAL_PLAN,
            "cpu_count": 4,
            "cpu_threads": 8,
            "cpu_model": "E3-1270v6",
            "ram": 32768,
            "disk": 240,
            "disk_count": 2,
            "bandwidth": 5120,
            "monthly_cost": 120,
            "hourly_cost": 0.164,
            "type": "SSD",
            "locations": list(REGIONS),
        }
        rows: dict[str, tuple[str, list[Any]]] = {
            "plans": ("plans", [virtual, {**virtual, "id": "vc2-1c-0.5gb", "ram": 512}]),
            "plans-metal": ("plans_metal", [metal]),
            "regions": (
                "regions",
                [
                    {"id": one, "city": one.title(), "country": "NL", "options": []}
                    for one in REGIONS
                ],
            ),
            "ssh-keys": ("ssh_keys", self.keys),
        }
        if noun == "account":
            acls = ["subscriptions_view", "subscriptions", "provisioning", "billing"]
            return {"account": {"name": "Example Account", "email": "a@example.com", "acls": acls}}
        if noun not in rows:
            return None
        name, found = rows[noun]
        return {name: found, "meta": {"total": len(found), "links": {"next": "", "prev": ""}}}

    def _servers(self, method: str, parts: list[str], body: dict[str, Any]) -> httpx.Response:
        metal = parts[0] == "bare-metals"
        noun = "bare_metal" if metal else "instance"
        if parts[1:] == []:
            return self._create(metal, noun, body) if method == "POST" else self._list(metal, noun)
        server = self.servers.get(parts[1])
        if server is None or ("mac_address" in server) is not metal:
            return error(404, f"Invalid {'baremetal' if metal else 'instance'}-id.")
        match (method, *parts[2:]):
            case ("GET",):
                return httpx.Response(200, json={noun: server})
            case ("DELETE",):
                self.deletes.append(parts[1])
                del self.servers[parts[1]]
                return httpx.Response(204)
            case ("PATCH",) if metal:
                return self._patch(server, body)
            case ("POST", "reinstall") if metal:
                self._reinstall(server)
                return httpx.Response(202, json={noun: server})
            case ("POST", ("start" | "halt" | "reboot") as action):
                self.actions.append(action)
                return httpx.Response(204)
        return error(404, "Not found")

    def _list(self, metal: bool, noun: str) -> httpx.Response:
        found = [one for one in self.servers.values() if ("mac_address" in one) is metal]
        links = {"next": "", "prev": ""}
        return httpx.Response(
            200, json={f"{noun}s": found, "meta": {"total": len(found), "links": links}}
        )

    def _create(self, metal: bool, noun: str, body: dict[str, Any]) -> httpx.Response:
        plan = METAL_PLAN if metal else INSTANCE_PLAN
        if body.get("plan") != plan:
            return error(400, "Invalid plan chosen.")
        if body.get("os_id") != 159 or not str(body.get("ipxe_chain_url")).startswith("http"):
            return error(400, "Please upload select a valid ISO or specify a valid iPXE Chain URL")
        if body.get("region") in self.sold_out:
            return error(400, "plan is not available in the selected region")
        server_id = str(uuid.UUID(int=1000 + len(self.orders)))
        server: dict[str, Any] = {
            "id": server_id,
            "os": "Custom Installed",
            "main_ip": "" if metal else "0.0.0.0",
            "region": body["region"],
            "default_password": PASSWORD,
            "date_created": "2026-11-21T01:56:20+00:00",
            "status": "pending",
            "plan": plan,
            "v6_main_ip": "",
            "label": body.get("label", ""),
            "os_id": 159,
            "app_id": 0,
            "image_id": "",
            "features": [],
            "tags": body.get("tags", []),
        }
        active = {"status": "active", "main_ip": "192.0.2.123"}
        if metal:
            server |= {"ram": "32768 MB", "disk": "2x 240GB SSD", "mac_address": MAC}
            # The address comes after the status does.
            self._coming[server_id] = [{"status": "active"}, active]
        else:
            server |= {"ram": 4096, "disk": 80, "power_status": "running", "server_status": "none"}
            installing = {"server_status": "installingbooting"}
            self._coming[server_id] = [installing, {**active, "server_status": "ok"}]
        self.servers[server_id] = server
        self.chains[server_id] = body["ipxe_chain_url"]
        self.ordered(body)
        return httpx.Response(202, json={noun: server})

    def _patch(self, server: dict[str, Any], body: dict[str, Any]) -> httpx.Response:
        if body.get("os_id") == 159 and "ipxe_chain_url" not in body:
            return error(400, "Please upload select a valid ISO or specify a valid iPXE Chain URL")
        self.chains[server["id"]] = body.get("ipxe_chain_url", self.chains.get(server["id"]))
        if "os_id" in body and body["os_id"] != server["os_id"]:
            server["os_id"] = body["os_id"]
            self._reinstall(server)
        return httpx.Response(202, json={"bare_metal": server})

    def _reinstall(self, server: dict[str, Any]) -> None:
        self.reinstalls.append((server["id"], self.chains.get(server["id"])))
        # It goes on to say `active` for a while.
        self._coming[server["id"]] = [
            {"status": "active"},
            {"status": "pending"},
            {"status": "active"},
        ]
