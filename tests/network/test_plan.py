"""The text of dnsmasq.conf: compared whole, and proof against every string."""

import os
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ktizo.core.errors import Invalid
from ktizo.network.check import find_program, syntax
from ktizo.network.errors import DnsmasqMissing
from ktizo.network.lan import Lan, Mode, UefiLoader
from ktizo.network.plan import Places, UnusablePath, http_base

from .samples import DEBIAN_12, DEBIAN_13, EVERY_LOADER, a_full_lan, a_lan, rendered

GOLDEN = Path(__file__).parents[1] / "golden" / "dnsmasq"

CASES: dict[str, Callable[[], str]] = {
    "proxy-debian-12.conf": lambda: rendered(a_lan()),
    "proxy-every-loader-snponly.conf": lambda: rendered(
        a_lan(uefi_loader=UefiLoader.SNPONLY), EVERY_LOADER, base_url="http://boot.lab.example:8080"
    ),
    "proxy-no-loader.conf": lambda: rendered(a_lan(), frozenset(), user=None),
    "full-debian-13.conf": lambda: rendered(a_full_lan(), DEBIAN_13),
    "full-bare.conf": lambda: rendered(
        a_full_lan(gateway=None, dns=(), ntp=(), domain="", lease_time="45m"), user="root"
    ),
}


# `make golden` writes them anew; read the diff.
WRITE = os.environ.get("KTIZO_WRITE_GOLDEN")  # noqa: TID251 - a setting of the tests, not ours


@pytest.mark.parametrize("name", CASES)
def test_the_whole_golden_file_is_as_written_down(name: str) -> None:
    if WRITE:
        (GOLDEN / name).write_text(CASES[name]())
    assert CASES[name]() == (GOLDEN / name).read_text()


def test_every_golden_file_is_compared() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)


@pytest.fixture(scope="session")
def program() -> Path:
    try:
        return find_program("dnsmasq")
    except DnsmasqMissing as error:
        pytest.skip(str(error))


@pytest.mark.anyio
@pytest.mark.parametrize("name", CASES)
async def test_the_real_dnsmasq_reads_every_file(name: str, program: Path, tmp_path: Path) -> None:
    (tmp_path / "dnsmasq.conf").write_text(CASES[name]())

    verdict = await syntax(program, tmp_path / "dnsmasq.conf")

    assert verdict.ok, verdict.says


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_dnsmasq_answers_no_dns_and_shares_no_pid_file() -> None:
    assert {"port=0", "pid-file="} <= set(lines(rendered(a_lan())))


def test_tftp_gives_away_its_own_folder_and_nothing_above_it() -> None:
    text = rendered(a_lan())

    assert "tftp-root=/var/lib/ktizo/compiled/tftp" in lines(text)
    assert "tftp-no-fail" not in text


def test_ipxe_is_told_the_server_address_or_it_would_ignore_the_offer() -> None:
    for lan in (a_lan(), a_full_lan()):
        boots = [line for line in lines(rendered(lan)) if line.startswith("dhcp-boot=")]
        assert boots
        assert all(line.endswith(",,10.77.0.2") for line in boots)


def test_ipxe_is_known_by_option_175_and_by_its_user_class() -> None:
    assert {"dhcp-match=set:ipxe,175", "dhcp-userclass=set:ipxe,iPXE"} <= set(
        lines(rendered(a_lan()))
    )


def test_the_vendor_class_string_decides_nothing() -> None:
    # A new iPXE that was loaded by another program sends a bare "PXEClient".
    for lan in (a_lan(), a_full_lan()):
        assert "dhcp-vendorclass" not in rendered(lan, EVERY_LOADER)


def test_a_gateway_is_never_made_of_the_dns_server_nor_of_ourselves() -> None:
    bare = lines(rendered(a_full_lan(gateway=None)))
    full = lines(rendered(a_full_lan()))

    assert "dhcp-option=option:router" in bare  # without a value: send none
    assert "dhcp-option=option:router,10.77.0.1" in full
    assert "dhcp-option=option:dns-server,10.77.0.53,10.77.0.54" in full


def test_proxy_mode_says_nothing_of_gateway_dns_ntp_or_domain() -> None:
    lan = replace(a_full_lan(), mode=Mode.PROXY)

    assert not [line for line in lines(rendered(lan)) if line.startswith("dhcp-option")]


