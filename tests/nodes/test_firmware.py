"""A simulated server from its power button on: what it boots, and what it never does."""

import gzip
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from ktizo.nodes.client import Address, Maintenance, NodeClient
from ktizo.nodes.simulated import (
    Firmware,
    Hardware,
    Lan,
    SimulatedMachine,
    Stage,
    Timings,
    Where,
    disks,
    racks,
)
from ktizo.nodes.simulated.board import ScriptFault
from ktizo.talos.secrets import Bundle
from nodes.boot_server import BootServer
from nodes.conftest import config_for

pytestmark = pytest.mark.anyio

HOST = "127.0.0.1"
LINE = "talos.platform=metal slab_nomerge pti=on"
CONFIG = "/boot/configs/ticket/config.yaml"
TALOS_DISK = "sdc"
LIVE_FOREVER = Timings(install_s=3600)
PARTIAL = "apiVersion: v1alpha1\nkind: EventSinkConfig\nendpoint: 127.0.0.1:9\n"
DISK = "sanboot --no-describe --drive 0x80 || exit 1"


@pytest.fixture
async def server() -> AsyncIterator[BootServer]:
    made = await BootServer().open()
    made.set("/kernel", "k" * 1000)
    made.set("/initrd", b"i" * 1000)
    yield made
    await made.close()


class Rack:
    """Machines that are switched off with the test."""

    def __init__(self, server: BootServer) -> None:
        self.server = server
        self.lan = Lan()
        self.machines: list[SimulatedMachine] = []

    def machine(self, hardware: Hardware | None = None, **how: Any) -> SimulatedMachine:
        timings = how.pop("timings", Timings())
        made = SimulatedMachine(
            HOST,
            self.server.url,
            hardware=hardware or racks.machine(3),  # two disks of a Ceph, and a free SSD
            firmware=Firmware(**{"speed": 1000, **how}),
            lan=self.lan,
            timings=timings,
            port=0,
        )
        self.machines.append(made)
        return made

    async def close(self) -> None:
        for machine in self.machines:
            await machine.power_off()


@pytest.fixture
async def rack(server: BootServer) -> AsyncIterator[Rack]:
    made = Rack(server)
    yield made
    await made.close()


def config(bundle: Bundle, disk: str = f"/dev/{TALOS_DISK}") -> str:
    return config_for(bundle).decode().replace("disk: /dev/sda", f"disk: {disk}")


def boots_talos(server: BootServer, extra: str = f"talos.config={{}}{CONFIG}") -> None:
    line = f"{LINE} {extra.format(server.url)}"
    server.set("/boot/boot.ipxe", server.linux(line))


async def installed(rack: Rack, bundle: Bundle, **how: Any) -> SimulatedMachine:
    boots_talos(rack.server)
    rack.server.set(CONFIG, config(bundle))
    machine = rack.machine(**how)
    machine.power_on()
    await machine.node.until_boot(1)
    return machine


async def test_a_machine_that_is_refused_and_has_nothing_stops(server: BootServer, rack: Rack):
    server.script("echo no", DISK)
    machine = rack.machine()
    machine.power_on()
    await machine.until(Where.NO_BOOTABLE_DEVICE)
    assert machine.node.wiped == []
    assert machine.node.stage is Stage.OFF
    assert server.count("/boot/boot.ipxe") == 1


async def test_a_firmware_may_go_through_its_boot_order_again(server: BootServer, rack: Rack):
    server.script(DISK)
    machine = rack.machine(tries_again_after_s=1)
    machine.power_on()
    await server.until(lambda: server.count("/boot/boot.ipxe") == 3)
    assert machine.boots == 3


async def test_without_a_boot_server_it_goes_on_to_its_disk(rack: Rack):
    rack.server.url = "http://127.0.0.1:1"
    machine = rack.machine()
    machine.power_on()
    await machine.until(Where.NO_BOOTABLE_DEVICE)
    assert machine.node.wiped == []


