"""What is wrong between the settings and the box, said before anything is started."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from ktizo.network.faults import faults
from ktizo.network.interfaces import Interface
from ktizo.network.lan import Lan

from .samples import DEBIAN_12, EVERY_LOADER, a_full_lan, a_lan, adverts

LAN0 = Interface("lan0", "02:77:00:00:00:02", up=True, addresses=(IPv4Interface("10.77.0.2/24"),))
UPLINK = Interface("eth0", "02:00:00:00:00:01", up=True, addresses=(IPv4Interface("192.0.2.5/24"),))
BASE = "http://10.77.0.2:8000"


def codes(
    lan: Lan,
    *boxes: Interface,
    available: frozenset[str] = EVERY_LOADER,
    base: str = BASE,
) -> list[tuple[str, bool]]:
    return [(one.code, one.blocking) for one in faults(lan, boxes, adverts(lan, available), base)]


def test_a_sound_lan_has_no_faults() -> None:
    assert codes(a_lan(), LAN0, UPLINK) == []


def test_an_interface_that_is_not_there_blocks_and_the_others_are_named() -> None:
    found = faults(a_lan(interface="lan1"), [LAN0, UPLINK], adverts(a_lan(), EVERY_LOADER), BASE)

    assert [(one.code, one.blocking) for one in found if one.code == "no_such_interface"] == [
        ("no_such_interface", True)
    ]
    assert "it has: lan0, eth0" in found[0].message


def test_an_interface_that_is_down_blocks() -> None:
    assert codes(a_lan(), replace(LAN0, up=False)) == [("interface_down", True)]


def test_a_server_address_of_somebody_else_blocks() -> None:
    lan = a_lan(server_address=IPv4Address("10.77.0.3"))

    assert codes(lan, LAN0) == [("server_address_not_on_interface", True)]


def test_an_interface_without_an_address_blocks() -> None:
    assert codes(a_lan(), replace(LAN0, addresses=())) == [
        ("server_address_not_on_interface", True)
    ]


def test_another_prefix_than_the_interfaces_is_a_remark() -> None:
    assert codes(a_lan(subnet=IPv4Network("10.77.0.0/16")), LAN0) == [("prefix_differs", False)]


def test_the_same_subnet_on_two_interfaces_is_a_remark() -> None:
    second = replace(UPLINK, addresses=(IPv4Interface("10.77.0.9/24"),))

    assert codes(a_lan(), LAN0, second) == [("subnet_on_two_interfaces", False)]


def test_full_mode_always_reminds_of_a_second_dhcp_server() -> None:
    assert codes(a_full_lan(), LAN0) == [("second_dhcp_server", False)]


def test_full_mode_without_a_way_out_says_so() -> None:
    lan = a_full_lan(gateway=None, dns=(), range_end=IPv4Address("10.77.0.101"))

    assert codes(lan, LAN0) == [
        ("second_dhcp_server", False),
        ("no_gateway", False),
        ("no_dns", False),
        ("small_range", False),
    ]


def test_architectures_without_a_loader_are_listed() -> None:
    assert codes(a_lan(), LAN0, available=DEBIAN_12) == [("no_loader", False)] * 4


def test_no_loader_at_all_says_what_to_install() -> None:
    found = faults(a_lan(), [LAN0], adverts(a_lan(), frozenset()), BASE)

    assert "install the ipxe package" in found[-1].message


def test_an_https_address_is_a_remark_because_old_ipxe_has_none() -> None:
    assert codes(a_lan(), LAN0, base="https://boot.example") == [("https_base_url", False)]


def test_blocking_faults_come_first() -> None:
    found = codes(a_full_lan(interface="lan1"), UPLINK, available=DEBIAN_12)

    assert [blocking for _, blocking in found] == sorted(
        (blocking for _, blocking in found), reverse=True
    )
