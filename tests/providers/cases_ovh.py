"""OVHcloud under the contract: once signed, once with an OAuth2 service account."""

from pydantic import SecretStr

from ktizo.providers.base import Wanted
from ktizo.providers.ovh import DECLARATION
from ktizo.providers.ovh import make as make_client
from ktizo.providers.ovh.declaration import OvhSettings

from . import double_ovh_orders
from .contract import Case
from .double_ovh import OvhDouble

UNKNOWN_ID = "ns404.ip-192-0-2.eu"
ONE_TIME = (double_ovh_orders.ORDER_PASSWORD, double_ovh_orders.TOKEN, double_ovh_orders.BEARER)
REQUESTS_WHEN_REFUSED = 1
WANTED = Wanted(
    name="rise-1",
    plan=double_ovh_orders.PLAN,
    regions=("gra",),
    tag="ktizo-7c1e",
    boot_url="http://ktizo.example.net/boot/p/9f0c2b",
)


def signed() -> OvhSettings:
    return OvhSettings(
        application_key=double_ovh_orders.KEY,
        application_secret=SecretStr(double_ovh_orders.SECRET),
        consumer_key=SecretStr(double_ovh_orders.CONSUMER),
    )


def service_account() -> OvhSettings:
    secret = SecretStr(double_ovh_orders.CLIENT_SECRET)
    return OvhSettings(client_id=double_ovh_orders.CLIENT_ID, client_secret=secret, subsidiary="FR")


def case_of(settings: OvhSettings, secret: str) -> Case:
    double = OvhDouble()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    client = make_client(settings, double.transport, sleep)
    assert client.declaration is DECLARATION
    return Case(client, double, WANTED, secret, *double_ovh_orders.REGIONS, slept=slept)


async def make() -> Case:
    return case_of(signed(), double_ovh_orders.SECRET)


async def make_service_account() -> Case:
    return case_of(service_account(), double_ovh_orders.CLIENT_SECRET)


VARIANTS = {"oauth2": make_service_account}
