"""`explain`: the truth about the next boot, and nothing is changed by asking."""

from typing import Any

import pytest

from integration.conftest import OpenHouse
from integration.house import MAC, OTHER_MAC, UUID_A, UUID_B, House

pytestmark = pytest.mark.anyio


async def test_a_fresh_unknown_mac_boots_from_disk_and_explain_says_why(house: House):
    found = await house.explain("52:54:00:00:00:99")
    assert found["summary"] == (
        "boot from disk: this machine was never seen before and is not approved"
    )
    assert (found["rule"], found["action"], found["state"]) == ("unknown", "local_disk", None)


async def same(house: House, mac: str = MAC, **fields: str) -> dict[str, Any]:
    """Explain, then let the machine really ask: both must be the same bytes."""
    said = {key: value for key, value in fields.items() if key != "serial_hex"}
    if "serial_hex" in fields:
        said["serial"] = bytes.fromhex(fields["serial_hex"]).decode()
    found = await house.explain(mac, **said)
    told = await house.knock(mac, **fields)
    assert (found["status"], found["script"]) == (told.status, told.text)
    return found


async def test_explain_gives_the_script_the_machine_then_really_gets_byte_for_byte(house: House):
    assert (await same(house))["rule"] == "unknown"
    await house.flush()
    assert (await same(house))["rule"] == "not_approved"
    own = {"uuid": UUID_A, "serial_hex": b"SN-1".hex()}
    device_id = await house.ready(**own)
    found = await same(house, **own)
    assert (found["rule"], found["profile"]) == ("approved", "debian")
    assert found["command_line"] in found["script"]
    assert (found["approved_by"], found["lease"]["reason"]) == ("administrator", "approval")
    assert (await same(house, **own, choice="rescue"))["rule"] == "not_assigned"
    assert (await same(house, uuid=UUID_B))["rule"] == "identity_contested"
    await house.flush()
    assert (await same(house, **own))["state"] == "conflict"
    await house.act(device_id, "reject")
    assert (await same(house, **own))["rule"] == "rejected"


async def test_explain_takes_the_recorded_marks_where_none_are_given(house: House):
    own = {"uuid": UUID_A, "serial_hex": b"SN-1".hex()}
    await house.ready(**own)
    found = await house.explain()
    told = await house.knock(**own)
    assert (found["rule"], found["script"]) == ("approved", told.text)


@pytest.mark.parametrize("policy", ["hold", "menu"])
async def test_explain_shows_waiting_and_menus_as_they_are(policy: str, opened: OpenHouse):
    async with opened(unknown_machines=policy) as house:
        found = await same(house)
        assert found["action"] == {"hold": "hold", "menu": "menu_unknown"}[policy]
        assert (found["pairing_code"] in found["script"]) is (policy == "hold")
        await same(house, choice="wait")


async def test_explain_knows_a_held_boot_loop_before_it_is_written_down(house: House):
    await house.ready()
    for _ in range(5):
        assert (await same(house))["rule"] == "approved"
    assert (await same(house))["rule"] == "boot_loop"
    await house.flush()
    assert (await same(house))["rule"] == "boot_loop"


@pytest.mark.parametrize("handover", ["exit", "http_404", "sanboot"])
@pytest.mark.parametrize("platform", ["pcbios", "efi"])
async def test_explain_of_a_seen_machine_takes_its_recorded_firmware(
    handover: str, platform: str, opened: OpenHouse
):
    """The office knows a MAC, not the firmware; what was recorded is taken to agree."""
    async with opened() as house:
        device_id = await house.see(platform=platform)
        await house.api("PATCH", f"devices/{device_id}", json={"handover": handover})
        found = await house.api("GET", "boot/explain", params={"mac": MAC})
        told = await house.knock(platform=platform)
        assert (found["status"], found["script"]) == (told.status, told.text)


async def test_nothing_is_changed_by_asking(house: House):
    await house.ready(uuid=UUID_A)
    await house.see(OTHER_MAC)
    await house.knock(uuid=UUID_A)
    await house.flush()
    for _ in range(2):  # the first time also notes that the token was used
        before = await house.dump()
        for mac in (MAC, OTHER_MAC, "52:54:00:00:00:99"):
            for fields in ({}, {"uuid": UUID_B}, {"choice": "rescue"}, {"serial": "other"}):
                await house.explain(mac, **fields)
        for _ in range(7):  # more than a permission may be used
            await house.explain(uuid=UUID_A)
        await house.flush()
        after = await house.dump()
    for table in before:
        if table != "api_tokens":  # when the token was last used is no fact of the machine
            assert after[table] == before[table], table
    assert (await house.knock(uuid=UUID_A)).installer, "explaining uses no permission"
    assert (await house.device(MAC))["lease"]["offers"] == 1


async def test_explain_names_what_a_profile_lacks(house: House):
    await house.api("POST", "boot/profiles", 201, json={"name": "half", "type": "debian_preseed"})
    device_id = await house.see()
    await house.approve(device_id, profile="half")
    found = await same(house)
    assert found["profile_problem"] == "profile half lacks linux, initrd.gz"
    assert found["rule"] == "profile_broken"


@pytest.mark.parametrize(
    "query",
    ["", "mac=zz", "mac=ff:ff:ff:ff:ff:ff", f"mac={MAC}&uuid=${{x}}", f"mac={MAC}&choice=../x",
     f"mac={MAC}&arch=mips", f"mac={MAC}&platform=%0a", f"mac={MAC}&serial={'x' * 200}"],
)  # fmt: skip
async def test_explain_refuses_what_is_no_machine(query: str, opened: OpenHouse):
    async with opened() as house:
        answer = await house.office.get(f"/api/v1/boot/explain?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
