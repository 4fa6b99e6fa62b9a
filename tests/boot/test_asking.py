"""Reading what a machine says of itself: every spelling of the true, nothing of the false."""

import re
from urllib.parse import parse_qsl, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktizo.boot import asking
from ktizo.boot.asking import MAX_FIELDS, MAX_MACS, MAX_TEXT, Asking, Unreadable, parse
from ktizo.devices.identity import Claim

MAC = "52:54:00:aa:bb:cc"
UUID = "5f3c1d2e-0000-4000-8000-00000000000a"
OTHER = "52:54:00:aa:bb:cd"


def asked(query: str | bytes) -> Asking:
    return parse(query.encode() if isinstance(query, str) else query, "10.0.0.9")


def claim(query: str | bytes) -> Claim:
    return asked(query).claim


def refused(query: str | bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        asked(query)
    return str(caught.value)


def test_what_boot_ipxe_sends_is_read_whole():
    query = (
        "mac=52-54-00-aa-bb-cc&macs=52-54-00-aa-bb-cc,52-54-00-aa-bb-cd,,"
        f"&uuid={UUID}&serial_hex=534e2d31&vendor_hex=41636d65&product_hex=c396&asset_hex="
        "&arch=x86_64&platform=efi"
    )
    assert asked(query) == Asking(
        Claim(
            mac=MAC,
            macs=(MAC, OTHER),
            uuid=UUID,
            serial="SN-1",
            vendor="Acme",
            product="Ö",
            asset=None,
            firmware="uefi",
            arch="x86_64",
            address="10.0.0.9",
        )
    )


@pytest.mark.parametrize(
    "spelling",
    ["52:54:00:aa:bb:cc", "52-54-00-AA-BB-CC", "525400aabbcc", "5254.00aa.bbcc", " 525400AABBCC ",
     "52%3A54%3A00%3Aaa%3Abb%3Acc"],
)  # fmt: skip
def test_a_mac_may_be_spelt_as_anybody_spells_it(spelling: str):
    assert claim(f"mac={spelling}").mac == MAC


@pytest.mark.parametrize(
    "broken",
    ["", "52:54:00:aa:bb", "52:54:00:aa:bb:cc:dd", "52:54-00:aa:bb:cc", "52:54:00:aa:bb:cg",
     "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "0x5254000abbcc", "52 54 00 aa",
     "${net0/mac}", "%24%7Bnet0%2Fmac%7D", "52:54:00:aa:bb:cc%0a", "52:54:00:aa:bb:cc%00",
     "52:54:00:aa:bb:cc\n", "５２:54:00:aa:bb:cc", "../../etc/passwd", "5254.00aa.bbcc.", "+5:54",
     "52:54:00:aa:bb:cc,52:54:00:aa:bb:cd", "a" * 10_000, "%ff%fe", "-" * 17],
)  # fmt: skip
def test_what_is_no_mac_names_no_machine(broken: str):
    refused(f"mac={broken}&uuid={UUID}")


def test_a_request_that_names_two_machines_names_none():
    assert "two different values" in refused(f"mac={MAC}&mac={OTHER}")
    refused(f"mac={MAC}&uuid={UUID}&uuid=5f3c1d2e-0000-4000-8000-00000000000b")
    refused(f"mac={MAC}&choice=a&choice=b")
    assert claim(f"mac={MAC}&mac={MAC}").mac == MAC, "the same twice is no contradiction"


@pytest.mark.parametrize(
    "broken",
    ["1", "zzzzzzzz-0000-4000-8000-00000000000a", "5f3c1d2e-0000-4000-8000-00000000000",
     "5f3c1d2e-0000-4000-8000-00000000000a%0a%0d", "${uuid}", "a" * 10_000, "%00", "\x00" * 36],
)  # fmt: skip
def test_what_is_no_uuid_makes_the_request_unreadable(broken: str):
    refused(f"mac={MAC}&uuid={broken}")


@pytest.mark.parametrize("bad", ["5", "5g", "zz", "53 4e", "0x53", "53:4e", "%35%3", "５３"])
def test_a_hex_field_that_is_no_hex_makes_the_request_unreadable(bad: str):
    assert "hexadecimal" in refused(f"mac={MAC}&serial_hex={bad}")


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (b"SN-1", "SN-1"),
        (b"SN-1\0\0\0", "SN-1"),
        (b"  SN \t 1  ", "SN 1"),
        (b"a\nb\rc\x1b[2Jd", "a b c [2Jd"),
        ("Größe".encode(), "Größe"),
        (b"Gr\xf6\xdfe", "Größe"),  # latin-1, as old firmware writes it
        (b"\xff\xfe\x00", "ÿþ"),
        ("\u202esn\u200b1\ufeff".encode(), "sn 1"),
        (b"To be filled by O.E.M.", None),
        (b"\0", None),
        (b"x" * 5000, None),
        (b"xy" * 2500, "xy" * 64),
    ],
)
def test_smbios_texts_are_tidied_and_bounded(raw: bytes, read: str | None):
    assert claim(f"mac={MAC}&serial_hex={raw.hex()}").serial == read


