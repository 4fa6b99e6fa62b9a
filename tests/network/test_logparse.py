"""Lines the real dnsmasq 2.90 printed, and what they mean."""

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktizo.network.facts import (
    Client,
    DhcpReply,
    DhcpSeen,
    Fact,
    Failed,
    Kind,
    Started,
    Stopped,
    TftpAborted,
    TftpMissing,
    TftpSent,
)
from ktizo.network.logparse import LogReader

URL = "http://10.77.0.2:8000/boot/boot.ipxe"


def facts(log: str) -> list[Fact]:
    """What a fresh reader makes of `log`, and of one line that ends the last block."""
    reader = LogReader()
    lines = [*dedent(log).strip().splitlines(), "dnsmasq[1]: end of test"]
    return [fact for line in lines for fact in reader.feed(line)]


def test_firmware_in_proxy_mode_is_seen_and_offered_a_boot_server() -> None:
    uefi = Client("52:54:00:77:00:07", 7, vendor_class="PXEClient:Arch:00007:UNDI:003000")

    assert facts(
        """
        dnsmasq-dhcp[6124]: 4103 available DHCP subnet: 10.77.0.0/255.255.255.0
        dnsmasq-dhcp[6124]: 4103 vendor class: PXEClient:Arch:00007:UNDI:003000
        dnsmasq-dhcp[6124]: 4103 PXE(lan0) 52:54:00:77:00:07 proxy
        dnsmasq-dhcp[6124]: 4103 tags: served, arch7, lan0
        dnsmasq-dhcp[6124]: 4103 next server: 10.77.0.2
        dnsmasq-dhcp[6124]: 4103 broadcast response
        dnsmasq-dhcp[6124]: 4103 sent size:  1 option: 53 message-type  2
        dnsmasq-dhcp[6124]: 4103 sent size:  4 option: 54 server-identifier  10.77.0.2
        dnsmasq-dhcp[6124]: 8199 available DHCP subnet: 10.77.0.0/255.255.255.0
        dnsmasq-dhcp[6124]: 8199 vendor class: PXEClient:Arch:00007:UNDI:003000
        dnsmasq-dhcp[6124]: 8199 PXE(lan0) 52:54:00:77:00:07 proxy
        dnsmasq-dhcp[6124]: 8199 tags: served, arch7, lan0
        dnsmasq-dhcp[6124]: 8199 bootfile name: ipxe.efi
        dnsmasq-dhcp[6124]: 8199 server name: 10.77.0.2
        dnsmasq-dhcp[6124]: 8199 next server: 10.77.0.2
        dnsmasq-dhcp[6124]: 8199 sent size:  1 option: 53 message-type  5
        """
    ) == [
        DhcpSeen(uefi),
        DhcpReply(uefi, Kind.PROXY, None, "10.77.0.2", ""),
        DhcpReply(uefi, Kind.BOOT_SERVER, None, "10.77.0.2", "ipxe.efi"),
    ]


def test_a_bios_at_the_boot_server_shows_its_address() -> None:
    bios = Client("52:54:00:77:00:03", 0, vendor_class="PXEClient:Arch:00000:UNDI:003000")

    assert facts(
        """
        dnsmasq-dhcp[6124]: 8195 available DHCP subnet: 10.77.0.0/255.255.255.0
        dnsmasq-dhcp[6124]: 8195 vendor class: PXEClient:Arch:00000:UNDI:003000
        dnsmasq-dhcp[6124]: 8195 PXE(lan0) 10.77.0.50 52:54:00:77:00:03 undionly.kpxe
        dnsmasq-dhcp[6124]: 8195 tags: arch0, lan0
        dnsmasq-dhcp[6124]: 8195 bootfile name: undionly.kpxe
        dnsmasq-dhcp[6124]: 8195 next server: 10.77.0.2
        dnsmasq-dhcp[6124]: 8195 sent size:  1 option: 53 message-type  5
        """
    ) == [DhcpReply(bios, Kind.BOOT_SERVER, "10.77.0.50", "10.77.0.2", "undionly.kpxe")]


def test_ipxe_is_known_by_its_tag() -> None:
    ipxe = Client("52:54:00:77:01:01", 7, ipxe=True, vendor_class="PXEClient", user_class="iPXE")

    assert facts(
        f"""
        dnsmasq-dhcp[6124]: 12289 available DHCP subnet: 10.77.0.0/255.255.255.0
        dnsmasq-dhcp[6124]: 12289 vendor class: PXEClient
        dnsmasq-dhcp[6124]: 12289 user class: iPXE
        dnsmasq-dhcp[6124]: 12289 PXE(lan0) 52:54:00:77:01:01 proxy
        dnsmasq-dhcp[6124]: 12289 tags: ipxe, arch7, lan0
        dnsmasq-dhcp[6124]: 12289 bootfile name: {URL}
        dnsmasq-dhcp[6124]: 12289 next server: 10.77.0.2
        dnsmasq-dhcp[6124]: 12289 broadcast response
        dnsmasq-dhcp[6124]: 12289 sent size:  1 option: 53 message-type  2
        """
    ) == [DhcpSeen(ipxe), DhcpReply(ipxe, Kind.PROXY, None, "10.77.0.2", URL)]


