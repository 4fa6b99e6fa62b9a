"""Permission to install: how a machine gets it, how it ends, and that it never comes by itself."""

import asyncio
import re

import pytest

from integration import ipxe
from integration.conftest import Clock, OpenHouse
from integration.house import MAC, OTHER_MAC, UUID_A, House, until

pytestmark = pytest.mark.anyio
SCRIPT = """#!ipxe
# Ktizo 0.1.0: debian
echo Ktizo: edge-1 (52:54:00:aa:bb:01)
echo Ktizo: Debian (preseed) (debian)
imgfree ||
kernel --name kernel http://ktizo.test:8000/boot/assets/debian/linux initrd=initrd0 auto=true \
priority=critical url=http://ktizo.test:8000/boot/configs/TICKET/preseed.cfg interface=auto \
BOOTIF=01-52-54-00-aa-bb-01 hostname=edge-1 domain= || goto failed
initrd --name initrd0 http://ktizo.test:8000/boot/assets/debian/initrd.gz || goto failed
boot || goto failed
:failed
echo Ktizo: the system could not be loaded
echo Ktizo: booting from the local disk
sanboot --no-describe --drive 0x80 || exit 1
"""


async def prove(house: House) -> None:
    """Say "I am installed" as the installer of the machine at MAC does."""
    path = await done_path(house)
    answer = await house.at("10.0.0.50").get(path)
    assert answer.text == "ok: the next boot is your own disk\n"


async def done_path(house: House, mac: str = MAC, address: str = "10.0.0.50", **fields: str) -> str:
    """Return the way to the proof, as the machine finds it in its own config."""
    told = await house.knock(mac, address=address, **fields)
    (config,) = told.ticket_paths
    preseed = (await house.at(address).get(config)).text
    found = re.search(r"http://ktizo\.test:8000(/boot/done/[^\s\"']+)", preseed)
    assert found, preseed
    return found[1]


async def test_an_approved_machine_gets_the_whole_installer_script(house: House):
    await house.stock()
    device_id = await house.see(uuid=UUID_A)
    await house.approve(device_id, profile="debian", hostname="edge-1")
    told = await house.knock(uuid=UUID_A)
    ipxe.commands(told.text)
    assert re.sub(r"configs/[^/]+/", "configs/TICKET/", told.text) == SCRIPT


async def test_approving_twice_is_the_same_as_once(house: House):
    device_id = await house.ready()
    before = await house.device()
    assert await house.approve(device_id) == before
    together = await asyncio.gather(*(house.approve(device_id) for _ in range(5)))
    assert all(one == before for one in together)
    dump = await house.dump()
    assert len(dump["leases"]) == 1


async def test_an_approval_while_it_installs_does_not_begin_anew(house: House):
    device_id = await house.ready()
    assert (await house.knock()).installer
    await house.flush()
    installing = await house.device()
    assert (installing["state"], installing["lease"]["offers"]) == ("installing", 1)
    assert await house.approve(device_id) == installing


async def test_a_rejected_machine_gets_nothing_from_the_moment_of_the_rejection(house: House):
    device_id = await house.ready()
    told = await house.knock()
    (config,) = told.ticket_paths
    await house.act(device_id, "reject")
    assert (await house.knock()).disk.rule == "rejected"
    assert (await house.at("10.0.0.50").get(config)).status_code == 403
    assert (await house.device())["lease"] is None
    refused = await house.approve(device_id, 409)
    assert (refused["code"], "restore it first" in refused["message"]) == ("wrong_state", True)


async def test_a_restored_machine_is_pending_again_and_not_approved(house: House):
    device_id = await house.ready()
    await house.act(device_id, "reject")
    restored = await house.act(device_id, "restore")
    assert (restored["state"], restored["lease"]) == ("pending", None)
    assert (await house.knock()).disk.rule == "not_approved"
    await house.approve(device_id)
    assert (await house.knock()).installer