def test_a_plain_serial_is_taken_when_there_is_no_hex():
    assert claim(f"mac={MAC}&serial=SN%201").serial == "SN 1"
    assert claim(f"mac={MAC}&serial=plain&serial_hex=5831").serial == "X1"
    assert claim(f"mac={MAC}&serial=plain&serial_hex=").serial == "plain"


def test_other_cards_are_read_once_each_and_not_without_end():
    assert claim(f"mac={MAC}&macs={OTHER},{OTHER.upper()},,").macs == (OTHER,)
    many = ",".join(f"52:54:00:00:00:{n:02x}" for n in range(MAX_MACS + 1))
    assert "too many" in refused(f"mac={MAC}&macs={many}")
    refused(f"mac={MAC}&macs=nonsense")
    refused(f"mac={MAC}&macs=ff:ff:ff:ff:ff:ff")


def test_a_request_has_room_for_so_many_fields_and_no_more():
    assert "too many fields" in refused(f"mac={MAC}" + "&x=1" * MAX_FIELDS)
    assert claim(f"mac={MAC}" + "&x=1" * (MAX_FIELDS - 1)).mac == MAC


@pytest.mark.parametrize(
    ("platform", "arch", "firmware", "kind"),
    [
        ("pcbios", "i386", "bios", "i386"),
        ("efi", "arm64", "uefi", "arm64"),
        ("efi", "amd64", "uefi", "x86_64"),
        ("EFI", "x86-64", None, None),
        ("${platform}", "%00", None, None),
    ],
)
def test_platform_and_architecture_are_known_words_or_nothing(
    platform: str, arch: str, firmware: str | None, kind: str | None
):
    found = claim(f"mac={MAC}&platform={platform}&arch={arch}")
    assert (found.firmware, found.arch) == (firmware, kind)


@pytest.mark.parametrize("bad", ["../x", "Debian", "a b", "a%0ab", "-a", "x" * 64, "${x}", "a/b"])
def test_a_choice_is_the_name_of_a_profile_or_the_request_is_unreadable(bad: str):
    refused(f"mac={MAC}&choice={bad}")


def test_a_choice_is_kept_as_it_is():
    assert asked(f"mac={MAC}&choice=talos-worker").choice == "talos-worker"
    assert asked(f"mac={MAC}&choice=").choice is None


def test_fields_nobody_knows_change_nothing():
    assert claim(f"mac={MAC}&state=approved&device_id=1&lease=1&__proto__=x") == claim(f"mac={MAC}")


@given(st.binary(max_size=600))
def test_any_bytes_are_a_machine_or_unreadable_and_never_a_crash(query: bytes):
    try:
        parse(query, "10.0.0.9")
    except Unreadable:
        return


@given(
    st.dictionaries(
        st.sampled_from(["macs", "uuid", "serial", "serial_hex", "vendor", "vendor_hex", "choice",
                         "product_hex", "asset_hex", "arch", "platform", "ip", "mac "]),
        st.text(max_size=200) | st.binary(max_size=200).map(bytes.hex),
    )
)  # fmt: skip
def test_whatever_is_read_is_printable_bounded_and_canonical(fields: dict[str, str]):
    query = "&".join([f"mac={MAC}", *(f"{quote(k)}={quote(v)}" for k, v in fields.items())])
    try:
        found = asked(query)
    except Unreadable:
        return
    read = found.claim
    assert read.mac == MAC
    for text in (read.serial, read.vendor, read.product, read.asset):
        assert text is None or (text.isprintable() and 0 < len(text) <= MAX_TEXT)
        assert text is None or text.encode(), "no half of a UTF-16 pair"
    assert read.uuid is None or re.fullmatch(
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", read.uuid
    )
    assert all(re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", mac) for mac in read.macs)
    assert found.choice is None or re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", found.choice)


@pytest.mark.parametrize(
    "query",
    [b"a=1&b=2", b"a", b"a=", b"=a", b"&&a=1&", b"a=b=c", b"a=%41+b&c%20d=+", b"a=%zz%&b=%E9",
     b"a=\xe9\xff", b"a=%FFFFFFC3", b"%61=1&a=1", b"a;b=1", b"a=1;b=2", b"+=+", b""],
)  # fmt: skip
def test_fields_are_read_as_the_standard_library_reads_them(query: bytes):
    assert asking._fields(query) == dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))


@pytest.mark.parametrize(
    "query", [b"&" * MAX_FIELDS, b"&".join(b"a%d=1" % n for n in range(MAX_FIELDS + 1))]
)
def test_more_fields_than_any_machine_sends_are_refused(query: bytes):
    with pytest.raises(Unreadable, match="too many"):
        asking._fields(query)