def test_an_ignored_machine_is_seen_with_the_reason() -> None:
    arm = Client("52:54:00:77:00:0b", 11, vendor_class="PXEClient:Arch:00011:UNDI:003000")

    assert facts(
        """
        dnsmasq-dhcp[6639]: 4107 available DHCP subnet: 10.77.0.0/255.255.255.0
        dnsmasq-dhcp[6639]: 4107 vendor class: PXEClient:Arch:00011:UNDI:003000
        dnsmasq-dhcp[6639]: 4107 PXE(lan0) 52:54:00:77:00:0b proxy-ignored
        dnsmasq-dhcp[6639]: 4107 tags: arch11, lan0
        """
    ) == [DhcpSeen(arm, ignored="proxy-ignored")]


FULL = """
    dnsmasq-dhcp[6303]: 4099 available DHCP range: 10.77.0.100 -- 10.77.0.200
    dnsmasq-dhcp[6303]: 4099 vendor class: PXEClient:Arch:00000:UNDI:003000
    dnsmasq-dhcp[6303]: 4099 DHCPDISCOVER(lan0) 52:54:00:77:00:03
    dnsmasq-dhcp[6303]: 4099 tags: arch0, lan0
    dnsmasq-dhcp[6303]: 4099 DHCPOFFER(lan0) 10.77.0.100 52:54:00:77:00:03
    dnsmasq-dhcp[6303]: 4099 requested options: 1:netmask, 3:router, 6:dns-server, 15:domain-name,
    dnsmasq-dhcp[6303]: 4099 requested options: 60:vendor-class, 66:tftp-server, 67:bootfile-name
    dnsmasq-dhcp[6303]: 4099 next server: 10.77.0.2
    dnsmasq-dhcp[6303]: 4099 broadcast response
    dnsmasq-dhcp[6303]: 4099 sent size:  1 option: 53 message-type  2
    dnsmasq-dhcp[6303]: 4099 sent size:  4 option: 54 server-identifier  10.77.0.2
    dnsmasq-dhcp[6303]: 4099 sent size:  4 option: 51 lease-time  1h
    dnsmasq-dhcp[6303]: 4099 sent size: 14 option: 67 bootfile-name  undionly.kpxe
    dnsmasq-dhcp[6303]: 4099 sent size:  4 option: 58 T1  30m
    dnsmasq-dhcp[6303]: 4099 available DHCP range: 10.77.0.100 -- 10.77.0.200
    dnsmasq-dhcp[6303]: 4099 vendor class: PXEClient:Arch:00000:UNDI:003000
    dnsmasq-dhcp[6303]: 4099 DHCPREQUEST(lan0) 10.77.0.100 52:54:00:77:00:03
    dnsmasq-dhcp[6303]: 4099 tags: arch0, lan0
    dnsmasq-dhcp[6303]: 4099 DHCPACK(lan0) 10.77.0.100 52:54:00:77:00:03
    dnsmasq-dhcp[6303]: 4099 next server: 10.77.0.2
    dnsmasq-dhcp[6303]: 4099 broadcast response
    dnsmasq-dhcp[6303]: 4099 sent size:  1 option: 53 message-type  5
    dnsmasq-dhcp[6303]: 4099 sent size:  4 option: 54 server-identifier  10.77.0.2
    dnsmasq-dhcp[6303]: 4099 sent size:  4 option: 51 lease-time  1h
    dnsmasq-dhcp[6303]: 4099 sent size: 14 option: 67 bootfile-name  undionly.kpxe
    """


def test_full_mode_gives_an_address_and_the_file_in_one_exchange() -> None:
    bios = Client("52:54:00:77:00:03", 0, vendor_class="PXEClient:Arch:00000:UNDI:003000")

    assert facts(FULL) == [
        DhcpSeen(bios),
        DhcpReply(bios, Kind.OFFER, "10.77.0.100", "10.77.0.2", "undionly.kpxe"),
        DhcpReply(bios, Kind.ACK, "10.77.0.100", "10.77.0.2", "undionly.kpxe"),
    ]


