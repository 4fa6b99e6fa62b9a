"""Vultr, scripted. Shapes: its OpenAPI document of 2023-02 (specs/vultr.json) with the bare metal
fields of govultr 9ee451b, 2026-07-20 (providers.md section 2); read 2026-11-21."""

import httpx

from ktizo.providers.base import PowerAction, Wanted
from ktizo.providers.vultr import make
from ktizo.providers.vultr.declaration import VultrSettings

from .respx_wire import BOOT_URL, PUBLIC_KEY, Call, Script, Verb, wire

API = "https://api.vultr.com/v2"
KEY = "VULTRKEY7Q2ZNX41"
UUID = "cb676a46-66fd-4dfb-b839-443f2e6c0b60"
ONE = f"{API}/bare-metals/{UUID}"
LIST = "per_page=500"
WANTED = Wanted(
    name="cp-1", plan="bm/vbm-4c-32gb", regions=("ams",), tag="ktizo-4f1c", boot_url=BOOT_URL
)
END = {"total": 1, "links": {"next": "", "prev": ""}}
METAL = {
    "id": "vbm-4c-32gb",
    "cpu_count": 4,
    "cpu_model": "E3-1270v6",
    "ram": 32768,
    "disk": 240,
    "disk_count": 2,
    "monthly_cost": 120,
    "hourly_cost": 0.164,
    "type": "SSD",
    "locations": ["ams"],
}
SERVER = {
    "id": UUID,
    "main_ip": "192.0.2.123",
    "region": "ams",
    "default_password": "v5{Fkvb#2ycPGwHs",
    "date_created": "2026-11-21T01:56:20+00:00",
    "status": "active",
    "plan": "vbm-4c-32gb",
    "label": "cp-1",
    "os_id": 159,
    "mac_address": 2199756823533,
    "tags": ["ktizo-4f1c"],
}
REGIONS = Call(
    does=f"GET {API}/regions?{LIST}",
    answer={"regions": [{"id": "ams", "city": "Amsterdam", "country": "NL"}], "meta": END},
)
METALS = Call(
    does=f"GET {API}/plans-metal?{LIST}", answer={"plans_metal": [METAL], "meta": END}, key=True
)
STOCK = Call(
    does=f"GET {API}/regions/ams/availability?type=vbm",
    answer={"available_plans": ["vbm-4c-32gb"]},
)
OLD_KEY = {"id": "key-1", "name": "old", "ssh_key": "ssh-rsa AAAAB3 old"}
KEYS = Call(does=f"GET {API}/ssh-keys?{LIST}", answer={"ssh_keys": [OLD_KEY], "meta": END})


def error(status: int, text: str) -> tuple[int, dict[str, object]]:
    return status, {"error": text, "status": status}


def proof(request: httpx.Request) -> None:
    assert request.headers["authorization"] == f"Bearer {KEY}"


