"""MAC addresses in every spelling firmware and people use, arriving as one."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

_SPELLINGS = re.compile(
    r"(?:[0-9a-f]{2}(?P<sep>[:-])(?:[0-9a-f]{2}(?P=sep)){4}[0-9a-f]{2}"
    r"|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}"
    r"|[0-9a-f]{12})",
    re.ASCII,
)


def parse_mac(text: str) -> str:
    """Return `text` as `52:54:00:aa:bb:cc`.

    Accepts colons, hyphens (iPXE's `hexhyp`), Cisco's dotted form and bare hex, in any case.
    Raises ValueError for anything else, and for addresses no network card can own: all zeros
    and group addresses (lowest bit of the first byte set, IEEE 802-2014 8.2.2).
    """
    low = text.strip(" ").lower() if len(text) <= 32 else ""
    if not _SPELLINGS.fullmatch(low):
        raise ValueError("not a MAC address; write it as 52:54:00:aa:bb:cc")
    digits = re.sub(r"[:.\-]", "", low)
    if digits == "0" * 12 or int(digits[:2], 16) & 1:
        raise ValueError("not the address of one network card (all zeros, broadcast or multicast)")
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def hyphened(mac: str) -> str:
    """Return the `52-54-00-aa-bb-cc` form used in file names and by iPXE."""
    return mac.replace(":", "-")


Mac = Annotated[
    str, AfterValidator(parse_mac), Field(max_length=32, examples=["52:54:00:aa:bb:cc"])
]
