"""A boot path is one server's alone, and a rented server's way is its boot path alone."""

import asyncio

import pytest

from integration.house import MAC, OTHER_MAC, UUID_A, UUID_B
from integration.test_clusters import FILES, cluster, imported
from ktizo.core.tokens import sign
from ktizo.devices import store as devices
from ktizo.devices.lifecycle import State
from provisioning.homes import LAN, RENTED, STRANGER, URL
from provisioning.paths import (
    REFUSED,
    RENTED_MAC,
    STRANGE_MAC,
    Rented,
    arrived,
    named_in,
    own_disk,
    ready,
)

pytestmark = pytest.mark.anyio


# Whose it is


async def test_the_first_machine_that_asks_is_the_server(rented: Rented):
    home, path, server_id = rented
    device_id = await arrived(home, path)
    assert (await home.device(device_id))["server_id"] == server_id
    shown = await home.api("GET", f"servers/{server_id}")
    assert (shown["device_id"], shown["device_state"]) == (device_id, "pending")
    assert (await home.ask(path, RENTED_MAC)).first_word == "hold"


async def test_another_machine_under_the_same_path_gets_its_own_disk_and_no_record(rented: Rented):
    home, path, _ = rented
    device_id = await ready(home, path)
    own_disk(await home.ask(path, STRANGE_MAC, address=STRANGER))
    (event,) = [one for one in await home.events("decided") if one["data"]["rule"] == "wrong_door"]
    assert event["address"] == STRANGER
    assert [one["id"] for one in await home.devices()] == [device_id]
    assert (await home.device(device_id))["macs"] == [RENTED_MAC]
    assert (await home.ask(path, RENTED_MAC)).installer


async def test_of_two_that_ask_at_the_same_moment_one_is_the_server_and_the_other_nobody(
    rented: Rented,
):
    home, path, server_id = rented
    await asyncio.gather(*(home.ask(path, mac) for mac in (RENTED_MAC, STRANGE_MAC)))
    await home.flush()
    for mac in (RENTED_MAC, STRANGE_MAC):
        await home.ask(path, mac)
    await home.flush()
    (device,) = await home.devices()
    assert device["server_id"] == server_id
    assert device["macs"] in ([RENTED_MAC], [STRANGE_MAC])


async def test_a_lan_machine_that_asks_at_the_same_moment_keeps_its_name(rented: Rented):
    home, path, _ = rented
    await home.knock(MAC, address=LAN)
    await home.ask(path, MAC, serial="stolen")
    await home.flush()
    device = await home.device(MAC)
    assert (device["server_id"], device["serial"], device["address"]) == (None, None, LAN)


async def test_a_rented_server_never_speaks_for_a_machine_of_the_lan(rented: Rented):
    home, path, _ = rented
    lan_id = await home.ready(MAC, uuid=UUID_A, serial="S1")
    before = await home.device(lan_id)
    for address in (RENTED, LAN):
        own_disk(await home.ask(path, MAC, address=address, uuid=UUID_A, serial="S1"))
        for profile in ("debian", "wait"):
            told = await home.knock(
                MAC, address=address, path=f"{path}/boot/{profile}.ipxe", uuid=UUID_A, serial="S1"
            )
            assert not told.installer
            assert not named_in(told.text)
    await home.flush()
    after = await home.device(lan_id)
    assert {**after, "updated_at": 0} == {**before, "updated_at": 0}
    assert (await home.knock(MAC, uuid=UUID_A, serial="S1")).installer


async def test_the_uuid_of_a_lan_machine_is_no_way_to_its_answer(rented: Rented):
    home, path, server_id = rented
    lan_id = await home.ready(MAC, uuid=UUID_A, serial="S1")
    told = await home.ask(path, RENTED_MAC, uuid=UUID_A, serial="S1", macs=MAC)
    assert not told.installer
    await home.flush()
    claimed = await home.device(RENTED_MAC)
    assert (claimed["state"], claimed["server_id"]) == (State.CONFLICT, server_id)
    assert (await home.device(lan_id))["state"] == State.APPROVED
    assert (await home.knock(MAC, uuid=UUID_A, serial="S1")).installer
    assert not (await home.ask(path, RENTED_MAC, uuid=UUID_A, serial="S1")).installer


async def test_nobody_on_the_lan_speaks_for_a_rented_server(rented: Rented):
    home, path, _ = rented
    device_id = await ready(home, path, uuid=UUID_B, serial="S2")
    before = await home.device(device_id)
    own_disk(await home.knock(RENTED_MAC, address=LAN, uuid=UUID_B, serial="S2"))
    told = await home.knock(
        RENTED_MAC, address=LAN, path="/boot/debian.ipxe", uuid=UUID_B, serial="S2"
    )
    own_disk(told)
    # By its UUID alone it is somebody new, whose identity is contested.
    await home.knock(OTHER_MAC, address=LAN, uuid=UUID_B, serial="S2")
    await home.flush()
    assert (await home.device(OTHER_MAC))["state"] == State.CONFLICT
    assert {**await home.device(device_id), "updated_at": 0} == {**before, "updated_at": 0}
    assert (await home.ask(path, RENTED_MAC, uuid=UUID_B, serial="S2")).installer


