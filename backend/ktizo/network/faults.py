"""What is commonly wrong between the LAN's settings and the box they are for; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from ktizo.network.interfaces import Interface
from ktizo.network.lan import Lan, Mode
from ktizo.network.loaders import Advert


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark. `blocking`: the LAN service cannot work with it and is not started."""

    code: str
    message: str
    blocking: bool = False


def faults(
    lan: Lan, interfaces: Sequence[Interface], adverts: Sequence[Advert], base: str
) -> list[Finding]:
    """Return every remark on `lan` for a box with these interfaces and loaders, worst first."""
    found = [
        *_interface_faults(lan, interfaces),
        *_neighbour_faults(lan, interfaces),
        *_full_mode_faults(lan),
        *_loader_faults(adverts, base),
    ]
    return sorted(found, key=lambda one: not one.blocking)


def _interface_faults(lan: Lan, interfaces: Sequence[Interface]) -> list[Finding]:
    ours = next((one for one in interfaces if one.name == lan.interface), None)
    if ours is None:
        names = ", ".join(one.name for one in interfaces) or "none"
        text = f"there is no interface {lan.interface} on this box; it has: {names}"
        return [Finding("no_such_interface", text, blocking=True)]
    found = []
    if not ours.up:
        text = f"{lan.interface} is down; bring it up (ip link set {lan.interface} up)"
        found.append(Finding("interface_down", text, blocking=True))
    if all(lan.server_address != one.ip for one in ours.addresses):
        has = ", ".join(map(str, ours.addresses)) or "no IPv4 address"
        text = f"{lan.server_address} is not an address of {lan.interface}, which has {has}"
        found.append(Finding("server_address_not_on_interface", text, blocking=True))
    elif all(lan.subnet != one.network for one in ours.addresses if one.ip == lan.server_address):
        text = f"{lan.interface} has another prefix than {lan.subnet}; dnsmasq goes by {lan.subnet}"
        found.append(Finding("prefix_differs", text))
    return found


def _neighbour_faults(lan: Lan, interfaces: Sequence[Interface]) -> list[Finding]:
    return [
        Finding(
            "subnet_on_two_interfaces",
            f"{other.name} has {address}, in the same subnet as {lan.interface}; machines may be "
            "answered through the wrong one",
        )
        for other in interfaces
        if other.name != lan.interface
        for address in other.addresses
        if address.network.overlaps(lan.subnet)
    ]


def _full_mode_faults(lan: Lan) -> list[Finding]:
    if lan.mode is not Mode.FULL or lan.range_start is None or lan.range_end is None:
        return []
    found = [
        Finding(
            "second_dhcp_server",
            "Ktizo will be the LAN's DHCP server; switch any other one off, or use proxy mode",
        )
    ]
    if lan.gateway is None:
        text = "no gateway is set: machines get an address and no way out of the LAN"
        found.append(Finding("no_gateway", text))
    if not lan.dns:
        text = "no DNS server is set: machines cannot resolve names (Ktizo itself answers no DNS)"
        found.append(Finding("no_dns", text))
    size = int(lan.range_end) - int(lan.range_start) + 1
    if size < 4:
        text = f"the range holds {size} address(es); a machine may use two during one boot"
        found.append(Finding("small_range", text))
    return found


def _loader_faults(adverts: Sequence[Advert], base: str) -> list[Finding]:
    found = [
        Finding("no_loader", f"{one.architecture.label} (code {one.architecture.code}): {one.why}")
        for one in adverts
        if one.file is None
    ]
    if all(one.file is None for one in adverts):
        text = "no loader at all; install the ipxe package or set KTIZO_LOADERS_DIR"
        found.append(Finding("no_loaders", text))
    if base.startswith("https:"):
        text = f"machines are sent to {base}; Debian 12's iPXE has no HTTPS"
        found.append(Finding("https_base_url", text))
    return found
