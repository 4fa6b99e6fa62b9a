"""Who is asking: MACs, SMBIOS UUID and serial together, because none of them is unique alone.

Cheap boards share one UUID by the thousand, and leave "To be filled by O.E.M." as serial; network
cards move between boards. So: a MAC finds the record, UUID and serial must agree with it, and where
they do not, that is a conflict for a person, never a merge.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

# Values that boards ship with when nobody filled them in (seen in the field; compared in lower
# case). A machine carrying one of them has no such mark at all.
JUNK_SERIALS = frozenset(
    {
        *("0", "00", "000", "0000", "00000000", "none", "n/a", "na", "null", "unknown", "default"),
        *("invalid", "empty", "oem", "0123456789", "123456789", "1234567890", "0123456789abcdef"),
        *("serial", "sn", "system", "filled"),
    }
) | {
    "to be filled by o.e.m.",
    "default string",
    "system serial number",
    "not specified",
    "not applicable",
    "not available",
    "chassis serial number",
    "base board serial number",
    "serial number",
    "o.e.m.",
    "type2 - board serial number",
}
JUNK_UUIDS = frozenset(
    {
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "03000200-0400-0500-0006-000700080009",
        "00020003-0004-0005-0006-000700080009",
        "12345678-1234-5678-90ab-cddeefaabbcc",
        "01234567-8910-1112-1314-151617181920",
        "fefefefe-fefe-fefe-fefe-fefefefefefe",
    }
)
_ONE_CHARACTER = re.compile(r"(.)\1*", re.DOTALL)


def parse_uuid(text: str) -> str | None:
    """Return `text` as a lower-case UUID, None when empty or a known placeholder.

    Raises ValueError for anything that is no UUID.
    """
    if not text:
        return None
    if len(text) > 45:
        raise ValueError("not a UUID")
    uuid = str(UUID(text))
    return None if uuid in JUNK_UUIDS else uuid


def parse_serial(text: str) -> str | None:
    """Return `text` with its blanks tidied, None for placeholders ("Default string")."""
    serial = " ".join(text.split())
    low = serial.lower()
    if not low or low in JUNK_SERIALS or _ONE_CHARACTER.fullmatch(low):
        return None
    return serial


def _swapped(uuid: str) -> str:
    # SMBIOS before 2.6 left the byte order of the first three fields open (DSP0134 7.2.1), so one
    # board may be read two ways by BIOS iPXE, UEFI iPXE and Linux.
    return str(UUID(bytes_le=UUID(uuid).bytes))


@dataclass(frozen=True)
class Claim:
    """What a machine said of itself in one request. Unauthenticated: a claim, not a fact."""

    mac: str
    macs: tuple[str, ...] = ()
    uuid: str | None = None
    serial: str | None = None
    vendor: str | None = None
    product: str | None = None
    asset: str | None = None
    firmware: str | None = None
    arch: str | None = None
    address: str | None = None

    @property
    def all_macs(self) -> tuple[str, ...]:
        """The MAC it boots from, then its other cards'."""
        return (self.mac, *(mac for mac in self.macs if mac != self.mac))


class Match(StrEnum):
    """How a claim compares with a record that has its MAC."""

    SAME = "same"
    DIFFERS = "differs"


def same_uuid(one: str | None, other: str | None) -> bool:
    """Say whether two UUIDs may be the same board's; an absent one contradicts nothing."""
    return one is None or other is None or one == other or _swapped(one) == other


def compare(uuid: str | None, serial: str | None, claim: Claim) -> Match:
    """Compare the recorded `uuid` and `serial` with a claim that came from a recorded MAC."""
    serial_agrees = serial is None or claim.serial is None or serial == claim.serial
    return Match.SAME if same_uuid(uuid, claim.uuid) and serial_agrees else Match.DIFFERS


def shows_its_marks(uuid: str | None, serial: str | None, claim: Claim) -> bool:
    """Say whether the claim names every mark that is recorded.

    For a sighting an absent mark contradicts nothing; for an installer, and the secrets in its
    config, whoever leaves out what the record has is not believed. iPXE always sends them.
    """
    return not (uuid and claim.uuid is None) and not (serial and claim.serial is None)


def probably_same_board(uuid: str | None, serial: str | None, claim: Claim) -> bool:
    """Say whether a record and a claim with an unknown MAC could be one machine.

    Same UUID, and serials that do not tell them apart: either the board got a new card, or two
    cheap boards share a UUID. Only a person can say.
    """
    if uuid is None or claim.uuid is None or not same_uuid(uuid, claim.uuid):
        return False
    return serial is None or claim.serial is None or serial == claim.serial