def test_a_laptop_in_full_mode_does_not_netboot() -> None:
    found = facts(
        """
        dnsmasq-dhcp[6303]: 4097 available DHCP range: 10.77.0.100 -- 10.77.0.200
        dnsmasq-dhcp[6303]: 4097 DHCPDISCOVER(lan0) 52:54:00:77:00:01
        dnsmasq-dhcp[6303]: 4097 tags: lan0
        dnsmasq-dhcp[6303]: 4097 DHCPOFFER(lan0) 10.77.0.199 52:54:00:77:00:01
        dnsmasq-dhcp[6303]: 4097 next server: 10.77.0.2
        dnsmasq-dhcp[6303]: 4097 sent size:  1 option: 53 message-type  2
        dnsmasq-dhcp[6303]: 4097 sent size:  4 option: 51 lease-time  1h
        dnsmasq-dhcp[6303]: 4097 sent size:  4 option: 58 T1  30m
        """
    )

    laptop = Client("52:54:00:77:00:01")
    assert found == [
        DhcpSeen(laptop),
        DhcpReply(laptop, Kind.OFFER, "10.77.0.199", "10.77.0.2", ""),
    ]
    assert not laptop.netboots


def test_tftp_lines_name_the_address_and_the_file() -> None:
    assert facts(
        """
        dnsmasq-tftp[6903]: sent /srv/tftp/undionly.kpxe to 10.77.0.50
        dnsmasq-tftp[6903]: file /srv/tftp/autoexec.ipxe not found for 10.77.0.50
        dnsmasq-tftp[6903]: cannot access /srv/tftp/../secret: Permission denied
        """
    ) == [
        TftpSent("10.77.0.50", "/srv/tftp/undionly.kpxe"),
        TftpMissing("10.77.0.50", "/srv/tftp/autoexec.ipxe"),
    ]


def test_a_file_asked_for_only_to_learn_its_size_was_not_sent() -> None:
    assert facts(
        """
        dnsmasq-tftp[6903]: error 8 User aborted the transfer received from 10.77.0.50
        dnsmasq-tftp[6903]: sent /srv/tftp/undionly.kpxe to 10.77.0.50
        dnsmasq-tftp[6903]: sent /srv/tftp/undionly.kpxe to 10.77.0.50
        """
    ) == [
        TftpAborted("10.77.0.50", "8 User aborted the transfer"),
        TftpSent("10.77.0.50", "/srv/tftp/undionly.kpxe"),
    ]


def test_a_file_name_cannot_pretend_to_be_from_another_address() -> None:
    assert facts(
        "dnsmasq-tftp[1]: file /srv/tftp/x not found for 10.0.0.9 not found for 10.77.0.50"
    ) == [TftpMissing("10.77.0.50", "/srv/tftp/x not found for 10.0.0.9")]


def test_a_vendor_class_cannot_pretend_to_be_another_line() -> None:
    found = facts(
        """
        dnsmasq-dhcp[1]: 5 available DHCP subnet: 10.77.0.0/255.255.255.0
        dnsmasq-dhcp[1]: 5 vendor class: PXE(lan0) 52:54:00:00:00:99 proxy
        dnsmasq-dhcp[1]: 5 user class: tags: ipxe, arch16
        dnsmasq-dhcp[1]: 5 PXE(lan0) 52:54:00:77:01:02 proxy-ignored
        dnsmasq-dhcp[1]: 5 tags: arch0, lan0
        """
    )

    client = Client(
        "52:54:00:77:01:02",
        0,
        vendor_class="PXE(lan0) 52:54:00:00:00:99 proxy",
        user_class="tags: ipxe, arch16",
    )
    assert found == [DhcpSeen(client, ignored="proxy-ignored")]


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("dnsmasq[6892]: started, version 2.90 DNS disabled", Started("2.90")),
        (
            "dnsmasq[6892]: exiting on receipt of SIGTERM",
            Stopped("exiting on receipt of SIGTERM"),
        ),
        ("dnsmasq[6893]: FAILED to start up", Failed("FAILED to start up")),
        ("dnsmasq: unknown interface nope0", Failed("unknown interface nope0")),
    ],
)
def test_the_program_itself_comes_and_goes(line: str, fact: Fact) -> None:
    assert list(LogReader().feed(line)) == [fact]


SOME_WORDS = """dnsmasq dnsmasq-dhcp[1] dnsmasq-tftp: : 77 PXE(lan0) DHCPACK(lan0) 10.77.0.5 proxy
tags: 52:54:00:77:00:01 sent size: option: 53 67 message-type to file not found for , available"""
WORDS = st.sampled_from(SOME_WORDS.split())


@given(st.lists(st.lists(WORDS | st.text(max_size=8), max_size=12).map(" ".join), max_size=20))
def test_no_line_whatsoever_stops_the_reader(lines: list[str]) -> None:
    reader = LogReader()

    for line in [*lines, "dnsmasq-dhcp[1]: " + " ".join(lines)]:
        for fact in reader.feed(line):
            assert repr(fact)
