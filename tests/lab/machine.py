"""Machines: QEMU with real firmware, its card plugged into a `Lan`, its serial console read."""

import itertools
import os
import re
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Self

from .cable import Cable
from .child import Child
from .net import Lan
from .supplies import AAVMF, CACHE, OVMF

LOCAL_DISK_BOOTED = r"LOCAL-DISK booted"
NO_IPV6_PXE = "name=opt/org.tianocore/IPv6PXESupport,string=no"
NO_IPV4_PXE = "name=opt/org.tianocore/IPv4PXESupport,string=no"  # leaves UEFI HTTP Boot alone

# Two cores carry four machines at a time; the next ones wait before they are switched on.
SLOTS = threading.BoundedSemaphore(4)

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Firmware:
    """One way of powering on."""

    arch: str  # amd64 | arm64
    uefi: bool
    http_boot: bool = False  # UEFI HTTP Boot instead of PXE
    rom: Path | None = None  # iPXE option ROM instead of QEMU's own
    hides_ipxe: bool = False  # its ROM must not be recognised as iPXE (Cable)
    usual_s: int = 60  # a generous time for one boot on a busy machine

    @property
    def console(self) -> str:
        """The kernel's name of the serial port."""
        return "ttyAMA0" if self.arch == "arm64" else "ttyS0"


FIRMWARES = MappingProxyType(
    {
        "bios": Firmware("amd64", uefi=False),  # QEMU 7.2's ROM: iPXE of 2019
        "bios-2025": Firmware("amd64", uefi=False, rom=CACHE / "pxe-virtio.rom"),
        "bios-undionly": Firmware("amd64", uefi=False, hides_ipxe=True, usual_s=90),
        "uefi": Firmware("amd64", uefi=True, usual_s=120),
        "uefi-http": Firmware("amd64", uefi=True, http_boot=True, usual_s=120),
        "arm64": Firmware("arm64", uefi=True, usual_s=150),
        "arm64-http": Firmware("arm64", uefi=True, http_boot=True, usual_s=150),
    }
)


@dataclass(frozen=True)
class Smbios:
    """What the vendor wrote into the machine (SMBIOS types 1 and 3)."""

    uuid: str
    serial: str = ""
    vendor: str = "ACME"
    product: str = "Edge Box"
    asset: str = ""


