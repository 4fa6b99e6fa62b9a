"""A fleet of simulated machines and a real `ktizo serve`, over real sockets on loopback."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integration.house import until
from integration.served import Served, free_port
from ktizo.cli.simulation import build, plan
from ktizo.cli.simulation.office import Office
from ktizo.nodes.simulated import Fleet, Pace, Stage, Where, cmdline
from ktizo.nodes.simulated.fetch import fetch

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

VERSION = "v1.12.11"
FAST = Pace(speed=30)
SIZE = 6
WITHIN_S = 60


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    made = Served(
        tmp_path,
        UNKNOWN_MACHINES="hold",
        EVENT_SINK_PORT=str(free_port()),
        KERNEL_LOG_PORT=str(free_port()),
    )
    try:
        yield await made.start()
    finally:
        await made.close()


@pytest.fixture
async def fleet(served: Served) -> AsyncIterator[Fleet]:
    made = Fleet(f"http://127.0.0.1:{served.port}", SIZE, FAST)
    yield made
    await made.close()


async def pending(served: Served, number: int) -> list[dict[str, object]]:
    async def all_there() -> list[dict[str, object]] | None:
        items = (await served.api("GET", "devices?sort=id"))["items"]
        return items if len(items) == number else None

    found: list[dict[str, object]] = await until("all are seen", all_there, within_s=WITHIN_S)
    return found


async def prepare(served: Served, fleet: Fleet) -> str:
    """A cluster of a build in the mirror; returns the build's schematic."""
    build.write(served.data, VERSION)
    token = served.http.headers["Authorization"].removeprefix("Bearer ")
    async with Office(f"http://127.0.0.1:{served.port}", token) as office:
        schematic = await build.take_in(office, VERSION)
        assert await build.find(office, VERSION) == schematic
    body = {
        "name": "demo",
        "endpoint": f"https://{fleet.address(1)}:6443",
        "talos_version": VERSION,
        "schematic": schematic,
    }
    await served.api("POST", "clusters", 201, json=body)
    return schematic


async def test_every_machine_is_known_by_what_it_is_and_nothing_is_erased(
    served: Served, fleet: Fleet
):
    fleet.power_on()
    async with asyncio.timeout(WITHIN_S):
        for machine in fleet:
            await machine.until(Where.HELD)
    devices = await pending(served, SIZE)
    by_mac = {str(one["macs"][0]): one for one in devices}  # type: ignore[index]
    for machine in fleet:
        hardware, seen = machine.hardware, by_mac[machine.hardware.macs[0]]
        assert seen["address"] == machine.host
        assert seen["macs"] == list(hardware.macs)
        assert (seen["uuid"], seen["serial"]) == (hardware.uuid, hardware.serial)
        assert (seen["vendor"], seen["product"]) == (hardware.manufacturer, hardware.product)
        assert seen["arch"] == "x86_64"
        assert seen["firmware"] == ("uefi" if machine.firmware.platform == "efi" else "bios")
        assert any(str(seen["pairing_code"]) in line for line in machine.screen)
    assert [machine.node.wiped for machine in fleet] == [[]] * SIZE
    assert fleet.faults == []


async def test_only_approved_machines_install_and_only_on_the_disk_that_was_named(
    served: Served, fleet: Fleet
):
    schematic = await prepare(served, fleet)
    fleet.power_on()
    devices = {str(one["address"]): one for one in await pending(served, SIZE)}
    chosen, others = plan.places(fleet.machines[:3], 1), fleet.machines[3:]
    for place in chosen:
        body = {
            "role": place.role,
            "hostname": place.hostname,
            "cluster": "demo",
            "install_disk": place.disk.path,
        }
        device = devices[place.machine.host]
        await served.api("POST", f"devices/{device['id']}/approve", json=body)
    async with asyncio.timeout(WITHIN_S):
        for place in chosen:
            await place.machine.node.until_boot(1)
    for place in chosen:
        node = place.machine.node
        assert node.wiped == [place.disk.name]
        assert (node.hostname, node.version, node.schematic) == (
            place.hostname,
            VERSION,
            schematic,
        )
        assert node.is_control_plane is (place.role == "controlplane")
        assert [one.rpartition("/")[2] for one in place.machine.loaded] == [
            "kernel-amd64",
            "initramfs-amd64.xz",
        ]
    for machine in others:
        assert (machine.where, machine.node.wiped, machine.kernel) == (Where.HELD, [], None)
    kernel = chosen[0].machine.kernel
    assert kernel is not None
    url = cmdline.read(kernel.cmdline).config_url
    assert (await fetch(url, others[0].host)).status == 403
    assert fleet.faults == []


async def test_machines_wait_out_a_ktizo_that_is_killed(served: Served, fleet: Fleet):
    fleet.power_on()
    await pending(served, SIZE)
    await served.kill()
    async with asyncio.timeout(WITHIN_S):
        for machine in fleet:
            await machine.until(Where.NO_BOOTABLE_DEVICE, Where.SELF_TEST)
    await served.start()
    async with asyncio.timeout(WITHIN_S):
        for machine in fleet:
            await machine.until(Where.HELD)
    assert {machine.node.stage for machine in fleet} == {Stage.OFF}
    assert [machine.node.wiped for machine in fleet] == [[]] * SIZE
