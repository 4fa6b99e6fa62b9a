"""Two machines that claim to be one, or one that changed: a person decides, nothing is merged."""

import pytest

from integration.conftest import OpenHouse
from integration.house import MAC, OTHER_MAC, UUID_A, UUID_B, House
from ktizo.network.neighbours import Cards

pytestmark = pytest.mark.anyio
SERIAL, OTHER_SERIAL = b"SN-1".hex(), b"SN-2".hex()
OWN = {"uuid": UUID_A, "serial_hex": SERIAL}
SWAPPED = "2e1d3c5f-0000-0040-8000-00000000000a"  # the same 16 bytes, read as SMBIOS before 2.6


@pytest.mark.parametrize(
    "claim",
    [
        {"uuid": UUID_B, "serial_hex": SERIAL},
        {"uuid": UUID_A, "serial_hex": OTHER_SERIAL},
        {"uuid": UUID_B},
        {"serial_hex": OTHER_SERIAL},
    ],
)
async def test_a_known_card_with_other_marks_gets_the_disk_and_both_wait_for_a_person(
    claim: dict[str, str], house: House
):
    device_id = await house.ready(**OWN)
    (config,) = (await house.knock(**OWN)).ticket_paths
    assert (await house.knock(address="10.0.0.66", **claim)).disk.rule == "identity_contested"
    await house.flush()
    device = await house.device()
    assert (device["id"], device["state"]) == (device_id, "conflict")
    assert (device["uuid"], device["serial"]) == (UUID_A, "SN-1"), "recorded marks stay"
    assert device["conflict"]["address"] == "10.0.0.66"
    assert (await house.knock(**OWN)).disk.rule == "identity_contested", "the real one too"
    assert (await house.at("10.0.0.50").get(config)).status_code == 403
    (event,) = await house.events("conflict")
    assert (event["address"], event["device_id"]) == ("10.0.0.66", device_id)
    refused = await house.approve(device_id, 409)
    assert "resolve" in refused["message"]


async def test_the_same_marks_in_another_spelling_are_the_same_machine(opened: OpenHouse):
    async with opened() as house:
        await house.ready(**OWN)
        for claim in (
            {"uuid": SWAPPED, "serial_hex": SERIAL},
            {"uuid": UUID_A.upper(), "serial": " SN-1 "},
            {"uuid": UUID_A.replace("-", ""), "serial_hex": SERIAL + "0000"},
        ):
            assert (await house.knock(**claim)).installer, claim
            await house.flush()
            assert (await house.device())["state"] == "installing"


async def test_who_leaves_out_a_recorded_mark_contradicts_nothing_and_installs_nothing(
    opened: OpenHouse,
):
    async with opened() as house:
        await house.ready(**OWN)
        for claim in (
            {},
            {"uuid": UUID_A},
            {"serial_hex": SERIAL},
            {"uuid": "00000000-0000-0000-0000-000000000000", "serial_hex": SERIAL},
            {"uuid": UUID_A, "serial": "To be filled by O.E.M."},
        ):
            assert (await house.knock(**claim)).disk.rule == "identity_unproven", claim
            await house.flush()
            device = await house.device()
            assert (device["state"], device["lease"]["offers"]) == ("approved", 0)
            assert (device["uuid"], device["serial"]) == (UUID_A, "SN-1")
        assert (await house.knock(**OWN)).installer


async def test_a_request_from_another_card_than_it_names_installs_nothing(house: House):
    await house.ready(**OWN)
    house.state.front._cards = Cards(lambda: {"10.0.0.66": OTHER_MAC, "10.0.0.50": MAC})
    assert (await house.knock(address="10.0.0.66", **OWN)).disk.rule == "foreign_card"
    await house.flush()
    assert (await house.device())["lease"]["offers"] == 0
    assert (await house.knock(address="10.0.0.50", **OWN)).installer
    assert (await house.knock(address="10.0.0.99", **OWN)).installer, "behind a router: unknown"


