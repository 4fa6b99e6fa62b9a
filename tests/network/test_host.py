"""What the box itself says: interfaces, neighbours, ports, privileges, processes."""

import json
import os
from ipaddress import IPv4Interface
from pathlib import Path

import pytest

from ktizo.network import leftover, privileges
from ktizo.network.errors import MissingPrivileges
from ktizo.network.interfaces import interfaces
from ktizo.network.neighbours import neighbours, parse_arp
from ktizo.network.ports import Holder, UdpSocket, holders, parse_udp
from lab.net import Lan

ARP = """\
IP address       HW type     Flags       HW address            Mask     Device
10.77.0.50       0x1         0x2         52:54:00:AA:00:01     *        lan0
10.77.0.51       0x1         0x0         00:00:00:00:00:00     *        lan0
10.77.0.52       0x1         0x6         52:54:00:aa:00:03     *        lan0
"""
UDP = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
  337: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2
  339: 02004D0A:0045 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2
"""


def test_finished_arp_entries_give_addresses_their_mac() -> None:
    assert parse_arp(ARP) == {
        "10.77.0.50": "52:54:00:aa:00:01",
        "10.77.0.52": "52:54:00:aa:00:03",
    }


def test_an_unreadable_arp_table_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "odd").write_text("header\n1 2 zz 4 5 6\n")

    assert neighbours(tmp_path / "nowhere") == {}
    assert neighbours(tmp_path / "odd") == {}


def test_udp_sockets_are_read_as_the_kernel_writes_them() -> None:
    assert parse_udp(UDP) == [UdpSocket("0.0.0.0", 67, 4711), UdpSocket("10.77.0.2", 69, 4712)]


def test_the_holder_of_a_port_is_named(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net/udp").write_text(UDP)
    (tmp_path / "812/fd").mkdir(parents=True)
    (tmp_path / "812/fd/5").symlink_to("socket:[4711]")
    (tmp_path / "812/comm").write_text("dhcpd\n")

    assert holders((67, 69, 4011), tmp_path) == [Holder(67, "dhcpd", 812), Holder(69, None, None)]
    assert str(Holder(67, "dhcpd", 812)) == "UDP port 67 by dhcpd (pid 812)"
    assert holders((67,), tmp_path / "nowhere") == []


def test_interfaces_are_listed_with_what_an_operator_chooses_by(lan: Lan) -> None:
    found = interfaces()

    assert [(one.name, one.mac, one.up, one.addresses) for one in found] == [
        ("lan0", "02:77:00:00:00:02", True, (IPv4Interface("10.77.0.2/24"),))
    ]


STATUS = "Name:\tktizo\nCapEff:\t{eff}\nCapBnd:\t000001ffffffffff\nCapAmb:\t{amb}\n"
ALL, NONE = "000001ffffffffff", "0000000000000000"
THREE = f"{1 << 10 | 1 << 12 | 1 << 13:016x}"


@pytest.mark.parametrize(
    ("effective", "ambient", "root", "lacking"),
    [
        (ALL, NONE, True, []),
        (THREE, THREE, False, []),
        # File capabilities on Python alone do not reach a child.
        (THREE, NONE, False, ["CAP_NET_BIND_SERVICE", "CAP_NET_ADMIN", "CAP_NET_RAW"]),
        # A container's root.
        ("00000000a80425fb", NONE, True, ["CAP_NET_ADMIN"]),
    ],
)
def test_what_a_child_could_do_is_known_before_it_is_started(
    effective: str, ambient: str, root: bool, lacking: list[str]
) -> None:
    status = STATUS.format(eff=effective, amb=ambient)

    assert privileges.missing(status, root=root) == lacking


def test_missing_privileges_come_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privileges, "missing", lambda *_, **__: ["CAP_NET_ADMIN"])

    with pytest.raises(MissingPrivileges, match="lack CAP_NET_ADMIN: run ktizo as root") as raised:
        privileges.require(Path("/usr/sbin/dnsmasq"))

    assert (raised.value.code, raised.value.status) == ("missing_privileges", 503)


def test_the_first_folder_another_user_cannot_enter_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "tftp").mkdir(parents=True)
    closed.chmod(0o700)
    tmp_path.chmod(0o755)

    found = privileges.first_closed(closed / "tftp", uid=65534, gid=65534)
    own = privileges.first_closed(closed / "tftp", os.getuid(), os.getgid())

    assert found in {closed, *tmp_path.parents}  # pytest's own folders are closed as well
    assert own is None


def test_who_dnsmasq_becomes_is_always_explained(tmp_path: Path) -> None:
    chosen = privileges.run_as(tmp_path)

    assert chosen.why
    assert (chosen.user is None) == (os.geteuid() != 0)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"pid": "x", "started": 1}', '{"pid": 1, "started": 5}', "\0"]
)
def test_a_damaged_state_file_points_at_nobody(text: str, tmp_path: Path) -> None:
    (tmp_path / "state").write_text(text)

    assert leftover.find(tmp_path / "state", tmp_path / "dnsmasq.conf") is None
    assert leftover.find(tmp_path / "nowhere", tmp_path / "dnsmasq.conf") is None


STAT = "{pid} (dnsmasq (odd) name) S 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 {started} 0 0"


def a_process(proc: Path, words: list[str], *, started: int) -> None:
    (proc / "812").mkdir(parents=True)
    (proc / "812/cmdline").write_bytes("\0".join(words).encode() + b"\0")
    (proc / "812/stat").write_text(STAT.format(pid=812, started=started))


@pytest.mark.parametrize(
    ("words", "started", "ours"),
    [
        (["/usr/sbin/dnsmasq", "-k", "-C", "/k/dnsmasq.conf"], 99, True),
        (["/usr/sbin/dnsmasq", "-k", "-C", "/etc/dnsmasq.conf"], 99, False),
        (["/usr/sbin/dnsmasq", "-k", "-C", "/k/dnsmasq.conf"], 100, False),
        (["vi", "/k/dnsmasq.conf"], 99, False),
    ],
)
def test_only_our_own_dnsmasq_is_ever_ended(
    words: list[str], started: int, ours: bool, tmp_path: Path
) -> None:
    (tmp_path / "state").write_text(json.dumps({"pid": 812, "started": 99}))
    a_process(tmp_path / "proc", words, started=started)

    found = leftover.find(tmp_path / "state", Path("/k/dnsmasq.conf"), tmp_path / "proc")

    assert found == (812 if ours else None)
