"""What the approve dialog shows before the Yes: no less than it can, no ticket in it."""

import re

import pytest

from integration.conftest import OpenHouse
from integration.house import House
from integration.test_clusters import ADDRESS, cluster

pytestmark = pytest.mark.anyio


async def template(house: House, text: str) -> None:
    """Give profile debian another config template."""
    was = await house.api("GET", "boot/profiles/debian")
    body = {"name": "debian", "type": was["type"], "config_template": text}
    await house.api("PUT", "boot/profiles/debian", json=body)


async def test_a_rehearsal_shows_the_config_although_the_kernel_is_missing(opened: OpenHouse):
    async with opened() as house:
        await cluster(house)
        device_id = await house.see()
        for name in (await house.api("GET", "boot/profiles/talos-worker"))["initrds"]:
            await house.api("DELETE", f"boot/profiles/talos-worker/assets/{name}", 204)
        wanted = {"device_id": device_id, "role": "worker", "cluster": "lab", "hostname": "w-1"}
        shown = await house.api("POST", "boot/rehearse", json=wanted)
        assert shown["explanation"]["rule"] == "profile_broken"
        assert "the mirror lacks kernel-amd64" in shown["explanation"]["profile_problem"]
        assert shown["config_name"] == "config.yaml"
        assert "w-1" in shown["config"]
        assert "BEGIN" not in shown["config"]


async def test_a_config_that_cannot_be_made_either_is_a_warning(opened: OpenHouse):
    async with opened() as house:
        await template(house, "{{ parameters.nobody_gave_this }}")
        await house.api("DELETE", "boot/profiles/debian/assets/initrd.gz", 204)
        body = {"device_id": await house.see(), "profile": "debian"}
        shown = await house.api("POST", "boot/rehearse", json=body)
        assert shown["explanation"]["rule"] == "profile_broken"
        assert (shown["config_name"], shown["config"]) == ("preseed.cfg", "")
        (why,) = shown["warnings"]
        assert "nobody_gave_this" in why


async def ticket_free(house: House, device_id: int, **wanted: str) -> tuple[str, str]:
    """Rehearse and approve; return script and config of the machine when no ticket was shown."""
    body = {"device_id": device_id, **wanted}
    shown = await house.api("POST", "boot/rehearse", json=body)
    assert "/boot/configs/TICKET/" in shown["explanation"]["script"]
    await house.approve(device_id, **wanted)
    told = await house.knock()
    (path,) = told.ticket_paths
    config = (await house.at(ADDRESS).get(path)).text
    tickets = re.findall(r"[0-9]+(?:~[0-9]+){2}~[A-Za-z0-9_-]{22}", told.text + config)
    assert path.split("/")[3] in tickets
    for ticket in tickets:
        assert ticket.rpartition("~")[2] not in str(shown)  # without its signature it opens nothing
    return told.text, config


async def test_a_rehearsal_for_a_cluster_holds_no_ticket(opened: OpenHouse):
    async with opened() as house:
        await cluster(house)
        await ticket_free(house, await house.see(), role="worker", cluster="lab")


async def test_a_rehearsed_config_holds_no_ticket_however_its_template_writes_it(
    opened: OpenHouse,
):
    async with opened() as house:
        written = "{{ done_url }} {{ done_url | replace('/', '_') }} {{ config_base | tojson }}"
        await template(house, written)
        _, config = await ticket_free(house, await house.see(), profile="debian")
        assert config.count("~") == 9  # three tickets of the four words each
