"""Hetzner Robot, scripted. Shapes: robot.hetzner.com/doc/webservice/en.html as copied by public
mirrors (providers.md section 3, H1-H3); read 2026-11-21."""

import base64

import httpx

from ktizo.providers.base import PowerAction, Wanted
from ktizo.providers.errors import Unsupported
from ktizo.providers.hetzner import make
from ktizo.providers.hetzner.declaration import HetznerSettings

from .respx_wire import ANY, BOOT_URL, PUBLIC_KEY, Call, Script, Verb, wire

API = "https://robot-ws.your-server.de"
USER, PASSWORD = "#ws+test", "not-a-real-robot-password"
WANTED = Wanted(name="node1", plan="EX44", regions=("FSN1",), tag="ktizo-4f1c", boot_url=BOOT_URL)
FINGERPRINT = "56:29:99:a4:5d:ed:ac:95:c1:f5:88:82:90:5d:dd:10"
PRICES = [
    {
        "location": "FSN1",
        "price": {"net": "39.0000", "gross": "46.4100", "hourly_net": "0.0625"},
        "price_setup": {"net": "39.0000", "gross": "46.4100"},
    }
]
PRODUCT = {
    "id": "EX44",
    "name": "Dedicated Server EX44",
    "description": ["Intel i5-13500 14-Core", "64 GB DDR4 RAM", "2 x 512 GB NVMe SSD"],
    "location": ["FSN1"],
    "prices": PRICES,
    "orderable_addons": [],
}
SERVER = {
    "server_ip": "188.40.1.1",
    "server_ipv6_net": "2a01:4f8:111:4221::",
    "server_number": 2417234,
    "server_name": "node1--ktizo-4f1c",
    "product": "EX44",
    "dc": "FSN1-DC14",
    "status": "ready",
    "cancelled": False,
    "paid_until": "2026-12-21",
}
TRANSACTION = {
    "id": "B20261121-344958-251479",
    "date": "2026-11-21T12:54:01+01:00",
    "status": "in process",
    "server_number": None,
    "server_ip": None,
    "authorized_key": [{"key": {"name": "ktizo--node1--ktizo-4f1c", "fingerprint": FINGERPRINT}}],
    "product": {"id": "EX44", "name": "EX44", "location": "FSN1"},
    "addons": ["primary_ipv4"],
}
OLD_KEY = {"name": "old", "fingerprint": "aa:bb", "type": "RSA", "data": "ssh-rsa AAAAB3"}
KEYS = Call(does=f"GET {API}/key", answer=[{"key": OLD_KEY}])
CATALOGUE = (
    Call(does=f"GET {API}/order/server/product", answer=[{"product": PRODUCT}], key=True),
    Call(
        does=f"GET {API}/order/server_market/product",
        status=404,
        answer={"error": {"status": 404, "code": "NOT_FOUND", "message": "no products"}},
    ),
)
PRODUCT_CALL = Call(does=f"GET {API}/order/server/product/EX44", answer={"product": PRODUCT})
ONE = f"{API}/server/2417234"
RESET = {"server_number": 2417234, "type": ["sw", "hw", "man"], "operating_status": "running"}
TERMS = {
    "server_number": 2417234,
    "earliest_cancellation_date": "2020-01-01",
    "cancelled": False,
    "cancellation_date": None,
    "cancellation_reason": ["Upgrade to a new server", "Other"],
}
ORDER = (("product_id", "EX44"), ("location", "FSN1"))
IPV4 = ("addon[]", "primary_ipv4")


def error(status: int, code: str, **more: object) -> tuple[int, dict[str, object]]:
    return status, {"error": {"status": status, "code": code, "message": code, **more}}


def proof(request: httpx.Request) -> None:
    basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    assert request.headers["authorization"] == f"Basic {basic}"


