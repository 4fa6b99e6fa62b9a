"""DigitalOcean, scripted. Shapes: examples of digitalocean/openapi 7c1300c4 of 2026-08-07
(specs/digitalocean-compute.json, providers.md section 7, D1); read 2026-11-21."""

import httpx

from ktizo.providers.base import PowerAction, Wanted
from ktizo.providers.digitalocean import make
from ktizo.providers.digitalocean.declaration import DigitalOceanSettings
from ktizo.providers.errors import Unsupported

from .respx_wire import BOOT_URL, PUBLIC_KEY, Call, Script, Verb, wire

API = "https://api.digitalocean.com/v2"
KEY = "dop_v1_51c0ffee"
LIST = "per_page=200&page=1"
WANTED = Wanted(
    name="cp-1", plan="s-2vcpu-4gb", regions=("nyc3",), tag="ktizo-4f1c", boot_url=BOOT_URL
)
SIZE = {
    "slug": "s-2vcpu-4gb",
    "memory": 4096,
    "vcpus": 2,
    "disk": 80,
    "price_monthly": 24,
    "price_hourly": 0.0357100009918213,
    "regions": ["nyc3"],
    "available": True,
    "description": "Basic",
}
IMAGE = {
    "id": 189234567,
    "name": "talos",
    "public": False,
    "regions": ["nyc3"],
    "min_disk_size": 8,
    "status": "available",
}
DROPLET = {
    "id": 3164444,
    "name": "cp-1",
    "locked": False,
    "status": "active",
    "created_at": "2026-08-07T18:37:44Z",
    "size_slug": "s-2vcpu-4gb",
    "networks": {"v4": [{"ip_address": "192.241.165.154", "type": "public"}], "v6": []},
    "region": {"slug": "nyc3"},
    "tags": ["ktizo-4f1c"],
}
ONE = f"{API}/droplets/3164444"
SIZES = Call(does=f"GET {API}/sizes?{LIST}", answer={"sizes": [SIZE], "links": {}}, key=True)
IMAGES = Call(does=f"GET {API}/images/189234567", answer={"image": IMAGE})
OLD_KEY = {"id": 289794, "name": "old", "public_key": "ssh-rsa AAAAB3 old", "fingerprint": "3b:16"}
KEYS = Call(does=f"GET {API}/account/keys?{LIST}", answer={"ssh_keys": [OLD_KEY], "links": {}})


def error(status: int, name: str, message: str) -> tuple[int, dict[str, object]]:
    request = "4d9d8375-3c56-4925-a3e7-eb137fed17e9"
    return status, {"id": name, "message": message, "request_id": request}


def proof(request: httpx.Request) -> None:
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"] == "application/json"


