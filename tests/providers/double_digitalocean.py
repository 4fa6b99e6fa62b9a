"""DigitalOcean with a memory. Shapes: the examples of digitalocean/openapi 7c1300c4 (2026-08-07).

The wording of a 422 is in no specification; "Size is not available in this region." is what people
report (ChainSafe/forest-iac#437, 2024-04-18). Never a live account.
"""

import json
import re
import time
from typing import Any

import httpx

from .contract import Double

TOKEN = "dop_v1_51c0ffee"
SIZE = "s-2vcpu-4gb"
REGIONS = ("nyc3", "ams3")
IMAGE = 189234567
API = "https://api.digitalocean.com/v2"
NAME = re.compile(r"^[a-zA-Z0-9]?[a-z0-9A-Z.\-]*[a-z0-9A-Z]$")


def error(status: int, name: str, message: str, **headers: str) -> httpx.Response:
    body = {"id": name, "message": message, "request_id": "4d9d8375-3c56-4925-a3e7-eb137fed17e9"}
    return httpx.Response(status, json=body, headers=headers)


def size_of(slug: str = SIZE, memory: int = 4096, hourly: float = 0.0357100009918213) -> Any:
    return {
        "slug": slug,
        "memory": memory,
        "vcpus": 2,
        "disk": 80,
        "transfer": 4,
        "price_monthly": 24,
        "price_hourly": hourly,
        "regions": [*REGIONS],
        "available": True,
        "description": "Basic",
        "disk_info": [{"type": "local", "size": {"amount": 80, "unit": "gib"}}],
    }


