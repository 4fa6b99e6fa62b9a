"""Latitude.sh, scripted. Shapes: its OpenAPI document "2023-06-01" as of 2026-07-16 (providers.md
section 1, L1), statuses of terraform-provider-latitudesh d310fa2 (L2); read 2026-11-21."""

import base64

import httpx

from ktizo.providers.base import PowerAction, Wanted
from ktizo.providers.latitude import make
from ktizo.providers.latitude.declaration import LatitudeSettings

from .respx_wire import BOOT_URL, PUBLIC_KEY, Call, Script, Verb, wire

API = "https://api.latitude.sh"
KEY = "lat-key-9f3c1b7a5d"
PAGE = "page[size]=100&page[number]=1"
BOOT = base64.b64encode(f"#!ipxe\nchain {BOOT_URL}\n".encode()).decode()
WANTED = Wanted(
    name="cp-1", plan="m4-metal-small", regions=("ASH",), tag="ktizo-4f1c", boot_url=BOOT_URL
)
SERVER = {
    "id": "sv_VE1Wd3aXDXnZJ",
    "type": "servers",
    "attributes": {
        "hostname": "cp-1--ktizo-4f1c",
        "status": "on",
        "ipmi_status": "Normal",
        "primary_ipv4": "198.51.100.7",
        "region": {"site": {"slug": "ASH"}},
        "plan": {"slug": "m4-metal-small", "billing": "hourly"},
        "interfaces": [{"role": "external", "name": "PXE", "mac_address": "66:77:88:99:AA:BB"}],
        "tags": [],
        "created_at": "2026-11-21T15:57:04+00:00",
    },
}
PLAN = {
    "id": "plan_1",
    "type": "plans",
    "attributes": {
        "slug": "m4-metal-small",
        "name": "m4.metal.small",
        "specs": {"cpu": {"type": "AMD 4244P", "cores": 6, "count": 1}, "memory": {"total": 64}},
        "regions": [
            {
                "locations": {"available": ["ASH", "FRA"], "in_stock": ["ASH"]},
                "stock_level": "low",
                "pricing": {"USD": {"hour": 0.34, "month": 189.0}},
            }
        ],
    },
}
SYSTEM = {"id": "os_1", "attributes": {"slug": "ipxe", "provisionable_on": ["m4.metal.small"]}}
OLD_KEY = {"id": "ssh_1", "attributes": {"name": "old", "public_key": "ssh-rsa AAAAB3 old"}}
ONE = f"{API}/servers/sv_VE1Wd3aXDXnZJ"
CATALOGUE = (
    Call(does=f"GET {API}/plans/operating_systems?{PAGE}", answer={"data": [SYSTEM]}),
    Call(does=f"GET {API}/plans", answer={"data": [PLAN]}, key=True),
)


def error(status: int, code: str, detail: str, **meta: int) -> tuple[int, dict[str, object]]:
    one = {"code": code, "status": str(status), "title": code, "detail": detail, "meta": meta}
    return status, {"errors": [one]}


def proof(request: httpx.Request) -> None:
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"] == "application/vnd.api+json"