SCRIPT = Script(
    make=lambda sleep: make(
        DigitalOceanSettings.model_validate({"token": KEY, "image": "189234567"}),
        transport=wire(),
        sleep=sleep,
    ),
    proof=proof,
    refused=error(401, "unauthorized", "Unable to authenticate you."),
    forbidden=error(403, "forbidden", "You are not authorized to perform this operation"),
    missing=error(404, "not_found", "The resource you requested could not be found."),
    sold_out=error(422, "unprocessable_entity", "Size is not available in this region."),
    limited=(*error(429, "too_many_requests", "API Rate limit."), {"retry-after": "7"}, 7.0),
    verbs={
        "check": Verb(
            ask=lambda client: client.check(),
            calls=(
                Call(
                    does=f"GET {API}/account",
                    answer={
                        "account": {
                            "droplet_limit": 25,
                            "status": "active",
                            "team": {"name": "My Team"},
                        }
                    },
                ),
            ),
            told=lambda account: (account.name, account.detail),
            gives=("My Team", "active, at most 25 droplets"),
        ),
        "plans": Verb(
            ask=lambda client: client.plans(),
            calls=(SIZES,),
            told=lambda plans: [(one.id, one.kind, one.offers[0].in_stock) for one in plans],
            gives=[("s-2vcpu-4gb", "vm", True)],
        ),
        "regions": Verb(
            ask=lambda client: client.regions(),
            calls=(
                Call(
                    does=f"GET {API}/regions?{LIST}",
                    answer={"regions": [{"slug": "nyc3", "name": "New York 3"}], "links": {}},
                ),
            ),
            told=lambda regions: [(one.id, one.name) for one in regions],
            gives=[("nyc3", "New York 3")],
        ),
        "ssh_keys": Verb(
            ask=lambda client: client.ssh_keys(),
            calls=(KEYS,),
            told=lambda keys: [one.id for one in keys],
            gives=["289794"],
        ),
        "add_ssh_key": Verb(
            ask=lambda client: client.add_ssh_key("me", PUBLIC_KEY),
            calls=(
                KEYS,
                Call(
                    does=f"POST {API}/account/keys",
                    sends={"name": "me", "public_key": PUBLIC_KEY},
                    status=201,
                    answer={"ssh_key": {"id": 512190, "name": "me"}},
                ),
            ),
            told=lambda key: key.id,
            gives="512190",
        ),
        "price_of": Verb(
            ask=lambda client: client.price_of(WANTED),
            calls=(SIZES, IMAGES, KEYS),
            told=lambda quote: (str(quote.price.hourly), quote.price.currency),
            gives=("0.03571", "USD"),
        ),
        "create_server": Verb(
            ask=lambda client: client.create_server(WANTED, "nyc3"),
            calls=(
                IMAGES,
                KEYS,
                Call(
                    does=f"POST {API}/droplets",
                    sends={
                        "name": "cp-1",
                        "region": "nyc3",
                        "size": "s-2vcpu-4gb",
                        "image": 189234567,
                        "ssh_keys": [289794],
                        "tags": ["ktizo-4f1c"],
                        "backups": False,
                        "ipv6": False,
                        "monitoring": False,
                        "with_droplet_agent": False,
                    },
                    status=202,
                    answer={"droplet": {**DROPLET, "status": "new", "tags": []}},
                ),
            ),
            told=lambda server: (server.id, server.status, server.tags),
            gives=("3164444", "provisioning", ("ktizo-4f1c",)),
        ),
        "get_server": Verb(
            ask=lambda client: client.get_server("3164444"),
            calls=(Call(does=f"GET {ONE}", answer={"droplet": DROPLET}),),
            told=lambda server: (server.status, server.addresses),
            gives=("ready", ("192.241.165.154",)),
        ),
        "list_servers": Verb(
            ask=lambda client: client.list_servers(),
            calls=(
                Call(
                    does=f"GET {API}/droplets?{LIST}&type=droplets",
                    answer={"droplets": [DROPLET], "links": {}},
                    key=True,
                ),
                Call(
                    does=f"GET {API}/droplets?{LIST}&type=gpus",
                    answer={"droplets": [], "links": {}},
                ),
            ),
            told=lambda servers: [(one.id, one.tags) for one in servers],
            gives=[("3164444", ("ktizo-4f1c",))],
        ),
        "reinstall_ipxe": Verb(
            ask=lambda client: client.reinstall_ipxe("3164444", BOOT_URL), gives=Unsupported
        ),
        "delete_server": Verb(
            ask=lambda client: client.delete_server("3164444"),
            calls=(Call(does=f"DELETE {ONE}", status=204),),
            told=lambda server: server.status,
            gives="deleting",
        ),
        "power": Verb(
            ask=lambda client: client.power("3164444", PowerAction.OFF),
            calls=(
                Call(
                    does=f"POST {ONE}/actions",
                    sends={"type": "power_off"},
                    status=201,
                    answer={"action": {"id": 36804636, "status": "in-progress"}},
                ),
            ),
        ),
        "boot_from_disk": Verb(ask=lambda client: client.boot_from_disk("3164444")),
    },
)
