"""Latitude.sh under the contract."""

from pydantic import SecretStr

from ktizo.providers.base import Wanted
from ktizo.providers.latitude import make as make_client
from ktizo.providers.latitude.declaration import LatitudeSettings

from .contract import Case
from .double_latitude import KEY, PLAN, PROJECT, SITES, LatitudeDouble

UNKNOWN_ID = "sv_nobodys"


async def make() -> Case:
    double = LatitudeDouble()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    settings = LatitudeSettings(api_key=SecretStr(KEY), project=PROJECT["slug"])
    wanted = Wanted(
        name="cp-1",
        plan=PLAN,
        regions=(SITES[0],),
        tag="ktizo-4f1c9a",
        boot_url="http://ktizo.example/boot/u/3f9d",
    )
    client = make_client(settings, double.transport, sleep)
    return Case(client, double, wanted, KEY, SITES[0], SITES[1], slept)
