"""What works where: maintenance or configured, and from which Talos on. Checked before sending.

Source: talos.md §7. Up to 1.12 a maintenance service of its own answers and knows few calls; from
1.13 on apid itself does, without a client certificate and in the role of a reader. Which calls a
reader may make: `rules` of machined's API (siderolabs/talos, services/machined.go).
"""

from typing import Any

from ktizo.nodes.client.access import Access, Maintenance
from ktizo.nodes.errors import NotInThisMode, NotOnThisVersion
from ktizo.nodes.wire import methods
from ktizo.nodes.wire.methods import Method

Minor = tuple[int, int]

MAINTENANCE_APID: Minor = (1, 13)  # apid serves maintenance mode itself
LIFECYCLE: Minor = (1, 13)  # LifecycleService, ImageService
REBOOT_FORCE: Minor = (1, 12)

_ALWAYS = frozenset({methods.APPLY, methods.DISKS, methods.GET, methods.LIST, methods.WATCH})
_READER = _ALWAYS | {
    methods.VERSION,
    methods.SERVICES,
    methods.DMESG,
    methods.LOGS,
    methods.EVENTS,
}
_LIFECYCLE = frozenset({methods.INSTALL_IMAGE, methods.UPGRADE_IMAGE, methods.PULL_IMAGE})

_SINKS = (
    "Read the kernel log and events Ktizo receives from it (talos.logging.kernel, "
    "talos.events.sink), or boot it with Talos 1.13 or newer"
)
_POWER = "Give it a config to go on, or switch its power by hand or by its BMC"
_CONFIG_FIRST = "Give it its config first"
_WAYS_OUT: dict[Method[Any, Any], str] = {
    methods.VERSION: "Ask talos_version(), which reads the resource Versions instead",
    methods.SERVICES: "Watch the resource MachineStatuses instead",
    methods.DMESG: _SINKS,
    methods.LOGS: _SINKS,
    methods.EVENTS: _SINKS,
    methods.REBOOT: _POWER,
    methods.SHUTDOWN: _POWER,
    methods.RESET: f"Nothing of it is to be kept in this mode. {_POWER}",
    methods.UPGRADE: f"{_CONFIG_FIRST}, with the installer image it shall have",
}


def needs_version(method: Method[Any, Any], access: Access) -> bool:
    """Say whether what `check` answers depends on the node's version."""
    if isinstance(access, Maintenance):
        return method in _READER and method not in _ALWAYS
    return method in _LIFECYCLE


def check(method: Method[Any, Any], access: Access, minor: Minor | None) -> None:
    """Refuse a call that cannot work, with the way out; `minor` only where it is needed."""
    if isinstance(access, Maintenance):
        works = _READER if minor is None or minor >= MAINTENANCE_APID else _ALWAYS
        if method not in works:
            whose = f" of Talos {_text(minor)}" if minor and method in _READER else ""
            way_out = _WAYS_OUT.get(method, _CONFIG_FIRST)
            raise NotInThisMode(
                f"{method.name} does not work in the maintenance mode{whose}. {way_out}"
            )
    elif method in _LIFECYCLE and minor is not None and minor < LIFECYCLE:
        raise NotOnThisVersion(
            f"{method.path[1:]} came with Talos {_text(LIFECYCLE)}, and the node runs "
            f"{_text(minor)}. Use upgrade()"
        )


def check_mode(mode: str, access: Access, minor: Minor) -> None:
    """Refuse an apply mode the maintenance service up to 1.12 does not have."""
    if not isinstance(access, Maintenance) or minor >= MAINTENANCE_APID:
        return
    if mode in ("no-reboot", "staged"):
        raise NotInThisMode(
            f"Talos {_text(minor)} in maintenance mode cannot apply with mode {mode}; "
            "auto, reboot and try work"
        )


def _text(minor: Minor) -> str:
    return f"{minor[0]}.{minor[1]}"
