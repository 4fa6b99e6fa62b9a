"""OVHcloud, scripted. Shapes: OpenAPI of /dedicated/server and /me (2025-10), models of /order.json
and the errors of python-ovh 1.2.0 (providers.md section 4, O1-O3); read 2026-11-21."""

import hashlib

import httpx

from ktizo.providers.base import PowerAction, Wanted
from ktizo.providers.ovh import make
from ktizo.providers.ovh.declaration import OvhSettings

from .respx_ovh_order import (
    API,
    CART,
    CATALOGUE_PLAN,
    CHECKOUT,
    FILLED,
    OPENED,
    PLAN,
    STOCK,
    STOCK_HERE,
    STOCK_ROW,
    TIME,
    catalogue,
)
from .respx_wire import ANY, BOOT_URL, PUBLIC_KEY, Call, Script, Verb, wire

KEY, SECRET, CONSUMER = "appkey", "appsecret-5e8d", "consumer-1f22"
NAME = "ns1001.ip-192-0-2.eu"
WANTED = Wanted(name="rise-1", plan=PLAN, regions=("gra",), tag="ktizo-4f1c", boot_url=BOOT_URL)
ONE = f"{API}/dedicated/server/{NAME}"
SERVER = {
    "name": NAME,
    "ip": "192.0.2.10",
    "state": "ok",
    "powerState": "poweron",
    "bootId": 1,
    "bootScript": None,
    "datacenter": "gra3",
    "commercialRange": "RISE-1",
    "iam": {"urn": f"urn:v1:eu:resource:dedicatedServer:{NAME}", "tags": {"ktizo": "ktizo-4f1c"}},
}
SEEN = (
    Call(does=f"GET {ONE}", answer=SERVER, key=True),
    Call(does=f"GET {ONE}/serviceInfos", answer={"status": "ok", "creation": "2026-11-21"}),
    Call(does=f"GET {ONE}/networkInterfaceController", answer=["D0:50:99:AA:BB:01"]),
)
READ = (
    TIME,
    *SEEN,
    Call(does=f"GET {ONE}/task?function=hardReboot", answer=[]),
    Call(does=f"GET {ONE}/boot/1", answer={"bootId": 1, "bootType": "harddisk"}),
)
UNKEYED = tuple(Call(does=one.does, answer=one.answer) for one in READ)


def error(status: int, message: str, code: str = "", name: str = "") -> tuple[int, dict[str, str]]:
    told = {"message": message, "httpCode": str(status), "errorCode": code, "class": name}
    return status, {key: value for key, value in told.items() if value}


def proof(request: httpx.Request) -> None:
    if request.url.path == "/1.0/auth/time":
        assert "x-ovh-signature" not in request.headers
        return
    stamp = request.headers["x-ovh-timestamp"]
    signed = "+".join(
        [SECRET, CONSUMER, request.method, str(request.url), request.content.decode(), stamp]
    )
    expected = "$1$" + hashlib.sha1(signed.encode()).hexdigest()
    assert request.headers["x-ovh-signature"] == expected
    assert request.headers["x-ovh-application"] == KEY
    assert request.headers["x-ovh-consumer"] == CONSUMER