class DigitalOceanDouble(Double):
    """`page`: at most so many in one answer, whatever is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.droplets: dict[str, dict[str, Any]] = {}
        self.keys: list[dict[str, Any]] = [
            {
                "id": 289794,
                "fingerprint": "3b:16:e4:bf:8b:00:8b:b8:59:8c:a9:d3:f0:19:fa:45",
                "public_key": "ssh-rsa ANOTHEREXAMPLEaC1yc2E anotherexample",
                "name": "Other Public Key",
            }
        ]
        self.images: list[dict[str, Any]] = [
            {
                "id": IMAGE,
                "name": "talos-v1.12",
                "distribution": "Unknown",
                "slug": None,
                "public": False,
                "regions": [*REGIONS],
                "created_at": "2026-08-04T22:23:02Z",
                "type": "custom",
                "min_disk_size": 8,
                "size_gigabytes": 1.34,
                "description": "",
                "tags": [],
                "status": "available",
                "error_message": "",
            }
        ]
        self.sizes = [size_of(), size_of("s-1vcpu-512mb-10gb", 512, 0.00595)]
        self.actions: list[dict[str, Any]] = []
        self.page = 200
        self._working: dict[str, int] = {}

    def rate_limit(self) -> httpx.Response:
        reset = str(int(time.time()) + 30)
        return error(
            429, "too_many_requests", "API rate limit exceeded.", **{"ratelimit-reset": reset}
        )

    def refusal(self) -> httpx.Response:
        return error(401, "unauthorized", "Unable to authenticate you.")

    def deliver(self) -> None:
        for number, left in list(self._working.items()):
            droplet = self.droplets.get(number)
            if droplet is None:
                continue
            self._working[number] = left - 1
            if left <= 1:
                droplet["status"], droplet["locked"] = "active", False
                droplet["networks"]["v4"] = [
                    {
                        "ip_address": "10.128.192.124",
                        "netmask": "255.255.0.0",
                        "gateway": "nil",
                        "type": "private",
                    },
                    {
                        "ip_address": "192.241.165.154",
                        "netmask": "255.255.255.0",
                        "gateway": "192.241.165.1",
                        "type": "public",
                    },
                ]
                del self._working[number]

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.refusal()
        parts = request.url.path.removeprefix("/v2/").split("/")
        body = json.loads(request.content) if request.content else {}
        if request.method == "DELETE" and parts == ["droplets"]:
            raise AssertionError("DELETE /droplets deletes everything with a tag")
        if parts[0] == "droplets" and len(parts) > 1:
            return self._droplet(request.method, parts[1:], body)
        if request.method == "POST" and parts == ["droplets"]:
            return self._order(body)
        if request.method == "POST" and parts == ["account", "keys"]:
            return self._add_key(body)
        return self._read("/".join(parts), request.url.params)

    def _read(self, path: str, params: httpx.QueryParams) -> httpx.Response:
        if path == "account":
            return self._account()
        if path == f"images/{IMAGE}":
            return httpx.Response(200, json={"image": self.images[0]})
        gpus = params.get("type") == "gpus"
        droplets = [
            one for one in self.droplets.values() if one["size_slug"].startswith("gpu-") is gpus
        ]
        sizes = [
            {**one, "regions": [r for r in REGIONS if r not in self.sold_out]} for one in self.sizes
        ]
        regions = [
            {"name": slug, "slug": slug, "features": ["image_transfer"], "available": True}
            for slug in REGIONS
        ]
        lists: dict[str, tuple[str, list[Any]]] = {
            "droplets": ("droplets", droplets),
            "sizes": ("sizes", sizes),
            "regions": ("regions", [{**one, "sizes": [SIZE]} for one in regions]),
            "account/keys": ("ssh_keys", self.keys),
            "images": ("images", self.images),
        }
        if path not in lists:
            return error(404, "not_found", "The resource you requested could not be found.")
        return self._page(path, *lists[path], params)

    def _page(
        self, path: str, name: str, rows: list[Any], params: httpx.QueryParams
    ) -> httpx.Response:
        size, page = min(int(params["per_page"]), self.page), int(params["page"])
        pages = {}
        if page * size < len(rows):
            pages["next"] = f"{API}/{path}?page={page + 1}&per_page={size}"
        some = rows[(page - 1) * size : page * size]
        return httpx.Response(
            200, json={name: some, "links": {"pages": pages}, "meta": {"total": len(rows)}}
        )

    def _account(self) -> httpx.Response:
        account = {
            "droplet_limit": 25,
            "floating_ip_limit": 5,
            "email": "sammy@digitalocean.com",
            "uuid": "b6fr89dbf6d9156cace5f3c78dc9851d957381ef",
            "email_verified": True,
            "status": "active",
            "status_message": " ",
            "team": {"uuid": "5df3e3004a17e242b7c20ca6c9fc25b701a47ece", "name": "My Team"},
        }
        return httpx.Response(200, json={"account": account})

    def _order(self, body: dict[str, Any]) -> httpx.Response:
        sizes = {one["slug"]: one for one in self.sizes}
        if not NAME.match(body["name"]) or body["size"] not in sizes:
            return error(422, "unprocessable_entity", "Name or size is invalid")
        if body["region"] in self.sold_out:
            return error(422, "unprocessable_entity", "Size is not available in this region.")
        images = {one["id"]: one for one in self.images}
        image = images.get(body["image"])
        if image is None or body["region"] not in image["regions"]:
            return error(422, "unprocessable_entity", "Image is not available in this region.")
        if not body["ssh_keys"] or body["ipv6"]:
            return error(422, "unprocessable_entity", "Custom images want a key and have no IPv6.")
        number = str(3164444 + len(self.orders))
        self.droplets[number] = {
            "id": int(number),
            "name": body["name"],
            "memory": 4096,
            "vcpus": 2,
            "disk": 80,
            "locked": True,
            "status": "new",
            "kernel": None,
            "created_at": "2026-08-07T18:37:44Z",
            "features": [],
            "backup_ids": [],
            "next_backup_window": None,
            "snapshot_ids": [],
            "image": image,
            "volume_ids": [],
            "size": sizes[body["size"]],
            "size_slug": body["size"],
            "networks": {"v4": [], "v6": []},
            "region": {"name": body["region"], "slug": body["region"], "available": True},
            "tags": body["tags"],
        }
        self._working[number] = 2
        self.ordered(body)
        actions = [{"id": 7515, "rel": "create", "href": f"{API}/actions/7515"}]
        return httpx.Response(
            202, json={"droplet": self.droplets[number], "links": {"actions": actions}}
        )

    def _add_key(self, body: dict[str, Any]) -> httpx.Response:
        key = {"id": 300000 + len(self.keys), "fingerprint": "f5:00", **body}
        self.keys.append(key)
        return httpx.Response(201, json={"ssh_key": key})

    def _droplet(self, method: str, parts: list[str], body: dict[str, Any]) -> httpx.Response:
        droplet = self.droplets.get(parts[0])
        if droplet is None:
            return error(404, "not_found", "The resource you requested could not be found.")
        if method == "POST" and parts[1:] == ["actions"]:
            return self._act(parts[0], droplet, body)
        if method == "DELETE":
            del self.droplets[parts[0]]
            return httpx.Response(204)
        return httpx.Response(200, json={"droplet": droplet})

    def _act(self, number: str, droplet: dict[str, Any], body: dict[str, Any]) -> httpx.Response:
        if droplet["locked"]:
            return error(422, "unprocessable_entity", "Droplet already has a pending event.")
        self.actions.append(body)
        if body["type"] == "rebuild":
            droplet["locked"] = True
            self._working[number] = 2
        action = {
            "id": 36804636,
            "status": "in-progress",
            "type": body["type"],
            "started_at": "2026-08-07T16:29:21Z",
            "completed_at": None,
            "resource_id": int(number),
            "resource_type": "droplet",
        }
        return httpx.Response(201, json={"action": action})