SCRIPT = Script(
    make=lambda sleep: make(
        LatitudeSettings.model_validate({"api_key": KEY, "project": "metal"}),
        transport=wire(),
        sleep=sleep,
    ),
    proof=proof,
    refused=error(401, "UNAUTHORIZED", "Invalid API key"),
    forbidden=error(403, "FORBIDDEN", "This key is read-only"),
    missing=error(404, "NOT_FOUND", "Specified Record Not Found"),
    sold_out=error(422, "SERVERS_OUT_OF_STOCK", "No stock availability for this plan"),
    limited=(*error(429, "RATE_LIMIT_EXCEEDED", "Slow down", retry_after=7), {}, 7.0),
    verbs={
        "check": Verb(
            ask=lambda client: client.check(),
            calls=(
                Call(
                    does=f"GET {API}/team",
                    answer={"data": [{"id": "team_1", "attributes": {"name": "641 Team"}}]},
                    key=True,
                ),
                Call(
                    does=f"GET {API}/projects?{PAGE}",
                    answer={"data": [{"id": "proj_1", "attributes": {"slug": "metal"}}]},
                ),
            ),
            told=lambda account: account.name,
            gives="641 Team",
        ),
        "plans": Verb(
            ask=lambda client: client.plans(),
            calls=CATALOGUE,
            told=lambda plans: [
                (one.id, one.talos, [o.in_stock for o in one.offers]) for one in plans
            ],
            gives=[("m4-metal-small", True, [True, False])],
        ),
        "regions": Verb(
            ask=lambda client: client.regions(),
            calls=(
                Call(
                    does=f"GET {API}/regions?{PAGE}",
                    answer={"data": [{"id": "loc_1", "attributes": {"slug": "ASH"}}]},
                ),
            ),
            told=lambda regions: [one.id for one in regions],
            gives=["ASH"],
        ),
        "ssh_keys": Verb(
            ask=lambda client: client.ssh_keys(),
            calls=(Call(does=f"GET {API}/ssh_keys?{PAGE}", answer={"data": [OLD_KEY]}),),
            told=lambda keys: [one.id for one in keys],
            gives=["ssh_1"],
        ),
        "add_ssh_key": Verb(
            ask=lambda client: client.add_ssh_key("me", PUBLIC_KEY),
            calls=(
                Call(does=f"GET {API}/ssh_keys?{PAGE}", answer={"data": [OLD_KEY]}),
                Call(
                    does=f"POST {API}/ssh_keys",
                    sends={
                        "data": {
                            "type": "ssh_keys",
                            "attributes": {"name": "me", "public_key": PUBLIC_KEY},
                        }
                    },
                    status=201,
                    answer={"data": {"id": "ssh_2", "attributes": {"name": "me"}}},
                ),
            ),
            told=lambda key: key.id,
            gives="ssh_2",
        ),
        "price_of": Verb(
            ask=lambda client: client.price_of(WANTED),
            calls=CATALOGUE,
            told=lambda quote: (str(quote.price.hourly), quote.price.currency, quote.checked),
            gives=("0.34", "USD", False),
        ),
        "create_server": Verb(
            ask=lambda client: client.create_server(WANTED, "ASH"),
            calls=(
                Call(
                    does=f"POST {API}/servers",
                    sends={
                        "data": {
                            "type": "servers",
                            "attributes": {
                                "project": "metal",
                                "plan": "m4-metal-small",
                                "site": "ASH",
                                "operating_system": "ipxe",
                                "hostname": "cp-1--ktizo-4f1c",
                                "ipxe": BOOT,
                                "billing": "hourly",
                            },
                        }
                    },
                    status=201,
                    answer={"data": SERVER},
                ),
            ),
            told=lambda server: (server.id, server.tags),
            gives=("sv_VE1Wd3aXDXnZJ", ("ktizo-4f1c",)),
        ),
        "get_server": Verb(
            ask=lambda client: client.get_server("sv_VE1Wd3aXDXnZJ"),
            calls=(Call(does=f"GET {ONE}", answer={"data": SERVER}),),
            told=lambda server: (server.status, server.addresses, server.macs),
            gives=("ready", ("198.51.100.7",), ("66:77:88:99:aa:bb",)),
        ),
        "list_servers": Verb(
            ask=lambda client: client.list_servers(),
            calls=(Call(does=f"GET {API}/servers?{PAGE}", answer={"data": [SERVER]}),),
            told=lambda servers: [(one.name, one.tags) for one in servers],
            gives=[("cp-1", ("ktizo-4f1c",))],
        ),
        "reinstall_ipxe": Verb(
            ask=lambda client: client.reinstall_ipxe("sv_VE1Wd3aXDXnZJ", BOOT_URL),
            calls=(
                Call(does=f"GET {ONE}", answer={"data": SERVER}),
                Call(
                    does=f"POST {ONE}/reinstall",
                    sends={
                        "data": {
                            "type": "reinstalls",
                            "attributes": {"operating_system": "ipxe", "ipxe": BOOT},
                        }
                    },
                    status=201,
                    answer={},
                ),
            ),
            told=lambda server: server.status,
            gives="provisioning",
        ),
        "delete_server": Verb(
            ask=lambda client: client.delete_server("sv_VE1Wd3aXDXnZJ"),
            calls=(
                Call(does=f"GET {ONE}", answer={"data": SERVER}),
                Call(does=f"DELETE {ONE}?reason=given+back+by+Ktizo", status=204),
            ),
            told=lambda server: server.status,
            gives="deleting",
        ),
        "power": Verb(
            ask=lambda client: client.power("sv_VE1Wd3aXDXnZJ", PowerAction.OFF),
            calls=(
                Call(
                    does=f"POST {ONE}/actions",
                    sends={"data": {"type": "actions", "attributes": {"action": "power_off"}}},
                    status=201,
                    answer={"data": {"id": "act_1"}},
                ),
            ),
        ),
        "boot_from_disk": Verb(ask=lambda client: client.boot_from_disk("sv_VE1Wd3aXDXnZJ")),
    },
)
