"""Reading the query string a machine sends. Nothing in it is trusted, and nothing in it can fail.

`serial_hex`, `vendor_hex`, `product_hex` and `asset_hex` carry SMBIOS strings as iPXE's `hexraw`,
because its `uristring` breaks: 2019 builds send a raw `&`, 2025 builds `%FFFFFFC3` for non-ASCII.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote_plus

from ktizo.core.mac import parse_mac
from ktizo.devices.identity import Claim, parse_serial, parse_uuid

MAX_TEXT = 128
MAX_MACS = 16
MAX_FIELDS = 40
ARCHES = {"x86_64": "x86_64", "i386": "i386", "arm64": "arm64", "amd64": "x86_64"}
FIRMWARES = {"pcbios": "bios", "efi": "uefi"}
PROFILE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")


class Unreadable(ValueError):
    """The request does not say which machine is asking."""


@dataclass(frozen=True)
class Asking:
    """One question: who asks, and what they chose in a menu."""

    claim: Claim
    choice: str | None = None


def _text(value: str) -> str | None:
    shown = value[: MAX_TEXT * 4]
    if not shown.isprintable():
        shown = "".join(c if c.isprintable() else " " for c in shown)
    return " ".join(shown.split())[:MAX_TEXT] or None


def _from_hex(value: str) -> str:
    if not _HEX.fullmatch(value):
        raise Unreadable("a *_hex field is not hexadecimal")
    raw = bytes.fromhex(value)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")  # SMBIOS says nothing about encodings (DSP0134 6.1.3)


def _unquoted(text: str) -> str:
    return unquote_plus(text) if "%" in text or "+" in text else text


def _fields(query: bytes) -> dict[str, str]:
    parts = query.decode("latin-1").split("&")
    if len(parts) > MAX_FIELDS:
        raise Unreadable("too many fields")
    fields: dict[str, str] = {}
    for part in parts:
        if not part:
            continue
        name, _, value = part.partition("=")
        name, value = _unquoted(name), _unquoted(value)
        if fields.setdefault(name, value) != value:
            raise Unreadable(f"two different values for {name[:20]!r}")
    return fields


def _macs(fields: dict[str, str]) -> tuple[str, ...]:
    parts = [part for part in fields.get("macs", "").split(",") if part]
    if len(parts) > MAX_MACS:
        raise Unreadable("too many network cards")
    return tuple(dict.fromkeys(parse_mac(part) for part in parts))


def _smbios(fields: dict[str, str], name: str) -> str | None:
    in_hex = fields.get(f"{name}_hex", "")
    return _text(_from_hex(in_hex) if in_hex else fields.get(name, ""))


def parse(query: bytes, address: str) -> Asking:
    """Return what `query` says; raises Unreadable when it names no machine, or two."""
    fields = _fields(query)
    try:
        mac = parse_mac(fields.get("mac", ""))
        macs = _macs(fields)
        uuid = parse_uuid(fields.get("uuid", ""))
    except ValueError as error:
        raise Unreadable(str(error)) from error
    choice = fields.get("choice") or None
    if choice is not None and not PROFILE_NAME.fullmatch(choice):
        raise Unreadable("not the name of a boot profile")
    return Asking(
        Claim(
            mac=mac,
            macs=macs,
            uuid=uuid,
            serial=parse_serial(_smbios(fields, "serial") or ""),
            vendor=_smbios(fields, "vendor"),
            product=_smbios(fields, "product"),
            asset=_smbios(fields, "asset"),
            firmware=FIRMWARES.get(fields.get("platform", "")),
            arch=ARCHES.get(fields.get("arch", "")),
            address=address,
        ),
        choice,
    )