async def test_one_rented_server_does_not_speak_for_another(rented: Rented):
    home, path, _ = rented
    await ready(home, path)
    _, _, other = await home.rent("vultr")
    own_disk(await home.ask(other, RENTED_MAC))
    assert (await home.ask(path, RENTED_MAC)).installer


async def test_a_machine_without_a_card_that_the_provider_names_is_not_the_server(rented: Rented):
    home, path, server_id = rented
    await home.change(server_id, macs=[STRANGE_MAC.upper().replace(":", "-"), "not a MAC"])
    own_disk(await home.ask(path, RENTED_MAC))
    await home.flush()
    assert await home.devices() == []
    device_id = await arrived(home, path, STRANGE_MAC)
    # What the provider says later counts as well.
    await home.change(server_id, macs=[OTHER_MAC])
    own_disk(await home.ask(path, STRANGE_MAC))
    await home.change(server_id, macs=[])
    assert (await home.ask(path, STRANGE_MAC)).first_word == "hold"
    assert (await home.device(device_id))["server_id"] == server_id


# Tickets


async def test_a_ticket_of_a_rented_server_is_refused_everywhere_else(rented: Rented):
    home, path, _ = rented
    await ready(home, path)
    _, _, other = await home.rent("vultr")
    (ticket,) = (await home.ask(path, RENTED_MAC)).ticket_paths
    bare = ticket.removeprefix(URL + path)
    for address, way in ((LAN, bare), (LAN, f"{other}{bare}"), (RENTED, f"{other}{bare}")):
        answer = await home.at(address).get(way)
        assert (answer.status_code, answer.text) == (403, REFUSED)
    # Refused elsewhere, it was not used up: this is its way. A template never comes in the clear.
    answer = await home.at(RENTED).get(ticket)
    assert answer.status_code == 403
    assert answer.text.startswith("in_the_clear: ")


async def test_a_ticket_of_a_lan_machine_is_refused_under_a_path(rented: Rented):
    home, path, _ = rented
    await home.ready(MAC)
    (ticket,) = (await home.knock(MAC, address=LAN)).ticket_paths
    for address in (RENTED, LAN):
        answer = await home.at(address).get(f"{path}{ticket}")
        assert (answer.status_code, answer.text) == (403, REFUSED)
    assert (await home.at(LAN).get(ticket)).status_code == 200


async def test_a_proof_counts_only_by_the_way_its_machine_came(rented: Rented):
    home, path, _ = rented
    for mac, right, wrong in ((MAC, "", path), (RENTED_MAC, path, "")):
        address = RENTED if right else LAN
        device_id = await (ready(home, path) if right else home.ready(mac))
        told = await home.ask(right, mac, address=address)
        assert told.installer
        state = home.state
        async with state.db.read() as session:
            lease = await devices.open_lease(session, device_id)
        assert lease is not None
        proof = sign(state.sealer.subkey("tickets"), "boot-done", device_id, lease.id, 0)
        answer = await home.at(LAN).post(f"{wrong}/boot/done/{proof}")
        assert (answer.status_code, answer.text) == (403, REFUSED)
        assert (await home.device(device_id))["state"] != State.INSTALLED
        answer = await home.at(address).post(f"{right}/boot/done/{proof}")
        assert answer.status_code == 200
        assert (await home.device(device_id))["state"] == State.INSTALLED


async def test_a_look_is_for_the_way_its_machine_came_too(rented: Rented):
    home, path, _ = rented
    await imported(home, FILES)
    await home.act(await arrived(home, path), "inspect")
    await home.act(await home.see(MAC, address=LAN), "inspect")
    (out,) = (await home.ask(path, RENTED_MAC)).ticket_paths
    (lan,) = (await home.knock(MAC, address=LAN)).ticket_paths
    for wrong in (out.removeprefix(URL + path), f"{path}{lan}"):
        answer = await home.at(LAN).get(wrong)
        assert (answer.status_code, answer.text) == (403, REFUSED)
    for address, right in ((RENTED, out), (LAN, lan)):
        assert (await home.at(address).get(right)).status_code == 200


async def test_no_secret_of_a_cluster_crosses_the_internet_by_a_boot_path(rented: Rented):
    home, path, _ = rented
    await imported(home, FILES)
    await cluster(home)
    device_id = await arrived(home, path)
    await home.approve(device_id, role="controlplane", cluster="lab")
    (ticket,) = (await home.ask(path, RENTED_MAC)).ticket_paths
    config = await home.at(RENTED).get(ticket)
    assert config.status_code == 200
    assert "machine:" not in config.text
    assert "token" not in config.text
    assert (await home.events("config_sent"))[-1]["data"]["held_back"]