SCRIPT = Script(
    make=lambda sleep: make(
        OvhSettings.model_validate(
            {
                "application_key": KEY,
                "application_secret": SECRET,
                "consumer_key": CONSUMER,
                "subsidiary": "FR",
            }
        ),
        transport=wire(),
        sleep=sleep,
    ),
    proof=proof,
    refused=error(403, "This credential is not valid", "INVALID_CREDENTIAL"),
    forbidden=error(403, "This call has not been granted", "NOT_GRANTED_CALL"),
    missing=error(404, "The requested object does not exist", name="Client::NotFound"),
    sold_out=error(400, f"{PLAN} is not available in gra", name="Client::BadRequest"),
    limited=(*error(429, "Too many requests"), {"retry-after": "7"}, 7.0),
    verbs={
        "check": Verb(
            ask=lambda client: client.check(),
            calls=(
                TIME,
                Call(
                    does=f"GET {API}/me",
                    answer={"nichandle": "xy12345-ovh", "ovhSubsidiary": "FR"},
                ),
            ),
            told=lambda account: account.name,
            gives="xy12345-ovh",
        ),
        "plans": Verb(
            ask=lambda client: client.plans(),
            calls=(
                TIME,
                Call(does=STOCK, answer=[STOCK_ROW]),
                catalogue("baremetalServers", []),
                catalogue("eco", [CATALOGUE_PLAN]),
            ),
            told=lambda plans: [(one.id, str(one.offers[0].price.monthly)) for one in plans],
            gives=[(PLAN, "64.99")],
        ),
        "regions": Verb(
            ask=lambda client: client.regions(),
            calls=(TIME, Call(does=STOCK, answer=[STOCK_ROW])),
            told=lambda regions: [(one.id, one.name) for one in regions],
            gives=[("gra", "Gravelines")],
        ),
        "ssh_keys": Verb(
            ask=lambda client: client.ssh_keys(),
            calls=(
                TIME,
                Call(does=f"GET {API}/me/sshKey", answer=["old"], key=True),
                Call(
                    does=f"GET {API}/me/sshKey/old",
                    answer={"keyName": "old", "key": "ssh-rsa AAAAB3 old"},
                ),
            ),
            told=lambda keys: [(one.id, one.public_key) for one in keys],
            gives=[("old", "ssh-rsa AAAAB3 old")],
        ),
        "add_ssh_key": Verb(
            ask=lambda client: client.add_ssh_key("me", PUBLIC_KEY),
            calls=(
                TIME,
                Call(does=f"GET {API}/me/sshKey", answer=[]),
                Call(
                    does=f"POST {API}/me/sshKey",
                    sends={"keyName": "me", "key": PUBLIC_KEY},
                    key=True,
                ),
            ),
            told=lambda key: key.id,
            gives="me",
        ),
        "price_of": Verb(
            ask=lambda client: client.price_of(WANTED),
            calls=(
                *OPENED,
                *FILLED,
                Call(does=f"GET {CART}/checkout", answer=CHECKOUT, key=True),
                Call(does=f"DELETE {CART}"),
                STOCK_HERE,
            ),
            told=lambda quote: (str(quote.price.monthly), str(quote.price.setup), quote.checked),
            gives=("64.99", "20.0", True),
        ),
        "create_server": Verb(
            ask=lambda client: client.create_server(WANTED, "gra"),
            calls=(
                *OPENED,
                STOCK_HERE,
                *FILLED,
                Call(
                    does=f"PUT {CART}",
                    sends={"description": ANY, "expire": ANY},
                    answer={"cartId": "c1"},
                ),
                Call(
                    does=f"POST {CART}/checkout",
                    sends={
                        "autoPayWithPreferredPaymentMethod": True,
                        "waiveRetractationPeriod": False,
                    },
                    answer={**CHECKOUT, "orderId": 1002},
                    key=True,
                ),
                Call(
                    does=f"PUT {CART}",
                    sends={"description": ANY, "expire": ANY},
                    answer={"cartId": "c1"},
                ),
            ),
            tidies=(Call(does=f"DELETE {CART}"),),
            told=lambda server: (server.id, server.status, server.tags),
            gives=("order-1002", "ordered", ("ktizo-4f1c",)),
        ),
        "get_server": Verb(
            ask=lambda client: client.get_server(NAME),
            calls=READ,
            told=lambda server: (server.status, server.addresses, server.macs),
            gives=("ready", ("192.0.2.10",), ("d0:50:99:aa:bb:01",)),
        ),
        "list_servers": Verb(
            ask=lambda client: client.list_servers(),
            calls=(
                TIME,
                Call(does=f"GET {API}/dedicated/server", answer=[NAME], key=True),
                *(Call(does=one.does, answer=one.answer) for one in SEEN),
                Call(does=f"GET {API}/order/cart", answer=[]),
            ),
            told=lambda servers: [(one.id, one.tags) for one in servers],
            gives=[(NAME, ("ktizo-4f1c",))],
        ),
        "reinstall_ipxe": Verb(
            ask=lambda client: client.reinstall_ipxe(NAME, BOOT_URL),
            calls=(
                *UNKEYED,
                Call(does=f"GET {ONE}", answer=SERVER),
                Call(does=f"PUT {ONE}", sends={"bootScript": f"#!ipxe\nchain {BOOT_URL}\n"}),
                Call(
                    does=f"POST {ONE}/reboot",
                    answer={"taskId": 5, "function": "hardReboot", "status": "init"},
                    key=True,
                ),
            ),
            tidies=(Call(does=f"PUT {ONE}", sends={"bootId": 1}),),
            told=lambda server: (server.status, server.raw_status),
            gives=("provisioning", "hardReboot init"),
        ),
        "delete_server": Verb(
            ask=lambda client: client.delete_server(NAME),
            calls=(*UNKEYED, Call(does=f"POST {ONE}/terminate", answer="see your mail", key=True)),
            told=lambda server: "mailed" in server.pending,
            gives=True,
        ),
        "power": Verb(
            ask=lambda client: client.power(NAME, PowerAction.REBOOT),
            calls=(*UNKEYED, Call(does=f"POST {ONE}/reboot", answer={"taskId": 5}, key=True)),
        ),
        "boot_from_disk": Verb(
            ask=lambda client: client.boot_from_disk(NAME),
            calls=(
                *UNKEYED,
                Call(does=f"GET {ONE}/boot?bootType=harddisk", answer=[1], key=True),
                Call(
                    does=f"PUT {ONE}",
                    sends={"bootId": 1, "efiBootloaderPath": r"\EFI\boot\bootx64.efi"},
                ),
            ),
        ),
    },
)
