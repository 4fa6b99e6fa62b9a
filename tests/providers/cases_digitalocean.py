"""DigitalOcean under the contract."""

from pydantic import SecretStr

from ktizo.providers.base import Wanted
from ktizo.providers.digitalocean import make as make_client
from ktizo.providers.digitalocean.declaration import DigitalOceanSettings

from .contract import Case
from .double_digitalocean import REGIONS, SIZE, TOKEN, DigitalOceanDouble

UNKNOWN_ID = "999999"


async def make() -> Case:
    double = DigitalOceanDouble()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    wanted = Wanted(
        name="cp-1",
        plan=SIZE,
        regions=(REGIONS[0],),
        tag="ktizo-4f1c9a",
        boot_url="http://ktizo.example/boot/u/3f9d",
    )
    settings = DigitalOceanSettings(token=SecretStr(TOKEN), image="talos-v1.12")
    client = make_client(settings, double.transport, sleep)
    return Case(client, double, wanted, TOKEN, *REGIONS, slept)
