"""Scaleway Elastic Metal, scripted. Shapes: Elastic Metal API v1, OpenAPI of 2025-05, SDK 2.12.0
and the standard errors of its SDKs (providers.md section 6, W1-W3); read 2026-11-21."""

import httpx

from ktizo.providers.base import PowerAction, Wanted
from ktizo.providers.errors import Unsupported
from ktizo.providers.scaleway import make
from ktizo.providers.scaleway.declaration import ScalewaySettings

from .respx_wire import BOOT_URL, PUBLIC_KEY, Call, Script, Verb, wire

API = "https://api.scaleway.com"
ZONE = f"{API}/baremetal/v1/zones/fr-par-2"
KEYS = f"{API}/iam/v1alpha1/ssh-keys"
SECRET = "6f3a2b1c-not-a-real-key-9d8e7f6a5b4c"
PROJECT = "11111111-2222-4333-8444-555555555555"
UUID = "0c3b1f2a-0000-4000-8000-000000000001"
OFFER_ID = "9eebce52-f7d5-484f-9437-b234164c4c4b"
ID = f"fr-par-2/{UUID}"
ONE = f"{ZONE}/servers/{UUID}"
LIST = "page=1&page_size=100"
WANTED = Wanted(
    name="node1", plan="EM-A115X-SSD", regions=("fr-par-2",), tag="ktizo-4f1c", boot_url=BOOT_URL
)
OFFER = {
    "id": OFFER_ID,
    "name": "EM-A115X-SSD",
    "stock": "low",
    "enable": True,
    "price_per_hour": {"currency_code": "EUR", "units": 0, "nanos": 88000000},
    "price_per_month": None,
    "fee": None,
    "disks": [{"capacity": 1000000000000, "type": "SSD"}],
    "cpus": [{"name": "Intel Xeon E3 1240v6", "core_count": 4}],
    "memories": [{"capacity": 34359738368}],
}
SERVER = {
    "id": UUID,
    "project_id": PROJECT,
    "name": "node1",
    "status": "ready",
    "boot_type": "normal",
    "offer_id": OFFER_ID,
    "offer_name": "EM-A115X-SSD",
    "tags": ["ktizo-4f1c"],
    "ips": [{"address": "51.159.1.1", "version": "IPv4"}],
    "install": None,
    "rescue_server": None,
    "zone": "fr-par-2",
    "created_at": "2026-11-21T20:00:00.000000Z",
}
OFFERS = Call(
    does=f"GET {ZONE}/offers?{LIST}&subscription_period=hourly",
    answer={"total_count": 1, "offers": [OFFER]},
)
OLD_KEY = {"id": "key-1", "name": "old", "public_key": "ssh-rsa AAAAB3 old", "fingerprint": "aa"}
ALL_KEYS = Call(
    does=f"GET {KEYS}?{LIST}&project_id={PROJECT}",
    answer={"total_count": 1, "ssh_keys": [OLD_KEY]},
)


def error(status: int, kind: str) -> tuple[int, dict[str, object]]:
    return status, {"message": kind.replace("_", " "), "type": kind}


def proof(request: httpx.Request) -> None:
    assert request.headers["x-auth-token"] == SECRET


SCRIPT = Script(
    make=lambda sleep: make(
        ScalewaySettings.model_validate(
            {"secret_key": SECRET, "project_id": PROJECT, "zones": "fr-par-2"}
        ),
        transport=wire(),
        sleep=sleep,
    ),
    proof=proof,
    refused=error(401, "denied_authentication"),
    forbidden=error(403, "permissions_denied"),
    missing=error(404, "not_found"),
    sold_out=error(409, "out_of_stock"),
    limited=(*error(429, "too_many_requests"), {"retry-after": "7"}, 7.0),
    verbs={
        "check": Verb(
            ask=lambda client: client.check(),
            calls=(
                Call(
                    does=f"GET {ZONE}/servers?page=1&page_size=1&project_id={PROJECT}",
                    answer={"total_count": 0, "servers": []},
                ),
            ),
            told=lambda account: account.name,
            gives=f"project {PROJECT}",
        ),
        "plans": Verb(
            ask=lambda client: client.plans(),
            calls=(OFFERS,),
            told=lambda plans: [(one.id, one.offers[0].in_stock) for one in plans],
            gives=[("EM-A115X-SSD", True)],
        ),
        "regions": Verb(
            ask=lambda client: client.regions(),
            told=lambda regions: [(one.id, one.name) for one in regions],
            gives=[("fr-par-2", "Paris 2")],
        ),
        "ssh_keys": Verb(
            ask=lambda client: client.ssh_keys(),
            calls=(ALL_KEYS,),
            told=lambda keys: [one.id for one in keys],
            gives=["key-1"],
        ),
        "add_ssh_key": Verb(
            ask=lambda client: client.add_ssh_key("me", PUBLIC_KEY),
            calls=(
                ALL_KEYS,
                Call(
                    does=f"POST {KEYS}",
                    sends={"name": "me", "public_key": PUBLIC_KEY, "project_id": PROJECT},
                    answer={"id": "key-2", "name": "me", "public_key": PUBLIC_KEY},
                    key=True,
                ),
            ),
            told=lambda key: key.id,
            gives="key-2",
        ),
        "price_of": Verb(
            ask=lambda client: client.price_of(WANTED),
            calls=(OFFERS,),
            told=lambda quote: (str(quote.price.hourly), quote.price.currency),
            gives=("0.088", "EUR"),
        ),
        "create_server": Verb(
            ask=lambda client: client.create_server(WANTED, "fr-par-2"),
            calls=(
                OFFERS,
                Call(
                    does=f"POST {ZONE}/servers",
                    sends={
                        "offer_id": OFFER_ID,
                        "project_id": PROJECT,
                        "name": "node1",
                        "description": "ordered by Ktizo",
                        "tags": ["ktizo-4f1c"],
                    },
                    answer={**SERVER, "status": "ordered"},
                ),
            ),
            told=lambda server: (server.id, server.status, server.tags),
            gives=(ID, "ordered", ("ktizo-4f1c",)),
        ),
        "get_server": Verb(
            ask=lambda client: client.get_server(ID),
            calls=(Call(does=f"GET {ONE}", answer=SERVER),),
            told=lambda server: (server.status, server.addresses),
            gives=("ready", ("51.159.1.1",)),
        ),
        "list_servers": Verb(
            ask=lambda client: client.list_servers(),
            calls=(
                Call(
                    does=f"GET {ZONE}/servers?{LIST}&project_id={PROJECT}",
                    answer={"total_count": 1, "servers": [SERVER]},
                ),
            ),
            told=lambda servers: [(one.id, one.tags) for one in servers],
            gives=[(ID, ("ktizo-4f1c",))],
        ),
        "reinstall_ipxe": Verb(
            ask=lambda client: client.reinstall_ipxe(ID, BOOT_URL), gives=Unsupported
        ),
        "delete_server": Verb(
            ask=lambda client: client.delete_server(ID),
            calls=(
                Call(does=f"GET {ONE}", answer=SERVER),
                Call(does=f"DELETE {ONE}", answer={**SERVER, "status": "deleting"}),
            ),
            told=lambda server: server.status,
            gives="deleting",
        ),
        "power": Verb(
            ask=lambda client: client.power(ID, PowerAction.REBOOT),
            calls=(Call(does=f"POST {ONE}/reboot", sends={"boot_type": "normal"}, answer=SERVER),),
        ),
        "boot_from_disk": Verb(
            ask=lambda client: client.boot_from_disk(ID),
            calls=(Call(does=f"GET {ONE}", answer=SERVER),),
        ),
    },
)