class VirtualMachine:
    """A machine to switch on again and again; its disk and its firmware variables stay."""

    def __init__(
        self,
        lan: Lan,
        folder: Path,
        firmware: str = "bios",
        *,
        smbios: Smbios | None = None,
        disk: bool = True,
        memory_mb: int = 512,
    ) -> None:
        """Describe the machine; `power_on` starts it."""
        number = next(_numbers)
        self.firmware = FIRMWARES[firmware]
        self.name = f"{firmware}-{number}"
        self.mac = f"52:54:00:77:{number >> 8:02x}:{number & 255:02x}"
        self.smbios = smbios or Smbios(
            uuid=f"5f3c1d2e-0000-4000-8000-{os.getpid() & 0xFFFF:04x}{number:08x}",
            serial=f"SN{os.getpid():05d}{number:04d}",
        )
        self.consoles: list[Child] = []
        self._slot = False
        self._lan = lan
        self._folder = folder / self.name
        self._folder.mkdir(parents=True)
        self._memory_mb = memory_mb
        self._disk = (
            self._own("disk-uefi.img" if self.firmware.uefi else "disk-bios.img", CACHE)
            if disk
            else None
        )
        self._cable = Cable(lan, self._folder) if self.firmware.hides_ipxe else None
        self._tap = None if self._cable else lan.new_tap()
        self._variables = self._own(*self._variables_source()) if self.firmware.uefi else None

    def _own(self, name: str, source: Path) -> Path:
        return Path(shutil.copy(source / name, self._folder / name))

    def _variables_source(self) -> tuple[str, Path]:
        if self.firmware.arch == "arm64":
            return "AAVMF_VARS.fd", AAVMF
        return "OVMF_VARS_4M.fd", OVMF

    def __enter__(self) -> Self:
        """Switch the machine on."""
        self.power_on()
        return self

    def __exit__(self, *_: object) -> None:
        """Switch it off."""
        self.power_off()

    def remove(self) -> None:
        """Switch it off and unplug it for good."""
        self.power_off()
        if self._cable:
            self._cable.close()

    @property
    def console(self) -> Child:
        """The serial console of the latest power-on."""
        return self.consoles[-1]

    @property
    def on(self) -> bool:
        """Whether the machine is on; `-no-reboot` makes a reset switch it off."""
        return bool(self.consoles) and self.console.alive

    def power_on(self) -> Child:
        """Start QEMU in the LAN's namespace, once there is a slot, and return the console."""
        if not self._slot:
            SLOTS.acquire()
            self._slot = True
        if self._cable:
            self._cable.replug()
        argv = self._lan.command("lan", *self._argv())
        self.consoles.append(Child(f"{self.name} {self.mac}", argv))
        return self.console

    def power_off(self) -> None:
        """Pull the plug and give the slot to another machine."""
        if self.consoles:
            self.console.kill()
        if self._slot:
            self._slot = False
            SLOTS.release()

    def power_cycle(self) -> Child:
        """Pull the plug and switch on again, keeping the slot."""
        self.console.kill()
        return self.power_on()

    def wait(self, pattern: str, *, timeout_s: float | None = None) -> re.Match[str]:
        """Wait for `pattern` on the console of this power-on (usually `usual_s`)."""
        return self.console.wait(pattern, timeout_s=timeout_s or self.firmware.usual_s)

    def _argv(self) -> list[str]:
        return [
            *(self._board_arm64() if self.firmware.arch == "arm64" else self._board_amd64()),
            # /dev/kvm may open on a nested host and then hang in iPXE: never use it.
            *("-accel", "tcg", "-m", str(self._memory_mb), "-no-reboot"),
            *("-nodefaults", "-display", "none", "-monitor", "none", "-serial", "stdio"),
            *self._card(),
            *self._identity(),
            *self._storage(),
        ]

    def _board_amd64(self) -> list[str]:
        if not self.firmware.uefi:
            # graphics=off: SeaBIOS and iPXE write to the serial port
            return ["qemu-system-x86_64", "-machine", "pc,graphics=off"]
        return ["qemu-system-x86_64", "-machine", "q35", *self._flash(OVMF / "OVMF_CODE_4M.fd")]

    def _board_arm64(self) -> list[str]:
        flash = self._flash(AAVMF / "AAVMF_CODE.fd")
        return ["qemu-system-aarch64", "-machine", "virt", "-cpu", "cortex-a57", *flash]

    def _flash(self, code: Path) -> list[str]:
        hidden = [NO_IPV6_PXE, *([NO_IPV4_PXE] if self.firmware.http_boot else [])]
        return [
            *("-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}"),
            *("-drive", f"if=pflash,unit=1,format=raw,file={self._variables}"),
            *(argument for item in hidden for argument in ("-fw_cfg", item)),
            *("-device", "virtio-rng-pci"),
        ]

    def _card(self) -> list[str]:
        model, rom = "virtio-net-pci", ""
        if self.firmware.uefi:
            rom = ",romfile="  # none: the firmware's own PXE
        elif self.firmware.rom:
            # The ROM of Debian 13 is for the modern device id only.
            model, rom = "virtio-net-pci-non-transitional", f",romfile={self.firmware.rom}"
        plug = (
            self._cable.netdev if self._cable else f"tap,ifname={self._tap},script=no,downscript=no"
        )
        kind, _, rest = plug.partition(",")
        return [
            *("-netdev", f"{kind},id=n0,{rest}"),
            *("-device", f"{model},netdev=n0,mac={self.mac},bootindex=0{rom}"),
        ]

    def _identity(self) -> list[str]:
        said = self.smbios
        system = {"manufacturer": said.vendor, "product": said.product, "serial": said.serial}
        pairs = "".join(f",{key}={value.replace(',', ',,')}" for key, value in system.items())
        return [
            *("-uuid", said.uuid, "-smbios", f"type=1{pairs}"),
            *("-smbios", f"type=3,asset={said.asset.replace(',', ',,')}"),
        ]

    def _storage(self) -> list[str]:
        if self._disk is None:
            return []
        return [
            *("-drive", f"if=none,id=d0,format=raw,file={self._disk}"),
            *("-device", "virtio-blk-pci,drive=d0,bootindex=1"),
        ]
