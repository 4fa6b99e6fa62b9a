"""Which Kubernetes a Talos runs, and from which Talos one may upgrade; outside is refused.

Source: Talos pkg/machinery/compatibility/talosNNN (reference talos.md §3).
"""

import re
from dataclasses import dataclass

from ktizo.core.errors import Invalid
from ktizo.talos.contracts import Contract, Minor, contract

_SEMVER = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:-[0-9A-Za-z.-]+)?")


@dataclass(frozen=True, slots=True)
class Compatibility:
    """What one Talos minor version goes with; the ranges include both ends."""

    kubernetes: tuple[Minor, Minor]
    upgrade_from: Minor  # oldest Talos a host may be upgraded from
    downgrade_below: Minor  # a host running this or newer may not be brought down to us

    def __str__(self) -> str:
        return f"{_shown(self.kubernetes[0])} to {_shown(self.kubernetes[1])}"


TABLE = {
    (1, 9): Compatibility(((1, 27), (1, 32)), (1, 8), (1, 11)),
    (1, 10): Compatibility(((1, 28), (1, 33)), (1, 8), (1, 12)),
    (1, 11): Compatibility(((1, 29), (1, 34)), (1, 9), (1, 13)),
    (1, 12): Compatibility(((1, 30), (1, 35)), (1, 10), (1, 14)),
    (1, 13): Compatibility(((1, 31), (1, 36)), (1, 11), (1, 15)),
    (1, 14): Compatibility(((1, 32), (1, 37)), (1, 12), (1, 16)),
}


def check_kubernetes(talos: Contract, version: str) -> str:
    """Return `version` without its `v` when `talos` runs it; else refuse, with the range."""
    found = parse(version)
    runs = TABLE[talos.minor]
    if not runs.kubernetes[0] <= found[:2] <= runs.kubernetes[1]:
        raise Invalid(f"Talos {talos} runs Kubernetes {runs}, not {version}")
    return version.removeprefix("v")


def check_talos_upgrade(host: str, target: str) -> None:
    """Refuse bringing a host from Talos `host` to `target` when Talos itself would."""
    running, goal = parse(host), contract(target)
    allowed = TABLE[goal.minor]
    if not allowed.upgrade_from <= running[:2] < allowed.downgrade_below:
        oldest, newest = allowed.upgrade_from, (1, allowed.downgrade_below[1] - 1)
        raise Invalid(
            f"a host on Talos {host} cannot go to {target}: only {_shown(oldest)} to "
            f"{_shown(newest)} can; take the versions between one at a time"
        )


def check_kubernetes_upgrade(talos: Contract, current: str, target: str) -> None:
    """Refuse anything but the same or the next minor version, and what `talos` does not run."""
    check_kubernetes(talos, target)
    now, goal = parse(current), parse(target)
    if goal[0] != now[0] or goal[1] not in (now[1], now[1] + 1):
        raise Invalid(
            f"Kubernetes goes from {current} to the same or the next minor version, "
            f"{_shown(now[:2])} to {_shown((now[0], now[1] + 1))}, not to {target}"
        )


def parse(version: str) -> tuple[int, int, int]:
    """Return (major, minor, patch) of `v1.35.4` or `1.35`; a suffix such as -rc.0 is ignored."""
    match = _SEMVER.fullmatch(version.strip())
    if match is None:
        raise Invalid(f"{version!r} is not a version; write it as 1.35.4")
    return int(match[1]), int(match[2]), int(match[3] or 0)


def _shown(minor: Minor) -> str:
    return f"{minor[0]}.{minor[1]}"