def test_full_mode_has_no_pxe_service_because_port_4011_would_not_answer_uefi() -> None:
    text = rendered(a_full_lan(), EVERY_LOADER)

    assert "pxe-service" not in text
    assert "dhcp-authoritative" in lines(text)


def test_no_name_in_a_pxe_service_lacks_a_dot() -> None:
    # dnsmasq appends ".0" to a name without one.
    services = [x for x in lines(rendered(a_lan(), EVERY_LOADER)) if x.startswith("pxe-service")]

    assert services
    assert all("." in line.rpartition(",")[2] for line in services)


def test_uefi_http_boot_gets_urls_and_its_vendor_class_back() -> None:
    proxy, full = (
        lines(rendered(lan, DEBIAN_12 | {"ipxe-arm64.efi"})) for lan in (a_lan(), a_full_lan())
    )

    assert "dhcp-pxe-vendor=PXEClient,HTTPClient" in proxy
    assert (
        "dhcp-boot=tag:!ipxe,tag:arch19,http://10.77.0.2:8000/boot/loaders/ipxe-arm64.efi"
        ",,10.77.0.2" in proxy
    )
    assert "dhcp-option-force=tag:!ipxe,tag:arch16,option:vendor-class,HTTPClient" in full


SLOTS = {
    "interface": "interface={}",
    "domain": "dhcp-option=option:domain-name,{}",
    "lease_time": "dhcp-range=10.77.0.100,10.77.0.199,255.255.255.0,{}",
    "vlan_note": "nowhere",
}
NASTY = [
    "lan0\n",
    "lan0\ndhcp-script=/bin/sh",
    "a,b",
    "x#y",
    "a\x85b",
    "\u2028",
    "-C",
    "lan*",
    "\0",
]


@given(field=st.sampled_from(list(SLOTS)), text=st.text(max_size=40) | st.sampled_from(NASTY))
def test_no_string_can_change_more_than_its_own_value(field: str, text: str) -> None:
    assume(text or field != "domain")  # no domain: no line, see full-bare.conf
    honest = a_full_lan()
    try:
        forged = rendered(a_full_lan(**{field: text}))
    except ValueError:
        return

    pairs = zip(rendered(honest).split("\n"), forged.split("\n"), strict=True)
    changed = [pair for pair in pairs if pair[0] != pair[1]]

    slot = SLOTS[field]
    own = (slot.format(getattr(honest, field)), slot.format(text))
    assert changed in ([], [own])
    assert len(forged.splitlines()) == len(rendered(honest).splitlines())


@given(text=st.text(min_size=1, max_size=30))
def test_no_folder_name_can_add_a_line(text: str) -> None:
    try:
        conf = rendered(a_lan(), places=Places(Path("/c" + text), Path("/d")))
    except UnusablePath:
        return

    assert len(conf.splitlines()) == len(rendered(a_lan()).splitlines())
    assert f"tftp-root=/c{text}".rstrip("/").encode() in conf.replace("/tftp\n", "\n").encode()


@pytest.mark.parametrize("name", ["a b", "a,b", "a#b", 'a"b', "a\\b", "a\nb", "a\tb"])
def test_a_folder_dnsmasq_cannot_be_given_is_refused_with_a_way_out(name: str) -> None:
    with pytest.raises(UnusablePath, match="KTIZO_COMPILED_DIR"):
        rendered(a_lan(), places=Places(Path("/", name), Path("/d")))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"interface": "lan0\n"}, "interface"),
        ({"interface": "--help"}, "interface"),
        ({"interface": "a" * 16}, "interface"),
        ({"domain": "lab.example\n"}, "domain"),
        ({"domain": "Lab"}, "domain"),
        ({"lease_time": "0h"}, "lease time"),
        ({"mode": Mode.FULL}, "range"),
    ],
)
def test_a_lan_that_cannot_be_written_down_cannot_be_made(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        a_lan(**changes)


def test_a_url_too_long_for_a_dhcp_packet_is_refused() -> None:
    with pytest.raises(Invalid, match="KTIZO_BASE_URL"):
        rendered(a_lan(), base_url=f"http://{'a' * 120}.example")


def test_machines_are_sent_to_the_lan_address_unless_a_base_url_is_set() -> None:
    lan = Lan(
        interface="lan0",
        server_address=IPv4Address("192.168.1.5"),
        subnet=IPv4Network("192.168.1.0/24"),
    )

    assert http_base(lan, 8000, None) == "http://192.168.1.5:8000"
    assert http_base(lan, 8000, "http://boot.example/") == "http://boot.example"
