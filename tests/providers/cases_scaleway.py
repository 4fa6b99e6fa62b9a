"""Scaleway Elastic Metal under the contract."""

from ktizo.providers.base import Wanted
from ktizo.providers.scaleway import make as make_client
from ktizo.providers.scaleway.declaration import ScalewaySettings

from .contract import Case
from .double_scaleway import PROJECT, RESCUE_PASSWORD, ScalewayDouble

SECRET = "6f3a2b1c-not-a-real-key-9d8e7f6a5b4c"
UNKNOWN_ID = "fr-par-2/0c3b1f2a-0000-4000-8000-000000000000"
ONE_TIME = (RESCUE_PASSWORD,)


async def make() -> Case:
    double = ScalewayDouble()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    settings = ScalewaySettings.model_validate(
        {"secret_key": SECRET, "project_id": PROJECT, "zones": "fr-par-2, nl-ams-1"}
    )
    wanted = Wanted(
        name="node1",
        plan="EM-A115X-SSD",
        regions=("fr-par-2", "nl-ams-1"),
        tag="ktizo-0a1b2c3d",
        boot_url="http://boot.example/p/3f1c9d7e/boot.ipxe",
    )
    client = make_client(settings, double.transport, sleep)
    return Case(client, double, wanted, SECRET, "fr-par-2", "nl-ams-1", slept)
