"""Cherry Servers, scripted. Shapes: cherrygo 69ef188 of 2026-08-18 and the answers its tests record
(providers.md section 5, C1); the words for "sold out" are made up; read 2026-11-21."""

import base64

import httpx

from ktizo.providers.base import PowerAction, Wanted
from ktizo.providers.cherry import make
from ktizo.providers.cherry.declaration import CherrySettings

from .respx_wire import ANY, BOOT_URL, PUBLIC_KEY, Call, Script, Verb, wire

API = "https://api.cherryservers.com/v1"
KEY = "cherry-key-51c0ffee"
LIST = "limit=100&offset=0"
BOOT = base64.b64encode(f"#!ipxe\nchain {BOOT_URL}\n".encode()).decode()
WANTED = Wanted(
    name="cp-1", plan="E5-1620v4", regions=("LT-Siauliai",), tag="ktizo-4f1c", boot_url=BOOT_URL
)
ONE = f"{API}/servers/383531"
SERVER = {
    "id": 383531,
    "hostname": "cp-1",
    "status": "allocated",
    "state": "active",
    "bmc": {"user": "root", "password": "bmc-Zk81hdWq"},
    "plan": {"id": 86, "slug": "E5-1620v4"},
    "region": {"id": 1, "slug": "LT-Siauliai"},
    "ip_addresses": [{"type": "primary-ip", "address": "5.199.160.10", "address_family": 4}],
    "pricing": {"unit": "Hourly", "price": 0.4232, "currency": "EUR"},
    "tags": {"ktizo": "ktizo-4f1c"},
    "created_at": "2026-08-18T12:00:00+00:00",
}
PLAN = {
    "id": 86,
    "name": "E5-1620v4",
    "slug": "E5-1620v4",
    "type": "baremetal",
    "softwares": [{"image": {"name": "iPXE", "slug": "custom_ipxe_install"}}],
    "specs": {"cpus": {"count": 1, "name": "E5-1620v4", "cores": 4}, "memory": {"total": 64}},
    "pricing": [{"unit": "Hourly", "price": 0.42319999999999997, "currency": "EUR"}],
    "available_regions": [{"slug": "LT-Siauliai", "stock_qty": 12, "spot_qty": 0}],
}
PLANS = Call(does=f"GET {API}/plans?{LIST}", answer=[PLAN])
OLD_KEY = {"id": 1, "label": "old", "key": "ssh-rsa AAAAB3 old", "fingerprint": "fb:f0"}
KEYS = Call(does=f"GET {API}/ssh-keys?{LIST}", answer=[OLD_KEY], headers={"X-Total-Count": "1"})


def error(status: int, message: str) -> tuple[int, dict[str, object]]:
    return status, {"code": status, "message": message}


def proof(request: httpx.Request) -> None:
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"] == "application/json"