async def test_only_a_rejection_can_be_taken_back(house: House):
    device_id = await house.see()
    refused = await house.act(device_id, "restore", 409)
    assert refused["code"] == "wrong_state"


async def test_a_permission_ends_with_its_time_also_when_nobody_cleans_up(
    house: House, clock: Clock
):
    device_id = await house.ready()
    told = await house.knock()
    assert told.installer
    clock.forward(minutes=239)
    assert (await house.knock()).installer
    clock.forward(minutes=2)
    assert (await house.knock()).disk.rule == "no_lease"
    assert (await house.at("10.0.0.50").get(told.ticket_paths[0])).status_code == 403
    renewed = await house.approve(device_id)
    assert renewed["lease"]["offers"] == 0
    assert (await house.knock()).installer


async def test_an_approval_may_be_for_a_shorter_time(house: House, clock: Clock):
    await house.stock()
    device_id = await house.see()
    await house.approve(device_id, profile="debian", lease_minutes=5)
    clock.forward(minutes=4, seconds=58)
    assert (await house.knock()).installer
    clock.forward(seconds=2)
    assert (await house.knock()).disk.rule == "no_lease"


async def test_housekeeping_marks_a_machine_whose_time_ran_out_as_lapsed(
    opened: OpenHouse, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ktizo.app.HOUSEKEEPING_S", 0.02)
    async with opened() as house:
        device_id = await house.ready()
        clock.forward(minutes=241)

        async def lapsed() -> bool:
            return (await house.device())["state"] == "lapsed"

        await until("the machine is lapsed", lapsed)
        assert (await house.device())["lease"] is None
        assert (await house.knock()).disk.rule == "not_approved"
        (event,) = await house.events("lease_expired")
        assert (event["mac"], event["device_id"]) == (MAC, device_id)
        assert (await house.approve(device_id))["state"] == "approved"
        assert (await house.knock()).installer


async def test_the_proof_spends_the_permission_and_from_then_on_it_is_the_disk_for_ever(
    house: House, clock: Clock
):
    device_id = await house.ready()
    await prove(house)
    device = await house.device()
    assert (device["state"], device["lease"]) == ("installed", None)
    for choice in ({}, {"choice": "debian"}, {"choice": "rescue"}, {"choice": "wait"}):
        assert (await house.knock(**choice)).disk.rule == "already_installed"
    assert (await house.knock(path="/boot/debian.ipxe")).disk.rule == "already_installed"
    refused = await house.approve(device_id, 409)
    assert "reinstall" in refused["message"]
    clock.forward(days=400)
    assert (await house.knock()).disk.rule == "already_installed"
    await house.restart()
    assert (await house.knock()).disk.rule == "already_installed"


async def test_a_proof_counts_once(house: House):
    await house.ready()
    path = await done_path(house)
    machine = house.at("10.0.0.50")
    both = await asyncio.gather(machine.get(path), machine.post(path))
    assert sorted(answer.status_code for answer in both) in ([200, 200], [200, 403])
    assert (await machine.get(path)).status_code == 403
    ended = [row for row in (await house.dump())["leases"] if "spent" in row]
    assert len(ended) == 1


async def test_the_answer_to_a_proof_comes_after_its_commit(house: House):
    await house.ready()
    path = await done_path(house)
    asked = house.at("10.0.0.50").get(path)
    answer = await asked
    assert answer.status_code == 200
    # Killed right here, without a flush: what was answered is on disk.
    house.state.writer._waiting.clear()
    await house.restart()
    assert (await house.device())["state"] == "installed"


async def test_a_reinstall_needs_the_name_of_the_machine(house: House):
    device_id = await house.ready()
    await house.api("PATCH", f"devices/{device_id}", json={"hostname": "edge-1"})
    await prove(house)
    for wrong in ("", "edge-2", MAC, "yes"):
        refused = await house.act(device_id, "reinstall", 422, confirm=wrong)
        assert refused["code"] == "confirmation_missing"
        assert "edge-1" in refused["message"]
    assert (await house.knock()).disk.rule == "already_installed"
    again = await house.act(device_id, "reinstall", confirm="EDGE-1 ")
    assert (again["state"], again["lease"]["reason"]) == ("approved", "reinstall")
    assert (await house.knock()).installer


async def test_a_machine_without_a_name_is_confirmed_by_one_of_its_macs(house: House):
    device_id = await house.ready(macs=OTHER_MAC)
    await prove(house)
    await house.act(device_id, "reinstall", 422, confirm="edge-1")
    await house.act(device_id, "reinstall", confirm=OTHER_MAC)
    assert (await house.knock()).installer


async def test_a_machine_that_was_never_installed_is_not_reinstalled(house: House):
    device_id = await house.see()
    refused = await house.act(device_id, "reinstall", 409, confirm=MAC)
    assert refused["code"] == "wrong_state"
    await house.act(device_id, "reject")
    await house.act(device_id, "reinstall", 409, confirm=MAC)


async def test_an_operator_who_saw_it_run_spends_the_permission(house: House):
    device_id = await house.ready()
    ran = await house.act(device_id, "ran")
    assert (ran["state"], ran["lease"]) == ("running", None)
    assert await house.act(device_id, "ran") == ran, "said twice is said once"
    assert (await house.knock()).disk.rule == "already_installed"


async def test_a_machine_nobody_approved_cannot_be_called_running(house: House):
    device_id = await house.see()
    await house.act(device_id, "ran", 409)


async def test_a_machine_registered_and_approved_before_its_first_power_on_installs_at_once(
    house: House,
):
    await house.stock()
    entered = await house.api(
        "POST", "devices", 201, json={"mac": "5254.00AA.BB01", "hostname": "edge-1"}
    )
    assert (entered["state"], entered["macs"], entered["first_seen"]) == ("registered", [MAC], None)
    approved = await house.approve(entered["id"], profile="debian")
    assert approved["state"] == "approved"
    assert (await house.knock(uuid=UUID_A, serial_hex=b"SN-1".hex())).installer
    await house.flush()
    device = await house.device()
    assert (device["id"], device["state"]) == (entered["id"], "installing")
    assert (device["uuid"], device["serial"]) == (UUID_A, "SN-1")
    assert device["first_seen"] is not None


async def test_a_registered_machine_without_approval_boots_from_its_disk(house: House):
    entered = await house.api("POST", "devices", 201, json={"mac": MAC})
    assert (await house.knock()).disk.rule == "not_approved"
    await house.flush()
    device = await house.device()
    assert (device["id"], device["state"]) == (entered["id"], "pending")


async def test_a_mac_is_registered_once(house: House):
    first = await house.api("POST", "devices", 201, json={"mac": MAC})
    refused = await house.api("POST", "devices", 409, json={"macs": [OTHER_MAC, MAC]})
    assert (refused["code"], refused["detail"]) == ("mac_taken", {"device_id": first["id"]})
    assert len(await house.devices()) == 1


async def test_a_machine_boots_by_any_of_its_cards(house: House):
    await house.stock()
    entered = await house.api("POST", "devices", 201, json={"macs": [MAC, OTHER_MAC]})
    await house.approve(entered["id"], profile="debian")
    assert (await house.knock(OTHER_MAC)).installer
    assert (await house.knock(MAC)).installer
    await house.flush()
    device = await house.device()
    assert (device["macs"], device["lease"]["offers"]) == ([MAC, OTHER_MAC], 2)


async def test_cards_a_machine_reports_become_its_own(house: House):
    device_id = await house.ready(macs=",52-54-00-aa-bb-02,,525400aabb03", uuid=UUID_A)
    for mac in (OTHER_MAC, "52:54:00:aa:bb:03"):
        assert (await house.knock(mac, uuid=UUID_A)).installer
    await house.flush()
    device = await house.device(device_id)
    assert device["macs"] == ["52:54:00:aa:bb:03", MAC, OTHER_MAC], "last booted first"


async def test_the_role_chooses_the_profile_when_nobody_assigned_one(house: House):
    await house.stock("talos-worker")
    await house.stock("talos-controlplane")
    device_id = await house.see()
    await house.approve(device_id)
    assert (await house.knock()).disk.rule == "no_profile"
    await house.approve(device_id, role="worker")
    assert (await house.knock()).first_word == "talos-worker"
    await house.api("PATCH", f"devices/{device_id}", json={"role": "controlplane"})
    assert (await house.knock()).first_word == "talos-controlplane"
    await house.stock("debian")
    await house.api("PUT", f"boot/assignments/{device_id}", json={"profile": "debian"})
    assert (await house.knock()).first_word == "debian"
    await house.api("DELETE", f"boot/assignments/{device_id}", 204)
    assert (await house.knock()).first_word == "talos-controlplane"


async def test_a_forgotten_machine_is_unknown_again(house: House):
    device_id = await house.ready()
    (config,) = (await house.knock()).ticket_paths
    await house.api("DELETE", f"devices/{device_id}", 204)
    assert (await house.knock()).disk.rule == "unknown"
    assert (await house.at("10.0.0.50").get(config)).status_code == 403


async def test_an_unknown_profile_approves_nothing(house: House):
    device_id = await house.see()
    refused = await house.approve(device_id, 404, profile="no-such")
    assert refused["code"] == "profile_not_found"
    device = await house.device()
    assert (device["state"], device["lease"], device["approved_by"]) == ("pending", None, None)


async def test_a_taken_hostname_approves_nothing(house: House):
    first, second = await house.see(), await house.see(OTHER_MAC)
    await house.approve(first, hostname="edge-1")
    refused = await house.approve(second, 409, hostname="EDGE-1")
    assert refused["code"] == "hostname_taken"
    assert (await house.device(second))["state"] == "pending"


async def test_one_bulk_action_does_what_can_be_done_and_reports_the_rest(house: House):
    good, also = await house.see(), await house.see(OTHER_MAC)
    rejected = await house.see("52:54:00:aa:bb:03")
    await house.act(rejected, "reject")
    result = await house.api(
        "POST",
        "devices/bulk",
        json={"ids": [good, rejected, 999, also, good], "action": "approve", "role": "worker"},
    )
    assert [(one["id"], one["ok"], one["code"]) for one in result] == [
        (good, True, None),
        (rejected, False, "wrong_state"),
        (999, False, "device_not_found"),
        (also, True, None),
    ]
    states = {one["id"]: (one["state"], one["role"]) for one in await house.devices()}
    assert states == {
        good: ("approved", "worker"),
        also: ("approved", "worker"),
        rejected: ("rejected", None),
    }


async def test_a_bulk_approval_with_an_unknown_profile_approves_none(house: House):
    ids = [await house.see(), await house.see(OTHER_MAC)]
    body = {"ids": ids, "action": "approve", "profile": "no-such"}
    result = await house.api("POST", "devices/bulk", json=body)
    assert [one["code"] for one in result] == ["profile_not_found"] * 2
    assert {one["state"] for one in await house.devices()} == {"pending"}
    assert (await house.dump())["leases"] == []


async def test_bulk_tags_rejects_restores_and_forgets(house: House):
    ids = [await house.see(), await house.see(OTHER_MAC)]

    async def bulk(action: str, **more: object) -> set[str]:
        result = await house.api(
            "POST", "devices/bulk", json={"ids": ids, "action": action, **more}
        )
        assert all(one["ok"] for one in result), result
        return {one["state"] for one in await house.devices()}

    await bulk("tag", tags=["rack-1", "new"])
    await bulk("untag", tags=["new"])
    assert [one["tags"] for one in await house.devices()] == [["rack-1"]] * 2
    assert await bulk("reject") == {"rejected"}
    assert await bulk("restore") == {"pending"}
    assert await bulk("delete") == set()
