"""What an operator does with a Ktizo: enter machines, approve them, give them profiles, look."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .appliance import Appliance
from .child import wait_until
from .machine import VirtualMachine
from .supplies import CACHE, DEBIAN_INSTALLER

Device = dict[str, Any]

# Test-only kernel words: under TCG on a busy machine the timer check can panic.
QUIET = "no_timer_check panic=5"
STANDIN_CONFIG = """version: v1alpha1
# for {{ hostname }} {{ mac }}
# ktizo-done: {{ done_url }}
"""


@dataclass(frozen=True)
class Profile:
    """A boot profile and where its files come from."""

    name: str
    type: str
    kernel: Path
    initrd: Path
    cmdline: str
    config: str


def standin(arch: str) -> Profile:
    """Return the stand-in for Talos' maintenance mode; `arch` is amd64 or arm64."""
    console = "ttyAMA0" if arch == "arm64" else "ttyS0"
    return Profile(
        name=f"standin-{arch}",
        type="talos_worker",
        kernel=CACHE / f"vmlinuz-{arch}",
        initrd=CACHE / f"initrd-{arch}.img",
        cmdline=f"console={console} {QUIET} talos.platform=metal talos.config={{{{ config_url }}}}",
        config=STANDIN_CONFIG,
    )


def debian_installer(ktizo: Appliance, preseed: str) -> Profile:
    """Return Debian's own installer on a serial console, with `preseed` as its answers."""
    builtin = ktizo.api("GET", "boot/profiles/debian")
    return Profile(
        name="debian-12",
        type="debian_preseed",
        kernel=DEBIAN_INSTALLER / "linux",
        initrd=DEBIAN_INSTALLER / "initrd.gz",
        cmdline=f"{builtin['cmdline']} console=ttyS0 DEBIAN_FRONTEND=text {QUIET}",
        config=preseed,
    )


def create_profile(ktizo: Appliance, profile: Profile) -> str:
    """Make `profile` with its files; return its name."""
    files = {profile.kernel.name: profile.kernel, profile.initrd.name: profile.initrd}
    body = {
        "name": profile.name,
        "type": profile.type,
        "kernel": profile.kernel.name,
        "initrds": [profile.initrd.name],
        "cmdline": profile.cmdline,
        "config_template": profile.config,
    }
    ktizo.api("POST", "boot/profiles", body)
    for name, path in files.items():
        content = path.read_bytes()
        ktizo.upload(profile.name, name, content, hashlib.sha256(content).hexdigest())
    return profile.name


def register(ktizo: Appliance, machine: VirtualMachine, **fields: object) -> Device:
    """Enter `machine` before it is switched on."""
    made: Device = ktizo.api("POST", "devices", {"mac": machine.mac, **fields})
    return made


def approve(ktizo: Appliance, device: Device, profile: str, **fields: object) -> Device:
    """Let `device` boot `profile`, once."""
    changed: Device = ktizo.api(
        "POST", f"devices/{device['id']}/approve", {"profile": profile, **fields}
    )
    return changed


def find(ktizo: Appliance, machine: VirtualMachine) -> Device | None:
    """Return the device Ktizo has for `machine`, if it has seen it."""
    found: list[Device] = ktizo.api("GET", "devices", q=machine.mac)["items"]
    return next((one for one in found if machine.mac in one["macs"]), None)


def wait_for_device(
    ktizo: Appliance, machine: VirtualMachine, *, timeout_s: float = 10, **wanted: object
) -> Device:
    """Wait until Ktizo knows `machine`, with fields as `wanted`."""

    def as_wanted() -> Device | None:
        device = find(ktizo, machine)
        if device and all(device[name] == value for name, value in wanted.items()):
            return device
        return None

    what = f"a device for {machine.name} {machine.mac} with {wanted}"
    return wait_until(what, as_wanted, timeout_s=timeout_s) or {}


@dataclass(frozen=True)
class Boot:
    """One boot of a machine as Ktizo's timeline tells it."""

    kinds: list[str]
    steps: list[dict[str, Any]]
    done: bool

    @property
    def number(self) -> int:
        """A later boot has a greater one."""
        return int(self.steps[0]["id"])

    def first(self, kind: str) -> dict[str, Any]:
        """Return the first step of `kind`."""
        return next(step for step in self.steps if step["kind"] == kind)

    @property
    def decisions(self) -> list[tuple[str, str]]:
        """What the machine was told, and by which rule."""
        return [
            (step["data"]["action"], step["data"]["rule"])
            for step in self.steps
            if step["kind"] == "decided"
        ]


def boots(ktizo: Appliance, device: Device) -> list[Boot]:
    """Return the network boots of `device`, oldest first."""
    told = ktizo.api("GET", f"devices/{device['id']}/timeline")
    return [
        Boot([step["kind"] for step in boot["steps"]], boot["steps"], boot["done"])
        for boot in sorted(told, key=lambda boot: boot["started_at"])
        if boot["network_boot"]
    ]


def wait_for_boot(
    ktizo: Appliance, device: Device, kinds: Iterable[str], *, after: Boot | None = None
) -> Boot:
    """Wait until the latest boot's timeline has every one of `kinds`, and return that boot.

    Ktizo writes its history within 50 ms of the answer, dnsmasq's part as its log is read; so the
    boot before may still be the latest. With `after`, only a later one than that counts.
    """
    needed = set(kinds)
    seen = 0 if after is None else after.number

    def told() -> Boot | None:
        latest = boots(ktizo, device)[-1:]
        later = (boot for boot in latest if boot.number > seen)
        return next((boot for boot in later if needed <= set(boot.kinds)), None)

    boot = wait_until(f"{needed} in the timeline of {device['macs']}", told, timeout_s=10)
    assert boot is not None
    return boot


def all_kinds(ktizo: Appliance, device: Device) -> list[str]:
    """Return every kind of event of `device`, oldest first."""
    told = ktizo.api("GET", f"devices/{device['id']}/timeline")
    steps = [step for boot in told for step in boot["steps"]]
    return [step["kind"] for step in sorted(steps, key=lambda step: step["id"])]
