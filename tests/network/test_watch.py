"""From dnsmasq's log to timelines: who did what, also when TFTP only knows an address."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ktizo.events.kinds import EventKind
from ktizo.network.watch import KNOWN, WAITING, Watch

from .test_logparse import FULL

NOON = datetime(2025, 11, 21, 12, 0, tzinfo=UTC)
MAC = "52:54:00:77:00:03"
OTHER = "52:54:00:77:00:04"


class Timeline:
    """Remembers what was recorded, and stands for the clock and the kernel's ARP table."""

    def __init__(self) -> None:
        self.now = NOON
        self.arp: dict[str, str] = {}
        self.events: list[tuple[str, str | None, str | None, dict[str, Any], datetime]] = []
        self.watch = Watch(self.record, look_up=lambda: self.arp, clock=lambda: self.now)

    def record(
        self,
        kind: EventKind,
        *,
        mac: str | None,
        address: str | None,
        data: Mapping[str, Any],
        at: datetime,
    ) -> None:
        self.events.append((kind.value, mac, address, dict(data), at))

    def feed(self, log: str) -> None:
        for line in log.strip().splitlines():
            self.watch.feed(line.strip())

    def sent(self, address: str, file: str = "ipxe.efi") -> None:
        self.feed(f"dnsmasq-tftp[1]: sent /srv/tftp/{file} to {address}")

    def short(self) -> list[tuple[str, str | None, str | None]]:
        return [event[:3] for event in self.events]


def test_a_full_dhcp_boot_is_three_events_of_one_machine() -> None:
    timeline = Timeline()

    timeline.feed(FULL)
    timeline.sent("10.77.0.100", "undionly.kpxe")

    firmware = {
        "arch": 0,
        "firmware": "BIOS",
        "ipxe": False,
        "vendor_class": "PXEClient:Arch:00000:UNDI:003000",
        "user_class": "",
    }
    answer = {"via": "offer", "next_server": "10.77.0.2", "file": "undionly.kpxe"}
    assert timeline.events == [
        ("dhcp_seen", MAC, None, firmware, NOON),
        ("dhcp_offer", MAC, "10.77.0.100", firmware | answer, NOON),
        ("tftp_sent", MAC, "10.77.0.100", {"file": "undionly.kpxe"}, NOON),
    ]


def test_a_laptop_that_only_wants_an_address_has_no_timeline() -> None:
    timeline = Timeline()

    timeline.feed(
        """
        dnsmasq-dhcp[1]: 9 available DHCP range: 10.77.0.100 -- 10.77.0.200
        dnsmasq-dhcp[1]: 9 DHCPDISCOVER(lan0) 52:54:00:77:00:03
        dnsmasq-dhcp[1]: 9 tags: lan0
        dnsmasq-dhcp[1]: 9 DHCPOFFER(lan0) 10.77.0.199 52:54:00:77:00:03
        dnsmasq-dhcp[1]: 9 sent size:  1 option: 53 message-type  2
        dnsmasq-dhcp[1]: 9 sent size:  4 option: 58 T1  30m
        """
    )

    assert timeline.events == []


def test_a_machine_without_a_loader_is_seen_with_the_reason() -> None:
    timeline = Timeline()

    timeline.feed(
        """
        dnsmasq-dhcp[1]: 7 available DHCP subnet: 10.77.0.0/255.255.255.0
        dnsmasq-dhcp[1]: 7 PXE(lan0) 52:54:00:77:00:03 proxy-ignored
        dnsmasq-dhcp[1]: 7 tags: arch11, lan0
        """
    )

    assert timeline.short() == [("dhcp_seen", MAC, None)]
    assert timeline.events[0][3]["ignored"] == "no loader for this architecture"


def test_the_kernels_own_table_gives_a_transfer_its_machine() -> None:
    timeline = Timeline()
    timeline.watch.learned("10.77.0.9", OTHER)  # the address had another owner before
    timeline.arp = {"10.77.0.9": MAC}

    timeline.sent("10.77.0.9")

    assert timeline.short() == [("tftp_sent", MAC, "10.77.0.9")]


def test_a_transfer_waits_for_its_machine_and_keeps_its_own_time() -> None:
    timeline = Timeline()

    timeline.sent("10.77.0.9")
    timeline.sent("10.77.0.8")
    timeline.now = NOON + timedelta(seconds=30)
    assert timeline.events == []
    timeline.watch.learned("10.77.0.9", MAC)
    timeline.watch.learned("10.77.0.9", MAC)

    assert timeline.events == [("tftp_sent", MAC, "10.77.0.9", {"file": "ipxe.efi"}, NOON)]


def test_a_transfer_waits_five_minutes_and_no_longer() -> None:
    timeline = Timeline()

    timeline.sent("10.77.0.9")
    timeline.now = NOON + timedelta(minutes=5, seconds=1)
    timeline.watch.learned("10.77.0.9", MAC)

    assert timeline.events == []


def test_an_address_learned_long_ago_proves_nothing() -> None:
    timeline = Timeline()

    timeline.watch.learned("10.77.0.9", MAC)
    timeline.now = NOON + timedelta(minutes=11)
    timeline.sent("10.77.0.9")

    assert timeline.events == []


def test_memory_is_bounded_whatever_the_lan_does() -> None:
    timeline = Timeline()

    for number in range(WAITING + 10):
        timeline.sent(f"10.1.{number >> 8}.{number & 255}")
    for number in range(KNOWN + 10):
        timeline.watch.learned(f"10.2.{number >> 8}.{number & 255}", MAC)
    timeline.watch.learned("10.1.0.0", MAC)  # the oldest: dropped
    timeline.watch.learned("10.1.3.241", MAC)  # one of the newest: kept

    assert timeline.short() == [("tftp_sent", MAC, "10.1.3.241")]


def test_autoexec_asked_for_in_vain_is_normal_and_any_other_file_is_not() -> None:
    timeline = Timeline()
    timeline.arp = {"10.77.0.9": MAC}

    timeline.feed("dnsmasq-tftp[1]: file /srv/tftp/autoexec.ipxe not found for 10.77.0.9")
    timeline.feed(f"dnsmasq-tftp[1]: file /srv/tftp/{'x' * 400} not found for 10.77.0.9")

    assert timeline.short() == [("tftp_missing", MAC, "10.77.0.9")]
    assert timeline.events[0][3] == {"file": "x" * 200}


def test_a_group_address_as_sender_is_nobody() -> None:
    timeline = Timeline()

    timeline.feed(
        """
        dnsmasq-dhcp[1]: 7 available DHCP subnet: 10.77.0.0/255.255.255.0
        dnsmasq-dhcp[1]: 7 PXE(lan0) ff:ff:ff:ff:ff:ff proxy
        dnsmasq-dhcp[1]: 7 tags: served, arch7, lan0
        dnsmasq-dhcp[1]: 7 sent size:  1 option: 53 message-type  2
        """
    )

    assert timeline.events == []