async def test_a_stranger_cannot_slip_his_card_into_the_record_of_an_approved_machine(
    house: House,
):
    """On boards without UUID and serial the card is all there is to know a machine by."""
    await house.ready(MAC)
    house.state.front._cards = Cards(lambda: {"10.0.0.66": OTHER_MAC, "10.0.0.50": MAC})
    await house.knock(MAC, macs=OTHER_MAC, address="10.0.0.66")
    await house.flush()
    assert not (await house.knock(OTHER_MAC, address="10.0.0.66")).installer
    assert (await house.device(MAC))["macs"] == [MAC]


async def test_keeping_the_recorded_identity_needs_a_new_approval(house: House):
    device_id = await house.ready(**OWN)
    await house.knock(uuid=UUID_B)
    await house.flush()
    kept = await house.act(device_id, "resolve", keep="recorded")
    assert (kept["state"], kept["lease"], kept["uuid"]) == ("pending", None, UUID_A)
    assert (await house.knock(**OWN)).disk.rule == "not_approved"
    await house.approve(device_id)
    assert (await house.knock(**OWN)).installer
    assert (await house.knock(uuid=UUID_B)).disk.rule == "identity_contested"


async def test_an_installed_machine_whose_forgery_was_dismissed_stands_where_it_stood(
    house: House,
):
    device_id = await house.ready(**OWN)
    await house.act(device_id, "ran")
    await house.knock(uuid=UUID_B)
    await house.flush()
    assert (await house.act(device_id, "resolve", keep="recorded"))["state"] == "running"
    assert (await house.knock(**OWN)).disk.rule == "already_installed"


async def test_new_hardware_is_taken_over_and_approved_again(house: House):
    device_id = await house.ready(**OWN)
    await house.knock(uuid=UUID_B, serial_hex=OTHER_SERIAL)
    await house.flush()
    kept = await house.act(device_id, "resolve", keep="claimed")
    assert (kept["uuid"], kept["serial"]) == (UUID_B, "SN-2")
    assert (kept["state"], kept["lease"]) == ("pending", None)
    new = {"uuid": UUID_B, "serial_hex": OTHER_SERIAL}
    assert (await house.knock(**new)).disk.rule == "not_approved"
    await house.approve(device_id)
    assert (await house.knock(**new)).installer


async def test_an_unknown_card_with_a_known_uuid_is_a_new_record_in_conflict(house: House):
    await house.ready(uuid=UUID_A)
    assert (await house.knock(OTHER_MAC, uuid=UUID_A)).disk.rule == "unknown"
    await house.flush()
    known, newcomer = await house.devices()
    assert (known["state"], newcomer["state"]) == ("approved", "conflict")
    assert newcomer["conflict"]["like"] == known["id"]
    assert (await house.knock(OTHER_MAC, uuid=UUID_A)).disk.rule == "identity_contested"
    assert (await house.knock(uuid=UUID_A)).installer, "the known one is not held up"


async def test_serials_that_differ_tell_boards_of_one_uuid_apart(house: House):
    await house.ready(**OWN)
    await house.knock(OTHER_MAC, uuid=UUID_A, serial_hex=OTHER_SERIAL)
    await house.flush()
    assert [one["state"] for one in await house.devices()] == ["approved", "pending"]


async def test_a_second_board_with_the_same_uuid_becomes_a_machine_of_its_own(house: House):
    await house.ready(uuid=UUID_A)
    newcomer = await house.see(OTHER_MAC, uuid=UUID_A)
    kept = await house.act(newcomer, "resolve", keep="separate")
    assert (kept["state"], kept["conflict"]) == ("pending", None)
    await house.approve(newcomer, profile="debian")
    assert (await house.knock(OTHER_MAC, uuid=UUID_A)).installer
    assert (await house.knock(MAC, uuid=UUID_A)).installer