async def test_a_bare_exit_strands_a_uefi_machine_in_its_menu(server: BootServer, rack: Rack):
    server.script("exit")
    uefi, bios = rack.machine(), rack.machine(platform="pcbios")
    uefi.power_on()
    bios.power_on()
    await uefi.until(Where.FIRMWARE_MENU)
    await bios.until(Where.NO_BOOTABLE_DEVICE)


async def test_a_menu_may_restart_a_machine_or_switch_it_off(server: BootServer, rack: Rack):
    server.set("/boot/boot.ipxe", "#!ipxe\nreboot\n", "#!ipxe\nreboot\n", "#!ipxe\npoweroff\n")
    machine = rack.machine()
    machine.power_on()
    await machine.until(Where.SELF_TEST)
    await machine.until(Where.OFF)
    assert machine.boots == 3


async def test_a_script_nobody_understands_stops_the_machine_and_is_told(
    server: BootServer, rack: Rack
):
    server.script("wipe everything")
    machine = rack.machine()
    machine.power_on()
    with pytest.raises(ScriptFault, match="wipe everything"):
        await machine.until(Where.TALOS)
    assert machine.where is Where.STUCK


async def test_a_held_machine_asks_until_it_may(server: BootServer, rack: Rack):
    hold = (
        "#!ipxe\nprompt --key 0x1b --timeout 5000 Press ESC && goto disk ||\n"
        f"chain --replace --autofree {server.url}/boot/boot.ipxe ||\n:disk\n{DISK}\n"
    )
    server.set("/boot/boot.ipxe", hold, hold, hold, server.linux(LINE))
    machine = rack.machine()
    machine.power_on()
    await machine.until(Where.HELD)
    await machine.node.until(Stage.MAINTENANCE)
    assert machine.boots == 1
    assert server.count("/boot/boot.ipxe") == 4


async def test_every_request_comes_from_the_machine_s_own_address(server: BootServer):
    boots_talos(server, "")
    machine = SimulatedMachine("127.7.7.7", server.url, port=0)
    machine.power_on()
    await machine.node.until(Stage.MAINTENANCE)
    assert {address for address, _ in server.asked} == {"127.7.7.7"}
    assert machine.node.host == "127.7.7.7"
    await machine.power_off()


async def test_a_kernel_that_does_not_come_leads_to_the_disk(server: BootServer, rack: Rack):
    boots_talos(server)
    server.set("/initrd", 404)
    machine = rack.machine()
    machine.power_on()
    await machine.until(Where.NO_BOOTABLE_DEVICE)
    assert machine.loaded == [f"{server.url}/kernel"]


async def test_another_system_s_installer_is_not_taken_for_talos(server: BootServer, rack: Rack):
    server.set("/boot/boot.ipxe", server.linux("auto=true"))
    machine = rack.machine()
    machine.power_on()
    await machine.until(Where.OTHER_SYSTEM)


async def test_it_runs_the_build_its_kernel_came_from(server: BootServer, rack: Rack):
    path = f"/boot/images/{'ab' * 32}/v1.13.9/kernel-amd64"
    server.set(path, "k")
    server.script(f"kernel {server.url}{path} {LINE}", "boot")
    machine = rack.machine()
    machine.power_on()
    await machine.node.until(Stage.MAINTENANCE)
    assert (machine.node.version, machine.node.schematic) == ("v1.13.9", "ab" * 32)


@pytest.mark.parametrize("extra", ["", "talos.config=none", "talos.config={}" + CONFIG])
async def test_without_a_complete_config_it_waits_in_memory(
    server: BootServer, rack: Rack, extra: str
):
    boots_talos(server, extra)
    server.set(CONFIG, PARTIAL)
    machine = rack.machine()
    machine.power_on()
    await machine.node.until(Stage.MAINTENANCE)
    assert machine.node.wiped == []
    assert not machine.node.system_disk


async def test_a_complete_config_installs_on_the_disk_it_names_and_on_no_other(
    rack: Rack, bundle: Bundle
):
    before = {one.name: one for one in racks.machine(3).disks}
    machine = await installed(rack, bundle)
    after = {one.name: one for one in machine.hardware.disks}
    assert machine.node.wiped == [TALOS_DISK]
    assert machine.node.system_disk == TALOS_DISK
    assert after[TALOS_DISK].has_talos
    assert {name: after[name] for name in ("sda", "sdb")} == {
        name: before[name] for name in ("sda", "sdb")
    }
    assert machine.boots == 1, "kexec does not go through the firmware"


