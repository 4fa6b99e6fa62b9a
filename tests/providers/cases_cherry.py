"""Cherry Servers under the contract."""

from pydantic import SecretStr

from ktizo.providers.base import Wanted
from ktizo.providers.cherry import make as make_client
from ktizo.providers.cherry.declaration import CherrySettings

from .contract import Case
from .double_cherry import BMC_PASSWORD, KEY, OS_PASSWORD, PLAN, PROJECT, REGIONS, CherryDouble

UNKNOWN_ID = "999999"
ONE_TIME = (BMC_PASSWORD, OS_PASSWORD)


async def make() -> Case:
    double = CherryDouble()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    one, other = REGIONS
    wanted = Wanted(
        name="cp-1",
        plan=PLAN,
        regions=(one,),
        tag="ktizo-4f1c9a",
        boot_url="http://ktizo.example/boot/u/3f9d",
    )
    settings = CherrySettings(api_key=SecretStr(KEY), project_id=PROJECT, team_id="")
    client = make_client(settings, double.transport, sleep)
    return Case(client, double, wanted, KEY, one, other, slept)
