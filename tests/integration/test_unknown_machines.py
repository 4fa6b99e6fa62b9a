"""Machines nobody has decided about: their own disk, a place to wait, or a harmless menu."""

import pytest

from integration import ipxe
from integration.conftest import OpenHouse
from integration.house import MAC, OTHER_MAC, UUID_A, House, Told
from ktizo.boot.builtin import BUILTIN

pytestmark = pytest.mark.anyio


async def test_a_machine_never_seen_before_boots_from_its_disk_and_is_told_why(house: House):
    told = await house.knock(uuid=UUID_A)
    assert told.text == (
        "#!ipxe\n"
        "# Ktizo 0.1.0: unknown\n"
        f"echo Ktizo: {MAC}\n"
        "echo Ktizo: this machine was never seen before and is not approved\n"
        "echo Ktizo: booting from the local disk\n"
        "sanboot --no-describe --drive 0x80 || exit 1\n"
    )


async def test_a_machine_that_knocked_waits_in_the_list_for_a_decision(house: House):
    await house.see(
        uuid=UUID_A,
        serial_hex=b"SN-1".hex(),
        vendor_hex=b"Acme & Sons".hex(),
        product_hex="Größe 2".encode().hex(),
        asset_hex="",
    )
    device = await house.device()
    assert (device["state"], device["uuid"], device["serial"]) == ("pending", UUID_A, "SN-1")
    assert (device["vendor"], device["product"]) == ("Acme & Sons", "Größe 2")
    assert (device["firmware"], device["arch"], device["asset"]) == ("bios", "x86_64", None)
    assert device["address"] == "10.0.0.50"
    assert device["first_seen"] == device["last_seen"]
    assert (await house.knock()).disk.rule == "not_approved"


async def test_knocking_again_moves_only_the_time_last_seen(house: House):
    device_id = await house.see(uuid=UUID_A)
    before = await house.device(device_id)
    assert await house.see(uuid=UUID_A, address="10.0.0.51") == device_id
    after = await house.device(device_id)
    assert after.pop("last_seen") > before.pop("last_seen")
    assert after.pop("address") == "10.0.0.51"
    before.pop("address")
    assert after == before


async def test_a_held_machine_shows_the_code_the_office_sees_and_boots_on_once_approved(
    opened: OpenHouse,
):
    async with opened(unknown_machines="hold") as house:
        held = await house.knock(product_hex=b"PowerEdge ${x}".hex())
        await house.flush()
        device = await house.device()
        assert held.first_word == "hold"
        assert f"    pairing code  {device['pairing_code']}\n" in held.text
        assert "    make          PowerEdge ??x?\n" in held.text
        assert (
            "chain --replace --autofree --timeout 30000 http://ktizo.test:8000/boot/boot.ipxe ||\n"
            in held.text
        )
        assert ipxe.ends_on_disk(held.text)
        assert not held.installer
        await house.stock("debian")
        await house.approve(device["id"], profile="debian")
        assert (await house.knock()).installer, "its next question, without a reset"


async def test_a_held_machine_that_is_rejected_goes_to_its_disk(opened: OpenHouse):
    async with opened(unknown_machines="hold") as house:
        device_id = await house.see()
        await house.act(device_id, "reject")
        assert (await house.knock()).disk.rule == "rejected"


async def test_the_menu_for_unknown_machines_has_nothing_that_installs(opened: OpenHouse):
    async with opened(unknown_machines="menu") as house:
        for name in BUILTIN:
            await house.stock(name)
        menu = await house.knock()
        items = [words[1] for words in ipxe.commands(menu.text) if words[0] == "item"]
        assert items == ["local", "wait", "ktizo-reboot", "ktizo-poweroff"]
        assert ipxe.ends_on_disk(menu.text)
        waiting = await house.knock(path="/boot/wait.ipxe")
        assert waiting.first_word == "hold"
        assert (
            "chain --replace --autofree --timeout 30000 http://ktizo.test:8000/boot/wait.ipxe"
            in waiting.text
        )


async def test_who_waits_from_the_menu_boots_on_once_approved(opened: OpenHouse):
    async with opened(unknown_machines="menu") as house:
        await house.knock(path="/boot/wait.ipxe")
        await house.flush()
        await house.ready()
        assert (await house.knock(path="/boot/wait.ipxe")).installer


@pytest.mark.parametrize("policy", ["local_disk", "hold", "menu"])
async def test_no_policy_lets_an_unapproved_machine_choose_an_installer(
    policy: str, opened: OpenHouse
):
    async with opened(unknown_machines=policy) as house:
        for name in BUILTIN:
            await house.stock(name)
        seen = await house.see()
        rejected = await house.see(OTHER_MAC)
        await house.act(rejected, "reject")
        await house.api("PUT", f"boot/assignments/{seen}", json={"profile": "debian"})
        for name in [*BUILTIN, "wait", "boot", "menu", "nothing"]:
            for mac in (MAC, OTHER_MAC, "52:54:00:00:00:99"):
                for told in (
                    await house.knock(mac, path=f"/boot/{name}.ipxe"),
                    await house.knock(mac, choice=name),
                ):
                    assert told.status == 200
                    assert not told.installer, told.text
                    assert "/boot/assets/" not in told.text


async def test_machines_beyond_the_limit_are_answered_but_not_remembered(opened: OpenHouse):
    async with opened(max_pending=2) as house:
        for last in range(5):
            told: Told = await house.knock(f"52:54:00:00:01:{last:02x}")
            assert told.disk.rule == "unknown"
            await house.flush()
        assert len(await house.devices()) == 2
        refusals = await house.events("device_not_recorded")
        assert [one["data"] for one in refusals] == [{"max_pending": 2}], "told once, not each time"


async def test_a_decision_makes_room_for_the_next_unknown_machine(opened: OpenHouse):
    async with opened(max_pending=1) as house:
        first = await house.see()
        await house.knock(OTHER_MAC)
        await house.flush()
        assert len(await house.devices()) == 1
        await house.act(first, "reject")
        await house.see(OTHER_MAC)
        assert len(await house.devices()) == 2


async def test_the_first_script_asks_who_is_there_and_names_no_machine(house: House):
    answer = await house.at("10.0.0.50").get("/boot/boot.ipxe")
    assert answer.status_code == 200
    ipxe.commands(answer.text)
    assert await house.devices() == []
    assert "#!ipxe\n" in answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_what_nobody_can_read_boots_from_disk_and_is_no_machine(house: House):
    for query in ("", "mac=", "mac=zz", "uuid=1", "mac=52-54-00-00-00-01&mac=52-54-00-00-00-02"):
        answer = await house.at("10.0.0.50").get(f"/boot/menu.ipxe?{query}")
        assert Told(answer.status_code, answer.text).disk.rule == "unreadable"
    await house.flush()
    assert await house.devices() == []