async def test_a_packed_config_is_unpacked(rack: Rack, bundle: Bundle):
    boots_talos(rack.server)
    rack.server.set(CONFIG, gzip.compress(config(bundle).encode()))
    machine = rack.machine()
    machine.power_on()
    await machine.node.until_boot(1)
    assert machine.node.system_disk == TALOS_DISK


async def test_a_config_that_fails_is_fetched_again(rack: Rack, bundle: Bundle):
    boots_talos(rack.server)
    rack.server.set(CONFIG, 503, 404, 403, "", "][", "machine: {type: king}", config(bundle))
    machine = rack.machine()
    machine.power_on()
    await machine.node.until_boot(1)
    assert rack.server.count(CONFIG) == 7
    assert len(machine.node.config_errors) == 6
    assert machine.node.wiped == [TALOS_DISK]


async def test_a_disk_that_is_not_there_installs_nothing_and_starts_over(
    rack: Rack, bundle: Bundle
):
    boots_talos(rack.server)
    rack.server.set(CONFIG, config(bundle, "/dev/nvme7n1"))
    machine = rack.machine()
    machine.power_on()
    await rack.server.until(lambda: rack.server.count("/boot/boot.ipxe") == 3)
    assert machine.node.wiped == []
    assert machine.node.config is None


@pytest.mark.parametrize("selector", ["wwid: {0.wwid}", "serial: {0.serial}"])
async def test_a_pinned_disk_is_found_by_its_mark(rack: Rack, bundle: Bundle, selector: str):
    (disk,) = [one for one in racks.machine(3).disks if one.name == TALOS_DISK]
    boots_talos(rack.server)
    text = config_for(bundle).decode()
    rack.server.set(
        CONFIG, text.replace("disk: /dev/sda", f"diskSelector: {{{selector.format(disk)}}}")
    )
    machine = rack.machine()
    machine.power_on()
    await machine.node.until_boot(1)
    assert machine.node.wiped == [TALOS_DISK]


@pytest.mark.parametrize("version", ["v1.14.0-rc.1"])
async def test_talos_1_14_finds_its_disk_by_an_expression(rack: Rack, bundle: Bundle, version: str):
    boots_talos(rack.server)
    text = config_for(bundle, version=version).decode()
    assert 'disk.dev_path == "/dev/sda"' in text
    text = text.replace('disk.dev_path == "/dev/sda"', f'disk.wwid == "{_wwid()}"')
    rack.server.set(CONFIG, text)
    machine = rack.machine()
    machine.power_on()
    await machine.node.until_boot(1)
    assert machine.node.wiped == [TALOS_DISK]


def _wwid() -> str:
    return next(one.wwid for one in racks.machine(3).disks if one.name == TALOS_DISK)


async def test_a_power_cut_while_installing_leaves_no_system_and_begins_anew(
    rack: Rack, bundle: Bundle
):
    boots_talos(rack.server)
    rack.server.set(CONFIG, config(bundle))
    machine = rack.machine(timings=LIVE_FOREVER)
    machine.power_on()
    await machine.node.until(Stage.INSTALLING)
    machine.node.timings = Timings()
    await machine.crash()
    await machine.node.until_boot(1)
    assert rack.server.count(CONFIG) == 2
    assert machine.boots == 2
    assert machine.node.wiped == [TALOS_DISK, TALOS_DISK], "once for each installation"


async def test_switched_on_again_it_asks_first_and_then_boots_its_own_disk(
    rack: Rack, bundle: Bundle
):
    machine = await installed(rack, bundle)
    rack.server.script(DISK)
    await machine.crash()
    await machine.node.until_boot(2)
    assert machine.where is Where.TALOS
    assert rack.server.count("/boot/boot.ipxe") == 2
    assert machine.node.wiped == [TALOS_DISK]
    assert machine.node.config is not None