async def test_a_new_card_of_a_known_machine_is_merged_into_it(house: House):
    device_id = await house.ready(uuid=UUID_A)
    newcomer = await house.see(OTHER_MAC, uuid=UUID_A)
    merged = await house.act(newcomer, "resolve", keep="merge")
    assert (merged["id"], merged["macs"]) == (device_id, [MAC, OTHER_MAC])
    assert len(await house.devices()) == 1
    assert (await house.knock(OTHER_MAC, uuid=UUID_A)).installer
    await house.api("GET", f"devices/{newcomer}", 404)


async def test_a_machine_registered_by_another_of_its_cards_is_merged(house: House):
    await house.stock()
    entered = await house.api("POST", "devices", 201, json={"mac": OTHER_MAC, "hostname": "edge-1"})
    await house.approve(entered["id"], profile="debian")
    assert (await house.knock(MAC, macs=OTHER_MAC, **OWN)).disk.rule == "unknown"
    await house.flush()
    newcomer = await house.device(MAC)
    assert (newcomer["state"], newcomer["conflict"]["like"]) == ("conflict", entered["id"])
    assert newcomer["macs"] == [MAC]
    await house.act(newcomer["id"], "resolve", keep="merge")
    assert (await house.knock(MAC, macs=OTHER_MAC, **OWN)).installer


async def test_merging_into_a_machine_that_is_gone_changes_nothing(house: House):
    first = await house.see(uuid=UUID_A)
    newcomer = await house.see(OTHER_MAC, uuid=UUID_A)
    await house.api("DELETE", f"devices/{first}", 204)
    refused = await house.act(newcomer, "resolve", 404, keep="merge")
    assert refused["code"] == "device_not_found"
    assert (await house.device(newcomer))["state"] == "conflict"
    assert (await house.act(newcomer, "resolve", keep="separate"))["state"] == "pending"


async def test_a_machine_that_reports_the_card_of_another_is_contested(house: House):
    first, second = await house.see(MAC), await house.see(OTHER_MAC)
    await house.knock(MAC, macs=OTHER_MAC)
    await house.flush()
    states = {one["id"]: one["state"] for one in await house.devices()}
    assert states == {first: "conflict", second: "pending"}
    assert (await house.device(MAC))["macs"] == [MAC]


async def test_each_kind_of_conflict_has_its_own_ways_out(opened: OpenHouse):
    async with opened() as house:
        changed = await house.see(uuid=UUID_A)
        newcomer = await house.see(OTHER_MAC, uuid=UUID_A)
        await house.see(uuid=UUID_B)
        for device_id, wrong in ((changed, ("separate", "merge")),
                                 (newcomer, ("recorded", "claimed"))):  # fmt: skip
            for keep in wrong:
                refused = await house.act(device_id, "resolve", 409, keep=keep)
                assert refused["code"] == "conflict"
                assert (await house.device(device_id))["state"] == "conflict"


async def test_what_is_not_contested_is_not_resolved(house: House):
    device_id = await house.see()
    for keep in ("recorded", "claimed", "separate", "merge"):
        refused = await house.act(device_id, "resolve", 409, keep=keep)
        assert refused["code"] == "wrong_state"


async def test_a_contested_machine_can_be_rejected_and_comes_back_pending(house: House):
    device_id = await house.ready(**OWN)
    await house.knock(uuid=UUID_B)
    await house.flush()
    rejected = await house.act(device_id, "reject")
    assert (rejected["state"], rejected["conflict"]) == ("rejected", None)
    assert (await house.act(device_id, "restore"))["state"] == "pending"
    assert (await house.knock(**OWN)).disk.rule == "not_approved"


async def test_a_forgery_inside_one_flush_changes_nothing_for_the_machine_itself(house: House):
    """The one that asks and its forger in the same tenth of a second, in both orders."""
    await house.ready(**OWN)
    for claims in ((OWN, {"uuid": UUID_B}), ({"uuid": UUID_B}, OWN)):
        for claim in claims:
            told = await house.knock(**claim)
            assert told.installer is (claim is OWN), "before anything is flushed"
    await house.flush()
    assert (await house.device())["state"] in {"installing", "conflict"}
