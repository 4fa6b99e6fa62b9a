"""What an operator may write, and what is refused at the door."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ktizo.network.lan import Mode
from ktizo.network.schemas import LanAnswer, LanSettings

from .samples import a_full_lan, a_lan

PROXY = {"interface": "lan0", "server_address": "10.77.0.2", "subnet": "10.77.0.0/24"}
FULL = PROXY | {
    "mode": "full",
    "range_start": "10.77.0.100",
    "range_end": "10.77.0.199",
    "gateway": "10.77.0.1",
    "dns": ["10.77.0.53", "10.77.0.54"],
    "ntp": ["10.77.0.60"],
    "domain": "lab.example",
    "enabled": True,
}


def test_three_fields_make_a_lan_that_is_off_and_in_proxy_mode() -> None:
    lan = LanSettings.model_validate(PROXY).lan()

    assert lan == a_lan(enabled=False)
    assert lan.mode is Mode.PROXY


def test_every_field_arrives() -> None:
    assert LanSettings.model_validate(FULL).lan() == a_full_lan()


def test_what_is_answered_can_be_sent_back() -> None:
    answer = LanAnswer.of(a_full_lan()).model_dump(mode="json")

    assert LanSettings.model_validate(answer).lan() == a_full_lan()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"server_address": "10.78.0.2"}, "not a usable address of 10.77.0.0/24"),
        ({"server_address": "10.77.0.0"}, "not a usable address"),
        ({"server_address": "10.77.0.255"}, "not a usable address"),
        ({"server_address": "10.77.0.150"}, "server_address 10.77.0.150 lies inside the range"),
        ({"gateway": "10.77.0.150"}, "gateway 10.77.0.150 lies inside the range"),
        ({"gateway": "10.99.0.1"}, "gateway 10.99.0.1 is not a usable address"),
        ({"dns": ["10.77.0.150"]}, "lies inside the range"),
        ({"range_end": None}, "both its first and its last"),
        ({"range_start": None, "range_end": None}, "full DHCP needs"),
        ({"range_start": "10.77.0.200"}, "ends .* before it starts"),
        ({"range_end": "10.77.1.5"}, "range_end 10.77.1.5 is not"),
        ({"subnet": "10.77.0.1/24"}, "host bits set"),
        ({"subnet": "10.77.0.0"}, "write the subnet as"),
        ({"subnet": "10.77.0.0/255.255.255.0"}, "write the subnet as"),
        ({"subnet": "0.0.0.0/0"}, "between /8 and /30"),
        ({"subnet": "10.77.0.2/32"}, "between /8 and /30"),
        ({"server_address": 172818434}, "write the address as text"),
        ({"server_address": "127.0.0.1"}, "not the address of one machine"),
        ({"gateway": "224.0.0.1"}, "not the address of one machine"),
        ({"dns": ["0.0.0.0"]}, "not the address of one machine"),
        ({"dns": ["10.77.0.53"] * 9}, "at most 8"),
        ({"interface": "lan0\n"}, "interface"),
        ({"interface": "lan*"}, "interface"),
        ({"interface": ""}, "interface"),
        ({"domain": "lab example"}, "domain"),
        ({"lease_time": "forever"}, "lease_time"),
        ({"lease_time": "99999h"}, "lease_time"),
        ({"vlan_note": "two\nlines"}, "vlan_note"),
        ({"mode": "server"}, "mode"),
        ({"uefi_loader": "grub"}, "uefi_loader"),
        ({"enabled": "yes"}, "enabled"),
        ({"dhcp_script": "/bin/sh"}, "Extra inputs"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        LanSettings.model_validate(FULL | changes)


@given(
    field=st.sampled_from([*FULL, "vlan_note", "lease_time", "uefi_loader"]),
    value=st.text(max_size=30)
    | st.integers()
    | st.none()
    | st.lists(st.text(max_size=20), max_size=3)
    | st.sampled_from(
        ["lan0\ndhcp-script=x", "10.77.0.2\n", "10.77.0.0/24\n", "\uff11\uff10.77.0.2"]
    ),
)
def test_whatever_is_sent_is_refused_or_is_one_line_of_print(field: str, value: Any) -> None:
    try:
        lan = LanSettings.model_validate(FULL | {field: value}).lan()
    except ValidationError:
        return

    assert len(str(getattr(lan, field)).splitlines()) <= 1