async def test_disk_first_machines_do_not_ask_once_they_are_installed(rack: Rack, bundle: Bundle):
    machine = await installed(rack, bundle, network_first=False)
    await machine.crash()
    await machine.node.until_boot(2)
    assert rack.server.count("/boot/boot.ipxe") == 1


async def test_without_kexec_the_firmware_asks_after_installing(rack: Rack, bundle: Bundle):
    boots_talos(rack.server)
    rack.server.set(CONFIG, config(bundle))
    first = rack.server.answers["/boot/boot.ipxe"][0][1]
    rack.server.set("/boot/boot.ipxe", first, f"#!ipxe\n{DISK}\n")
    machine = rack.machine(kexecs=False)
    machine.power_on()
    await machine.node.until_boot(1)
    assert machine.boots == 2
    assert machine.node.wiped == [TALOS_DISK]


async def test_an_installed_machine_that_boots_talos_again_comes_up_as_itself(
    rack: Rack, bundle: Bundle
):
    machine = await installed(rack, bundle)
    await machine.crash()
    await machine.node.until_boot(2)
    assert rack.server.count(CONFIG) == 1, "the config on its disk wins"
    assert machine.node.wiped == [TALOS_DISK]


async def test_it_halts_when_it_must_not_run_beside_an_installed_system(rack: Rack, bundle: Bundle):
    machine = await installed(rack, bundle)
    boots_talos(rack.server, "talos.halt_if_installed=1")
    await machine.crash()
    await machine.until(Where.HALTED)


async def test_a_talos_of_somebody_else_is_not_ours(server: BootServer, rack: Rack):
    hardware = replace(racks.machine(1), disks=(disks.talos("sda", 1),))
    boots_talos(server)
    netbooted = rack.machine(hardware)
    netbooted.power_on()
    await netbooted.until(Where.OTHER_SYSTEM)
    boots_talos(server, "talos.halt_if_installed=1")
    looked_at = rack.machine(hardware)
    looked_at.power_on()
    await looked_at.until(Where.HALTED)
    server.script(DISK)
    from_disk = rack.machine(hardware)
    from_disk.power_on()
    await from_disk.until(Where.OTHER_SYSTEM)
    assert [one.node.wiped for one in rack.machines] == [[], [], []]


async def test_a_command_line_without_protection_reboots_and_never_gets_a_config(
    server: BootServer, rack: Rack
):
    line = f"talos.platform=metal talos.config={server.url}{CONFIG}"
    server.set("/boot/boot.ipxe", server.linux(line))
    machine = rack.machine()
    machine.power_on()
    await server.until(lambda: server.count("/boot/boot.ipxe") == 2)
    assert server.count(CONFIG) == 0


async def test_a_config_given_through_its_api_installs_too(
    server: BootServer, rack: Rack, bundle: Bundle
):
    boots_talos(server, "")
    machine = rack.machine()
    machine.power_on()
    await machine.node.until(Stage.MAINTENANCE)
    client = NodeClient(Address(HOST, machine.node.port), Maintenance(None))
    await client.apply_configuration(config(bundle).encode())
    await machine.node.until_boot(2)
    client.close()
    assert machine.node.wiped == [TALOS_DISK]
    assert machine.boots == 1


async def test_what_was_only_in_memory_is_gone_after_a_power_cut(server: BootServer, rack: Rack):
    boots_talos(server)
    server.set(CONFIG, PARTIAL)
    machine = rack.machine()
    machine.power_on()
    await machine.node.until(Stage.MAINTENANCE)
    server.script(DISK)
    await machine.crash()
    await machine.until(Where.NO_BOOTABLE_DEVICE)
    assert machine.node.config is None


def test_a_rack_has_no_two_machines_alike_and_a_free_disk_in_each():
    made = [racks.machine(number) for number in range(1, 1200)]
    for unique in (
        [one.uuid for one in made],
        [one.serial for one in made],
        [mac for one in made for mac in one.macs],
        [disk.serial for one in made for disk in one.disks],
        [disk.wwid for one in made for disk in one.disks],
    ):
        assert len(set(unique)) == len(unique)
    for one in made:
        disk = racks.disk_to_install_on(one)
        assert not disk.volumes
        assert not disk.whole