SCRIPT = Script(
    make=lambda sleep: make(
        VultrSettings.model_validate({"api_key": KEY}), transport=wire(), sleep=sleep
    ),
    proof=proof,
    refused=error(401, "Invalid API token."),
    forbidden=error(403, "Forbidden: provisioning is not in this key's ACLs"),
    missing=error(404, "Invalid baremetal-id."),
    sold_out=error(400, "plan is not available in the selected region"),
    limited=(*error(429, "Rate limit exceeded"), {"retry-after": "7"}, 7.0),
    verbs={
        "check": Verb(
            ask=lambda client: client.check(),
            calls=(
                Call(
                    does=f"GET {API}/account",
                    answer={"account": {"name": "Example Account", "acls": ["provisioning"]}},
                ),
            ),
            told=lambda account: (account.name, account.detail),
            gives=("Example Account", ""),
        ),
        "plans": Verb(
            ask=lambda client: client.plans(),
            calls=(
                METALS,
                Call(does=f"GET {API}/plans?{LIST}", answer={"plans": [], "meta": END}),
                REGIONS,
                STOCK,
                Call(does=f"GET {API}/regions/ams/availability", answer={"available_plans": []}),
            ),
            told=lambda plans: [(one.id, one.kind, one.offers[0].in_stock) for one in plans],
            gives=[("bm/vbm-4c-32gb", "metal", True)],
        ),
        "regions": Verb(
            ask=lambda client: client.regions(),
            calls=(REGIONS,),
            told=lambda regions: [(one.id, one.country) for one in regions],
            gives=[("ams", "NL")],
        ),
        "ssh_keys": Verb(
            ask=lambda client: client.ssh_keys(),
            calls=(KEYS,),
            told=lambda keys: [one.id for one in keys],
            gives=["key-1"],
        ),
        "add_ssh_key": Verb(
            ask=lambda client: client.add_ssh_key("me", PUBLIC_KEY),
            calls=(
                KEYS,
                Call(
                    does=f"POST {API}/ssh-keys",
                    sends={"name": "me", "ssh_key": PUBLIC_KEY},
                    status=201,
                    answer={"ssh_key": {"id": "key-2", "name": "me"}},
                ),
            ),
            told=lambda key: key.id,
            gives="key-2",
        ),
        "price_of": Verb(
            ask=lambda client: client.price_of(WANTED),
            calls=(METALS, STOCK),
            told=lambda quote: (str(quote.price.hourly), quote.lines),
            gives=("0.164", ("ams: 0.164 USD an hour, at most 120 USD a month",)),
        ),
        "create_server": Verb(
            ask=lambda client: client.create_server(WANTED, "ams"),
            calls=(
                STOCK,
                Call(
                    does=f"POST {API}/bare-metals",
                    sends={
                        "region": "ams",
                        "plan": "vbm-4c-32gb",
                        "os_id": 159,
                        "ipxe_chain_url": BOOT_URL,
                        "label": "cp-1",
                        "hostname": "cp-1",
                        "tags": ["ktizo-4f1c"],
                        "activation_email": False,
                        "enable_ipv6": False,
                        "persistent_pxe": False,
                    },
                    status=202,
                    answer={"bare_metal": {**SERVER, "status": "pending", "main_ip": ""}},
                ),
            ),
            told=lambda server: (server.id, server.status, server.tags),
            gives=(f"bm/{UUID}", "provisioning", ("ktizo-4f1c",)),
        ),
        "get_server": Verb(
            ask=lambda client: client.get_server(f"bm/{UUID}"),
            calls=(Call(does=f"GET {ONE}", answer={"bare_metal": SERVER}),),
            told=lambda server: (server.status, server.addresses, server.macs),
            gives=("ready", ("192.0.2.123",), ("02:00:2b:b9:5b:ed",)),
        ),
        "list_servers": Verb(
            ask=lambda client: client.list_servers(),
            calls=(
                Call(
                    does=f"GET {API}/bare-metals?{LIST}",
                    answer={"bare_metals": [SERVER], "meta": END},
                    key=True,
                ),
                Call(does=f"GET {API}/instances?{LIST}", answer={"instances": [], "meta": END}),
            ),
            told=lambda servers: [(one.id, one.tags) for one in servers],
            gives=[(f"bm/{UUID}", ("ktizo-4f1c",))],
        ),
        "reinstall_ipxe": Verb(
            ask=lambda client: client.reinstall_ipxe(f"bm/{UUID}", BOOT_URL),
            calls=(
                Call(does=f"GET {ONE}", answer={"bare_metal": SERVER}),
                Call(
                    does=f"PATCH {ONE}",
                    sends={"ipxe_chain_url": BOOT_URL},
                    status=202,
                    answer={"bare_metal": SERVER},
                ),
                Call(does=f"POST {ONE}/reinstall", status=202, answer={"bare_metal": SERVER}),
            ),
            told=lambda server: (server.id, server.status),
            gives=(f"bm/{UUID}", "provisioning"),
        ),
        "delete_server": Verb(
            ask=lambda client: client.delete_server(f"bm/{UUID}"),
            calls=(
                Call(does=f"GET {ONE}", answer={"bare_metal": SERVER}),
                Call(does=f"DELETE {ONE}", status=204),
            ),
            told=lambda server: server.status,
            gives="deleting",
        ),
        "power": Verb(
            ask=lambda client: client.power(f"bm/{UUID}", PowerAction.OFF),
            calls=(Call(does=f"POST {ONE}/halt", status=204),),
        ),
        "boot_from_disk": Verb(ask=lambda client: client.boot_from_disk(f"bm/{UUID}")),
    },
)