SCRIPT = Script(
    make=lambda sleep: make(
        CherrySettings.model_validate({"api_key": KEY, "project_id": "217727"}),
        transport=wire(),
        sleep=sleep,
    ),
    proof=proof,
    refused=error(401, "Bad credentials."),
    forbidden=error(403, "Access denied."),
    missing=error(404, "Server not found."),
    sold_out=error(400, "Selected server plan is out of stock in this region."),
    limited=(*error(429, "Too Many Requests"), {"Retry-After": "7"}, 7.0),
    verbs={
        "check": Verb(
            ask=lambda client: client.check(),
            calls=(
                Call(does=f"GET {API}/projects/217727", answer={"id": 217727, "name": "metal"}),
            ),
            told=lambda account: account.name,
            gives="metal",
        ),
        "plans": Verb(
            ask=lambda client: client.plans(),
            calls=(PLANS,),
            told=lambda plans: [(one.id, one.talos, one.offers[0].in_stock) for one in plans],
            gives=[("E5-1620v4", True, True)],
        ),
        "regions": Verb(
            ask=lambda client: client.regions(),
            calls=(
                Call(
                    does=f"GET {API}/regions?{LIST}",
                    answer=[{"id": 1, "slug": "LT-Siauliai", "region_iso_2": "LT"}],
                ),
            ),
            told=lambda regions: [(one.id, one.country) for one in regions],
            gives=[("LT-Siauliai", "LT")],
        ),
        "ssh_keys": Verb(
            ask=lambda client: client.ssh_keys(),
            calls=(KEYS,),
            told=lambda keys: [one.id for one in keys],
            gives=["1"],
        ),
        "add_ssh_key": Verb(
            ask=lambda client: client.add_ssh_key("me", PUBLIC_KEY),
            calls=(
                KEYS,
                Call(
                    does=f"POST {API}/ssh-keys",
                    sends={"label": "me", "key": PUBLIC_KEY},
                    status=201,
                    answer={"id": 2, "label": "me", "key": PUBLIC_KEY},
                ),
            ),
            told=lambda key: key.id,
            gives="2",
        ),
        "price_of": Verb(
            ask=lambda client: client.price_of(WANTED),
            calls=(PLANS,),
            told=lambda quote: (quote.price.currency, f"{quote.price.hourly.normalize():f}"),
            gives=("EUR", "0.4232"),
        ),
        "create_server": Verb(
            ask=lambda client: client.create_server(WANTED, "LT-Siauliai"),
            calls=(
                Call(
                    does=f"POST {API}/projects/217727/servers",
                    sends={
                        "project_id": 217727,
                        "plan": "E5-1620v4",
                        "region": "LT-Siauliai",
                        "hostname": "cp-1",
                        "image": "custom_ipxe_install",
                        "ipxe": BOOT,
                        "persist_ipxe": False,
                        "cycle": "hourly",
                        "spot_market": False,
                        "tags": {"ktizo": "ktizo-4f1c"},
                    },
                    status=201,
                    answer={**SERVER, "status": "deploying", "state": "pending"},
                ),
            ),
            told=lambda server: (server.id, server.status, server.tags),
            gives=("383531", "provisioning", ("ktizo-4f1c",)),
        ),
        "get_server": Verb(
            ask=lambda client: client.get_server("383531"),
            calls=(Call(does=f"GET {ONE}", answer=SERVER),),
            told=lambda server: (server.status, server.addresses),
            gives=("ready", ("5.199.160.10",)),
        ),
        "list_servers": Verb(
            ask=lambda client: client.list_servers(),
            calls=(Call(does=f"GET {API}/projects/217727/servers?{LIST}", answer=[SERVER]),),
            told=lambda servers: [(one.id, one.tags) for one in servers],
            gives=[("383531", ("ktizo-4f1c",))],
        ),
        "reinstall_ipxe": Verb(
            ask=lambda client: client.reinstall_ipxe("383531", BOOT_URL),
            calls=(
                Call(does=f"GET {ONE}", answer=SERVER),
                Call(
                    does=f"POST {ONE}/actions",
                    sends={
                        "type": "reinstall",
                        "image": "custom_ipxe_install",
                        "hostname": "cp-1",
                        "password": ANY,  # made anew each time; nothing is installed with it
                        "ipxe": BOOT,
                        "persist_ipxe": False,
                    },
                    answer=SERVER,
                ),
            ),
            told=lambda server: server.id,
            gives="383531",
        ),
        "delete_server": Verb(
            ask=lambda client: client.delete_server("383531"),
            calls=(Call(does=f"DELETE {ONE}", status=204),),
            told=lambda server: server.status,
            gives="deleting",
        ),
        "power": Verb(
            ask=lambda client: client.power("383531", PowerAction.OFF),
            calls=(Call(does=f"POST {ONE}/actions", sends={"type": "power_off"}, answer=SERVER),),
        ),
        "boot_from_disk": Verb(ask=lambda client: client.boot_from_disk("383531")),
    },
)
