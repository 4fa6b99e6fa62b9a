"""Vultr under the contract: bare metal, and instances beside it."""

from pydantic import SecretStr

from ktizo.providers.base import Wanted
from ktizo.providers.vultr import make as make_client
from ktizo.providers.vultr.declaration import VultrSettings

from .contract import Case
from .double_vultr import INSTANCE_PLAN, KEY, METAL_PLAN, PASSWORD, REGIONS, VultrDouble

UNKNOWN_ID = "bm/cb676a46-66fd-4dfb-b839-443f2e6c0b60"
ONE_TIME = (PASSWORD,)


async def make(plan: str = f"bm/{METAL_PLAN}") -> Case:
    double = VultrDouble()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    wanted = Wanted(
        name="cp-1",
        plan=plan,
        regions=(REGIONS[0],),
        tag="ktizo-4f1c9a",
        boot_url="http://ktizo.example/boot/u/3f9d",
    )
    client = make_client(VultrSettings(api_key=SecretStr(KEY)), double.transport, sleep)
    return Case(client, double, wanted, KEY, REGIONS[0], REGIONS[1], slept)


async def make_instance() -> Case:
    return await make(f"vm/{INSTANCE_PLAN}")


async def make_silent() -> Case:
    """Where only the answer to an order says that nothing is left."""
    case = await make()
    assert isinstance(case.double, VultrDouble)
    case.double.told_stock = False
    return case


VARIANTS = {"instance": make_instance, "silent": make_silent}
