"""Which machine it is, and that it is a rescue system: asked over SSH, and read paranoidly."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktizo.core.mac import parse_mac
from ktizo.providers.errors import Failed
from ktizo.providers.rescue import look
from ktizo.providers.rescue.look import NotRescue
from ktizo.providers.rescue.shell import OutOfBounds, Shell

from .machine import MAC, MOUNTS, OTHER_MAC, UUID, Machine
from .web import Web

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]

ANSWER = f"""\
arch=x86_64
firmware=uefi
uuid={UUID}
card=eth0 {MAC}
route=default via 192.0.2.1 dev eth0
mount=overlay / overlay rw 0 0
"""


async def test_a_machine_says_which_one_it_is(machine: Machine, shell: Shell) -> None:
    found = await look.identify(shell, root=machine.root)
    assert found == look.Found(
        mac=MAC,
        macs=(MAC, OTHER_MAC),
        uuid=UUID,
        serial="ABC123",
        vendor="Example Inc.",
        product="X1",  # and not its second line
        asset=None,
        arch="x86_64",
        firmware="bios",
        memory_mib=64298,
    )


async def test_the_boot_card_is_that_of_the_default_route(machine: Machine, shell: Shell) -> None:
    machine.tool("ip", '[ "$1" = -4 ] || echo "default via fe80::1 dev eth1 metric 1024"')
    machine.tool("uname", "echo aarch64")
    machine.write("root/sys/firmware/efi/fw_platform_size", "64\n")
    found = await look.identify(shell, root=machine.root)
    assert found.macs == (OTHER_MAC, MAC)
    assert found.mac == OTHER_MAC
    assert (found.arch, found.firmware) == ("arm64", "uefi")


@pytest.mark.parametrize("route", ["", "default dev lo", "default dev br0", "unreachable default"])
async def test_a_machine_that_cannot_be_told_from_others_is_an_error(
    machine: Machine, shell: Shell, route: str
) -> None:
    machine.tool("ip", f"echo '{route}'")
    with pytest.raises(Failed, match="default route"):
        await look.identify(shell, root=machine.root)


async def test_a_processor_without_talos_is_an_error(machine: Machine, shell: Shell) -> None:
    machine.tool("uname", "echo riscv64")
    with pytest.raises(Failed, match="processor"):
        await look.identify(shell, root=machine.root)


async def test_a_machine_that_does_not_say_what_is_mounted_is_not_touched(
    machine: Machine, shell: Shell
) -> None:
    (machine.folder / "root/proc/self/mounts").unlink()
    with pytest.raises(Failed):
        await look.identify(shell, root=machine.root)


async def test_a_look_at_a_machine_that_hangs_ends(
    machine: Machine, web: Web, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.paths["/hang"] = (asyncio.Event(), b"")
    machine.tool("uname", f"exec curl -s {web.url}/hang")
    monkeypatch.setattr(look, "LOOK_S", 0.3)
    with pytest.raises(OutOfBounds):
        await look.identify(shell, root=machine.root)


async def test_a_look_at_a_machine_that_never_stops_talking_ends(
    machine: Machine, shell: Shell
) -> None:
    machine.tool("sed", "while :; do echo yes; done")
    with pytest.raises(OutOfBounds):
        await look.identify(shell, root=machine.root)


# --- the proof

DISKS = (
    "/dev/sda1 /mnt ext4 rw 0 0",
    "/dev/nvme0n1p2 /boot vfat rw 0 0",
    "/dev/mapper/vg-root /mnt xfs rw 0 0",
    "/dev/md0 /mnt ext4 rw 0 0",
    "/dev/root /mnt ext4 rw 0 0",
    "tank/data /mnt zfs rw 0 0",
    "/dev/sdb1 /media fuseblk rw 0 0",
)


@pytest.mark.parametrize("disk", DISKS)
def test_a_machine_that_uses_its_disk_is_no_rescue_system(disk: str) -> None:
    for mounts in (f"{MOUNTS}{disk}", f"{disk}\n{MOUNTS}", disk.replace(" /mnt ", " / ")):
        with pytest.raises(NotRescue, match="nothing was done"):
            look.insist_rescue(mounts.splitlines())


@pytest.mark.parametrize(
    "mounts",
    [
        "",
        "proc /proc proc rw 0 0",
        "overlay /var overlay rw 0 0",
        "overlay / overlay rw 0 0\nsomething / ext4 rw 0 0",  # the last one is on top
        "/dev/sda1 / squashfs ro 0 0",
        "/dev/loop0 / ext4 rw 0 0",
        "/dev/ram0 / ext2 rw 0 0\nsomething / ext4 rw 0 0",
        "x / virtiofs rw 0 0",
        "x / ext4",
        "/",
    ],
)
def test_a_root_that_may_be_a_disk_is_no_rescue_system(mounts: str) -> None:
    with pytest.raises(NotRescue):
        look.insist_rescue(mounts.splitlines())


@pytest.mark.parametrize(
    "mounts",
    [
        MOUNTS,
        "rootfs / rootfs rw 0 0",
        "192.0.2.1:/nfs / nfs4 ro 0 0",
        "/dev/root / nfs ro 0 0",
        "none / aufs rw 0 0",
        "/dev/ram0 / ext2 rw 0 0",
        "overlay / overlay rw 0 0\n/dev/sr0 /cdrom iso9660 ro 0 0\n/dev/zram0 /tmp ext4 rw 0 0",
    ],
)
def test_a_system_from_the_network_or_in_memory_is_one(mounts: str) -> None:
    look.insist_rescue(mounts.splitlines())


# --- hostile words


def test_the_first_word_counts_and_a_second_cannot_change_it() -> None:
    found = look.read(f"{ANSWER}uuid=00000000-0000-0000-0000-000000000001\narch=arm64\n")
    assert (found.uuid, found.arch) == (UUID, "x86_64")
    assert found.serial is None


def test_no_more_cards_count_than_a_machine_may_name_when_it_boots() -> None:
    many = "".join(f"card=e{n} 02:00:00:00:00:{n:02x}\n" for n in range(40))
    found = look.read(many + ANSWER)
    assert len(found.macs) == look.MAX_MACS
    assert found.macs[0] == MAC


NAMES = (
    "arch",
    "firmware",
    "uuid",
    "serial",
    "vendor",
    "asset",
    "card",
    "route",
    "memory",
    "mount",
)


def lines() -> st.SearchStrategy[str]:
    names = st.sampled_from(NAMES)
    values = st.text(max_size=300) | st.sampled_from(
        [f"eth0 {MAC}", "eth0 ff:ff:ff:ff:ff:ff", "default dev eth0", "x86_64", "9" * 400 + " kB"]
    )
    return st.builds("{}={}".format, names, values) | st.text(max_size=60)


@given(said=st.lists(lines(), max_size=30), last=st.sampled_from(["", ANSWER]))
def test_any_answer_is_a_machine_within_bounds_or_one_of_our_errors(
    said: list[str], last: str
) -> None:
    try:
        found = look.read("\n".join([*said, last]))
    except Failed as error:
        assert str(error).isprintable()
        assert len(str(error)) < 500
        return
    assert found.mac == found.macs[0] == parse_mac(found.mac)
    assert len(found.macs) <= look.MAX_MACS
    assert found.arch in {"x86_64", "arm64"}
    assert found.firmware in {"bios", "uefi"}
    assert found.uuid is None or len(found.uuid) == 36
    assert found.memory_mib is None or 0 <= found.memory_mib < 10**9
    texts: list[Any] = [found.serial, found.vendor, found.product, found.asset]
    assert all(t is None or (t.isprintable() and 0 < len(t) <= look.MAX_TEXT) for t in texts)
