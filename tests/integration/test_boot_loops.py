"""A machine that asks for its installer again and again is held on its disk."""

import pytest

from integration.conftest import OpenHouse
from integration.house import House
from integration.test_approvals import prove

pytestmark = pytest.mark.anyio


async def test_after_five_installers_without_a_proof_a_machine_is_held_on_its_disk(house: House):
    device_id = await house.ready()
    for _ in range(5):
        assert (await house.knock()).installer
    assert (await house.knock()).disk.rule == "boot_loop", "at once, before anything is flushed"
    await house.flush()
    device = await house.device()
    assert (device["state"], device["lease"]) == ("boot_loop", None)
    assert (await house.knock()).disk.rule == "boot_loop"
    (event,) = await house.events("boot_loop")
    assert (event["device_id"], event["data"]) == (device_id, {"offers": 6})


async def test_other_spellings_of_the_same_question_count_as_one_machine(house: House):
    await house.ready()
    for spelling in ("52:54:00:AA:BB:01", "5254.00aa.bb01", "525400aabb01", "52-54-00-aa-bb-01"):
        assert (await house.at("10.0.0.50").get(f"/boot/menu.ipxe?mac={spelling}")).text.count(
            "kernel --name"
        ) == 1
    assert (await house.knock(address="10.0.0.77", uuid="")).installer
    assert (await house.knock(path="/boot/debian.ipxe")).disk.rule == "boot_loop"


async def test_a_head_request_for_the_script_counts_too(house: House):
    await house.ready()
    for _ in range(5):
        answer = await house.at("10.0.0.50").head("/boot/menu.ipxe?mac=525400aabb01")
        assert (answer.status_code, answer.content) == (200, b"")
    assert (await house.knock()).disk.rule == "boot_loop"


async def test_a_new_approval_releases_it(house: House):
    device_id = await house.ready()
    for _ in range(6):
        await house.knock()
    await house.flush()
    again = await house.approve(device_id)
    assert (again["state"], again["lease"]["offers"]) == ("approved", 0)
    assert (await house.knock()).installer


async def test_a_reinstall_request_releases_it_too(house: House):
    device_id = await house.ready()
    for _ in range(6):
        await house.knock()
    await house.flush()
    device = await house.device()
    await house.act(device_id, "reinstall", confirm=device["macs"][0])
    assert (await house.knock()).installer


async def test_the_uses_of_a_permission_survive_a_restart(house: House):
    await house.ready()
    for _ in range(3):
        assert (await house.knock()).installer
    await house.restart()
    assert (await house.device())["lease"]["offers"] == 3
    for _ in range(2):
        assert (await house.knock()).installer
    assert (await house.knock()).disk.rule == "boot_loop"


async def test_the_limit_is_a_setting(opened: OpenHouse):
    async with opened(boot_loop_limit=2) as house:
        await house.ready()
        assert [(await house.knock()).installer for _ in range(4)] == [True, True, False, False]


async def test_network_boots_from_the_disk_are_no_loop(house: House):
    await house.ready()
    await prove(house)
    for _ in range(20):
        assert (await house.knock()).disk.rule == "already_installed"
    await house.flush()
    assert (await house.device())["state"] == "installed"


async def test_a_proof_after_the_last_use_still_counts(house: House):
    await house.ready()
    for _ in range(4):
        assert (await house.knock()).installer
    await prove(house)  # it knocks a fifth time itself
    assert (await house.device())["state"] == "installed"
    assert (await house.knock()).disk.rule == "already_installed"
