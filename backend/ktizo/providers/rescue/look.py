"""Which machine answers, and the proof that it runs a rescue system and not its own disk.

Everything here is a claim of a machine that may be anybody's: limits are those of a machine that
boots (boot/asking.py), and what cannot be read is absent.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from ktizo.core.mac import parse_mac
from ktizo.core.templates import render_file
from ktizo.providers import fields
from ktizo.providers.errors import Failed
from ktizo.providers.rescue.shell import Shell

MAX_TEXT = 128
MAX_MACS = 16
LOOK_S = 60.0
ARCHES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
# Root filesystems of systems that were booted over the network or live in memory.
ELSEWHERE = frozenset({"overlay", "aufs", "tmpfs", "ramfs", "rootfs", "squashfs", "nfs", "nfs4"})
OVER_THE_NETWORK = frozenset({"nfs", "nfs4", "cifs", "9p", "ceph"})
ON_DISKS_WITHOUT_A_DEVICE = frozenset({"zfs", "btrfs", "bcachefs"})
# Made from files or memory, or a medium of the remote console. A loop's file may lie on a disk,
# but then that disk is mounted, too.
NO_DISK = re.compile(r"/dev/(?:loop|ram|zram|sr|nbd)[0-9]+|/dev/fuse", re.ASCII)
RAM_DISK = re.compile(r"/dev/z?ram[0-9]+", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_DEVICE = re.compile(r"(?:^|\s)dev (\S{1,32})")
_KIB = re.compile(r"([0-9]{1,12}) kB", re.ASCII)


class NotRescue(Failed):
    """It booted its own disk, or uses it: nothing is done to it."""


@dataclass(frozen=True, slots=True)
class Script:
    """What templates/rescue/look.sh.j2 needs. `root`: where /sys and /proc are, quoted."""

    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a machine says of itself; placeholders of cheap boards are still in it.

    The fields are those of devices.identity.Claim, before its parse_uuid and parse_serial.
    """

    mac: str  # of the card of the default route
    macs: tuple[str, ...]  # all, that one first
    uuid: str | None
    serial: str | None
    vendor: str | None
    product: str | None
    asset: str | None
    arch: str  # x86_64 or arm64
    firmware: str  # bios or uefi
    memory_mib: int | None


async def identify(shell: Shell, *, root: str = "") -> Found:
    """Return which machine this is; raises NotRescue, and Failed when it does not say.

    `root` is for tests.
    """
    said = _sorted(await _ask(shell, root))
    insist_rescue(said.get("mount", []))
    return _read(said)


async def prove(shell: Shell, *, root: str = "") -> None:
    """Raise NotRescue unless the machine runs a rescue system now."""
    insist_rescue(_sorted(await _ask(shell, root)).get("mount", []))


def read(text: str) -> Found:
    """Return what the script's answer says; raises NotRescue or Failed, and nothing else."""
    said = _sorted(text)
    insist_rescue(said.get("mount", []))
    return _read(said)


async def _ask(shell: Shell, root: str) -> str:
    said = await shell.run(render_file("rescue/look.sh.j2", Script(quote(root))), timeout_s=LOOK_S)
    if said.status != 0:
        raise Failed("the rescue system does not say which machine it is; start it again")
    return said.text


def _sorted(text: str) -> dict[str, list[str]]:
    """`name=value` lines, by name."""
    found: dict[str, list[str]] = {}
    for line in text.split("\n"):
        name, equals, value = line.partition("=")
        if equals:
            found.setdefault(name, []).append(value)
    return found


def insist_rescue(mounts: Sequence[str]) -> None:
    """Raise NotRescue for the lines of /proc/mounts of a system that uses a local disk.

    The root must be memory or network, and no local disk may be mounted anywhere: an overlay or a
    loop over the machine's own disk shows it here, and so does a person who is saving data.
    """
    root, in_memory = "", False
    for line in mounts:
        source, target, kind = [*line.split(" "), "", "", ""][:3]
        if _is_disk(source, kind):
            raise _not_rescue(f"{_text(source) or kind} is mounted on {_text(target)}")
        if target == "/":
            root, in_memory = kind, bool(RAM_DISK.fullmatch(source))  # the last one is on top
    if root not in ELSEWHERE and not in_memory:
        raise _not_rescue(f"its root filesystem is {_text(root) or 'unknown'}")


def _is_disk(source: str, kind: str) -> bool:
    if kind in ON_DISKS_WITHOUT_A_DEVICE:
        return True
    if kind in OVER_THE_NETWORK:
        return False
    return source.startswith("/dev/") and not NO_DISK.fullmatch(source)


def _not_rescue(why: str) -> NotRescue:
    return NotRescue(
        f"this is no rescue system that leaves the disks alone: {why}; nothing was done to the"
        " machine. Start the rescue system again"
    )


def _read(said: dict[str, list[str]]) -> Found:
    def first(name: str) -> str:
        return said.get(name, [""])[0]

    boot, macs = _cards(first("route"), said.get("card", []))
    arch = ARCHES.get(first("arch"))
    if arch is None:
        raise Failed("the rescue system runs on a processor that Ktizo has no Talos for")
    uuid = first("uuid").strip().lower()
    memory = _KIB.fullmatch(first("memory").strip())
    return Found(
        mac=boot,
        macs=macs,
        uuid=uuid if _UUID.fullmatch(uuid) else None,
        serial=_text(first("serial")),
        vendor=_text(first("vendor")),
        product=_text(first("product")),
        asset=_text(first("asset")),
        arch=arch,
        firmware="uefi" if first("firmware") == "uefi" else "bios",
        memory_mib=int(memory[1]) // 1024 if memory else None,
    )


def _cards(route: str, listed: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the MAC of the default route's card, and all; `listed`: "eth0 52:54:00:aa:bb:cc"."""
    macs: dict[str, str] = {}
    for line in listed:
        name, _, address = line.partition(" ")
        try:
            macs.setdefault(name, parse_mac(address))
        except ValueError:
            continue  # a card that never boots: InfiniBand, or one without an address
    device = _DEVICE.search(route)
    boot = macs.get(device[1]) if device else None
    if boot is None:
        raise Failed(
            "the rescue system's default route goes over no network card that Ktizo can see, so"
            " the machine cannot be told from others; look at its network"
        )
    return boot, tuple(dict.fromkeys((boot, *macs.values())))[:MAX_MACS]


def _text(value: str) -> str | None:
    return " ".join(fields.text(value[: MAX_TEXT * 4]).split())[:MAX_TEXT] or None