SCRIPT = Script(
    make=lambda sleep: make(
        HetznerSettings.model_validate({"user": USER, "password": PASSWORD}),
        transport=wire(),
        sleep=sleep,
    ),
    proof=proof,
    refused=error(401, "UNAUTHORIZED"),
    forbidden=error(403, "FORBIDDEN"),
    missing=error(404, "SERVER_NOT_FOUND"),
    sold_out=error(400, "INVALID_INPUT", missing=None, invalid=["location"]),
    # Its rate limit is a 403 with the whole window in it, and no Retry-After.
    limited=(*error(403, "RATE_LIMIT_EXCEEDED", max_request=200, interval=60), {}, 60.0),
    verbs={
        "check": Verb(
            ask=lambda client: client.check(),
            calls=(Call(does=f"GET {API}/server", answer=[{"server": SERVER}]),),
            told=lambda account: (account.name, account.detail),
            gives=(USER, "1 servers"),
        ),
        "plans": Verb(
            ask=lambda client: client.plans(),
            calls=CATALOGUE,
            told=lambda plans: [(one.id, str(one.offers[0].price.hourly)) for one in plans],
            gives=[("EX44", "0.0625")],
        ),
        "regions": Verb(
            ask=lambda client: client.regions(),
            calls=CATALOGUE,
            told=lambda regions: [(one.id, one.country) for one in regions],
            gives=[("FSN1", "DE")],
        ),
        "ssh_keys": Verb(
            ask=lambda client: client.ssh_keys(),
            calls=(KEYS,),
            told=lambda keys: [one.id for one in keys],
            gives=["aa:bb"],
        ),
        "add_ssh_key": Verb(
            ask=lambda client: client.add_ssh_key("me", PUBLIC_KEY),
            calls=(
                Call(
                    does=f"POST {API}/key",
                    sends=(("name", "me"), ("data", PUBLIC_KEY)),
                    status=201,
                    answer={"key": {"name": "me", "fingerprint": FINGERPRINT}},
                ),
            ),
            told=lambda key: key.id,
            gives=FINGERPRINT,
        ),
        "price_of": Verb(
            ask=lambda client: client.price_of(WANTED),
            calls=(
                PRODUCT_CALL,
                Call(
                    does=f"POST {API}/order/server/transaction",
                    sends=(*ORDER, IPV4, ("test", "true")),
                    status=201,
                    answer={"transaction": {**TRANSACTION, "status": "cancelled"}},
                    key=True,
                ),
            ),
            told=lambda quote: (str(quote.price.hourly), str(quote.price.setup), quote.checked),
            gives=("0.0625", "39.0000", True),
        ),
        "create_server": Verb(
            ask=lambda client: client.create_server(WANTED, "FSN1"),
            calls=(
                PRODUCT_CALL,
                KEYS,
                Call(
                    does=f"POST {API}/key",
                    sends=(("name", "ktizo--node1--ktizo-4f1c"), ("data", ANY)),
                    status=201,
                    answer={"key": {"name": "ktizo--node1", "fingerprint": FINGERPRINT}},
                ),
                Call(
                    does=f"POST {API}/order/server/transaction",
                    sends=(*ORDER, ("authorized_key[]", FINGERPRINT), IPV4),
                    status=201,
                    answer={"transaction": TRANSACTION},
                ),
            ),
            told=lambda server: (server.id, server.status, server.tags),
            gives=("B20261121-344958-251479", "ordered", ("ktizo-4f1c",)),
        ),
        "get_server": Verb(
            ask=lambda client: client.get_server("2417234"),
            calls=(Call(does=f"GET {ONE}", answer={"server": SERVER}),),
            told=lambda server: (server.status, server.addresses, server.tags),
            gives=("ready", ("188.40.1.1", "2a01:4f8:111:4221::1"), ("ktizo-4f1c",)),
        ),
        "list_servers": Verb(
            ask=lambda client: client.list_servers(),
            calls=(
                Call(
                    does=f"GET {API}/order/server/transaction",
                    answer=[{"transaction": TRANSACTION}],
                ),
                Call(does=f"GET {API}/order/server_market/transaction", answer=[]),
                Call(does=f"GET {API}/server", answer=[{"server": SERVER}], key=True),
            ),
            told=lambda servers: [one.id for one in servers],
            gives=["2417234", "B20261121-344958-251479"],
        ),
        "reinstall_ipxe": Verb(
            ask=lambda client: client.reinstall_ipxe("2417234", BOOT_URL), gives=Unsupported
        ),
        "delete_server": Verb(
            ask=lambda client: client.delete_server("2417234"),
            calls=(
                Call(does=f"GET {ONE}", answer={"server": SERVER}),
                Call(does=f"GET {ONE}/cancellation", answer={"cancellation": TERMS}),
                Call(
                    does=f"POST {ONE}/cancellation",
                    sends=(
                        ("cancellation_date", "now"),
                        ("cancellation_reason", "Upgrade to a new server"),
                        ("reserve_location", "false"),
                    ),
                    answer={"cancellation": {**TERMS, "cancelled": True}},
                ),
            ),
            told=lambda server: server.status,
            gives="deleting",
        ),
        "power": Verb(
            ask=lambda client: client.power("2417234", PowerAction.REBOOT),
            calls=(
                Call(does=f"GET {API}/reset/2417234", answer={"reset": RESET}, key=True),
                Call(
                    does=f"POST {API}/reset/2417234",
                    sends=(("type", "hw"),),
                    answer={"reset": {"server_number": 2417234, "type": "hw"}},
                ),
            ),
        ),
        "boot_from_disk": Verb(
            ask=lambda client: client.boot_from_disk("2417234"),
            calls=(
                Call(
                    does=f"GET {API}/boot/2417234/rescue",
                    answer={"rescue": {"active": True, "os": "linux", "password": None}},
                    key=True,
                ),
                Call(
                    does=f"DELETE {API}/boot/2417234/rescue",
                    answer={"rescue": {"active": False}},
                ),
            ),
        ),
    },
)
