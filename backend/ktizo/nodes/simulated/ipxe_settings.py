"""iPXE's built-in settings of a machine, in the formats Ktizo's scripts ask for."""

import re

from ktizo.nodes.simulated.hardware import Hardware

_CARD = re.compile(r"net(?P<which>\d+|X)/mac(?P<format>:hexhyp)?")


def setting(hardware: Hardware, platform: str, name: str) -> str | None:
    """Return a setting; empty when the machine has no such thing, None when iPXE has none."""
    if card := _CARD.fullmatch(name):
        number = 0 if card["which"] == "X" else int(card["which"])
        mac = hardware.macs[number] if number < len(hardware.macs) else ""
        return mac.replace(":", "-") if card["format"] else mac
    known = {
        "uuid": hardware.uuid,
        # A BIOS build is a 32-bit program, whatever the processor.
        "buildarch": "i386" if platform == "pcbios" else "x86_64",
        "platform": platform,
        "serial:hexraw": _hex(hardware.serial),
        "manufacturer:hexraw": _hex(hardware.manufacturer),
        "product:hexraw": _hex(hardware.product),
        "asset:hexraw": "",
    }
    return known.get(name)


def _hex(text: str) -> str:
    return text.encode().hex()
