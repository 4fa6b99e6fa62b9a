"""Hetzner Robot under the contract."""

from dataclasses import replace

from ktizo.providers.base import Wanted
from ktizo.providers.hetzner import make as make_client
from ktizo.providers.hetzner.declaration import HetznerSettings

from .contract import Case
from .double_hetzner import RESCUE_PASSWORD, HetznerDouble

SECRET = "not-a-real-robot-password"
UNKNOWN_ID = "999999"
ONE_TIME = (RESCUE_PASSWORD,)


async def make() -> Case:
    double = HetznerDouble()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    client = make_client(HetznerSettings(user="#ws+test", password=SECRET), double.transport, sleep)
    wanted = Wanted(
        name="node1",
        plan="EX44",
        regions=("FSN1", "HEL1"),
        tag="ktizo-0a1b2c3d",
        boot_url="http://boot.example/p/3f1c9d7e/boot.ipxe",
    )
    return Case(client, double, wanted, SECRET, "FSN1", "HEL1", slept)


async def make_auction() -> Case:
    case = await make()
    case.wanted = replace(case.wanted, plan="market/282323", regions=("FSN1",))
    return case
