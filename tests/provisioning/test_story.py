"""From an order to Talos on each vendor's double, and the double counts: exactly one, always."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from integration.house import until
from ktizo.nodes.simulated import Hardware, SimulatedDisk, SimulatedMachine, Where, booted, cmdline
from providers.rescue import machine as rescue
from provisioning.clouds import Clouds, Vendor, base_of

pytestmark = pytest.mark.anyio

BY_IPXE = ["latitude", "vultr", "ovh", "cherry"]
BY_RESCUE = ["hetzner", "scaleway"]
DOLLARS = {"latitude", "vultr", "digitalocean"}
WITHIN_S = 40


async def ordered(clouds: Clouds, name: str, at: str = "", **more: Any) -> tuple[Vendor, int]:
    """An account, a cluster and one order."""
    vendor = await clouds.vendor(name)
    vendor.machine_at = at or vendor.machine_at
    await clouds.add_account(name, currency="USD" if name in DOLLARS else "EUR")
    await clouds.cluster(vendor.machine_at)
    server = await clouds.order(vendor, **more)
    assert server["problem"] == ""
    assert len(vendor.double.orders) == 1
    return vendor, server["id"]


async def approved(clouds: Clouds, server_id: int, disk: str) -> None:
    """Wait for the machine and let it install, as an operator does."""
    met = await clouds.until_server(server_id, lambda one: one["device_id"])
    assert met["device_state"] == "pending"
    wanted = {"role": "controlplane", "cluster": "demo", "install_disk": f"/dev/{disk}"}
    await clouds.api("POST", f"devices/{met['device_id']}/approve", json=wanted)


async def runs(clouds: Clouds, vendor: Vendor, server_id: int) -> dict[str, Any]:
    """Wait until Talos runs on it, and nothing was ordered besides."""
    done = await clouds.until_server(
        server_id, lambda one: one["device_state"] in {"installed", "running"}, WITHIN_S
    )
    assert done["problem"] == ""
    assert len(vendor.double.orders) == 1
    return done


async def got_to(machine: SimulatedMachine, *places: Where) -> None:
    """Wait for a machine; what its screen shows is in the failure."""
    try:
        async with asyncio.timeout(WITHIN_S):
            await machine.until(*places)
    except TimeoutError:
        shown = "\n".join(machine.screen)
        raise AssertionError(f"it is at {machine.where}, not {places}:\n{shown}") from None


async def rented(clouds: Clouds, vendor: Vendor, server_id: int) -> SimulatedMachine:
    """Return the machine that the vendor has booted from our path: its cards are what it told."""

    async def told() -> Any:
        vendor.double.deliver()
        return vendor.boot_urls

    await until("the vendor hears of a boot path", told, within_s=WITHIN_S)
    seen = await clouds.until_server(server_id, lambda one: one["stage"] == "delivered")
    hardware = Hardware()
    if seen["macs"]:
        hardware = replace(hardware, macs=tuple(one.lower() for one in seen["macs"]))
    return clouds.machine(vendor.machine_at, base_of(vendor.boot_urls[-1]), hardware=hardware)


@pytest.mark.parametrize("name", BY_IPXE)
async def test_a_server_is_ordered_once_asks_under_its_path_and_becomes_a_node(
    clouds: Clouds, name: str
):
    vendor, server_id = await ordered(clouds, name)
    machine = await rented(clouds, vendor, server_id)
    machine.power_on()
    await got_to(machine, Where.HELD)
    assert machine.node.wiped == []
    await approved(clouds, server_id, machine.hardware.disks[0].name)
    await got_to(machine, Where.TALOS)
    await runs(clouds, vendor, server_id)
    # Its config came through its own API: no boot path and no vendor ever carried a secret.
    kinds = [one["kind"] for one in await clouds.events()]
    assert "handed_over" in kinds


@pytest.mark.parametrize("name", ["latitude"])
async def test_an_order_may_say_that_its_machine_is_approved_when_it_asks(
    clouds: Clouds, name: str
):
    wanted = {"role": "controlplane", "cluster": "demo", "install_disk": "/dev/sda"}
    vendor, server_id = await ordered(clouds, name, approve=wanted)
    machine = await rented(clouds, vendor, server_id)
    machine.power_on()
    await got_to(machine, Where.TALOS)
    done = await runs(clouds, vendor, server_id)
    assert done["hostname"] == vendor.wanted.name
    (line,) = [one for one in await clouds.audit() if one["action"] == "devices.approved"]
    assert line["data"]["server"] == server_id


@pytest.mark.parametrize("name", BY_RESCUE)
async def test_a_server_without_ipxe_starts_talos_from_its_rescue_system(
    clouds: Clouds, sshd: rescue.Machine, name: str
):
    vendor, server_id = await ordered(clouds, name, at=sshd.at)
    await let_in(vendor, sshd)
    await approved(clouds, server_id, "sda")
    loaded = await until("Talos is loaded", lambda: kexec_asked(vendor, sshd), within_s=WITHIN_S)
    line = next(one for one in loaded if one.startswith("--command-line=")).partition("=")[2]
    assert "talos.platform=metal" in line
    assert "initrd=" not in line
    # What real kexec would start, starts.
    hardware = Hardware(
        uuid=rescue.UUID,
        serial="ABC123",
        macs=(rescue.MAC, rescue.OTHER_MAC),
        disks=(SimulatedDisk(),),
    )
    machine = clouds.machine(vendor.machine_at, "http://localhost", hardware=hardware)
    await booted.begin(machine.node, cmdline.read(line), asyncio.sleep)
    await runs(clouds, vendor, server_id)
    settled = await clouds.until_server(server_id, lambda one: not one["problem"])
    assert settled["stage"] in {"delivered", "ordered"}  # Scaleway restarts it, to its disk


async def let_in(vendor: Vendor, sshd: rescue.Machine) -> None:
    """Let the vendor start its rescue system with the key that Ktizo made."""
    vendor.replaced = {"em-rescue": rescue.USER, "SHA256:boot1r": sshd.host_key}
    double: Any = vendor.double

    async def key_known() -> Any:
        vendor.double.deliver()
        keys = double.keys.values() if isinstance(double.keys, dict) else double.keys
        ours = [one for one in keys if one["name"] == "ktizo-rescue"]
        return [one.get("data") or one["public_key"] for one in ours]

    key = (await until("Ktizo's key is known there", key_known, within_s=WITHIN_S))[-1]
    sshd.write("authorized_keys", key + "\n")


async def kexec_asked(vendor: Vendor, sshd: rescue.Machine) -> list[str] | None:
    vendor.double.deliver()
    return next((one for one in sshd.calls("kexec") if "-l" in one), None)


async def test_a_droplet_is_written_from_an_image_and_met_at_its_address(clouds: Clouds):
    vendor, server_id = await ordered(clouds, "digitalocean")
    assert vendor.boot_urls == []
    machine = clouds.machine(vendor.machine_at, "http://localhost")
    await machine.node.power_on()  # in maintenance mode, as an image without a config is
    await approved(clouds, server_id, machine.hardware.disks[0].name)
    await runs(clouds, vendor, server_id)
