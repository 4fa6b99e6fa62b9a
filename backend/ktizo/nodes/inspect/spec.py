"""Reading resources of a machine nobody vouches for: whatever is in them, something sane comes out.

Up to 1.8 some fields were written in camelCase, since then with underscores (siderolabs/talos
pkg/machinery/resources/block/discovered_volume.go, two versions read 2026-11-21): both are taken.
"""

from typing import Any

from ktizo.core.mac import parse_mac

TEXT = 128  # characters of a name or label that are kept
MARK = 240  # of a WWID or serial
MOST = 2**63 - 1


class Spec:
    """The spec of one resource, which may be anything."""

    def __init__(self, id: str, spec: Any) -> None:
        self.id = printable(id, TEXT)
        self._fields: dict[str, Any] = spec if isinstance(spec, dict) else {}

    def raw(self, *names: str) -> Any:
        """Return the first field there is."""
        return next((self._fields[name] for name in names if name in self._fields), None)

    def text(self, *names: str, longest: int = TEXT) -> str:
        """Return a text, printable and with an end; empty when there is none."""
        found = self.raw(*names)
        if isinstance(found, bool | dict | list) or found is None:
            return ""
        return printable(str(found), longest)

    def texts(self, *names: str, most: int = 32) -> tuple[str, ...]:
        """Return a list of texts, `most` of them."""
        found = self.raw(*names)
        if not isinstance(found, list):
            return ()
        return tuple(printable(one, MARK) for one in found[:most] if isinstance(one, str))

    def number(self, *names: str) -> int:
        """Return a whole number that is not negative; 0 for anything else."""
        found = self.raw(*names)
        if isinstance(found, bool) or not isinstance(found, int):
            return 0
        return int(found) if 0 <= found <= MOST else 0

    def true(self, *names: str) -> bool:
        """Say whether a field is true; text is not."""
        return self.raw(*names) is True

    def mac(self, *names: str) -> str:
        """Return a MAC as `52:54:00:aa:bb:cc`; empty for what no card can own."""
        try:
            return parse_mac(self.text(*names))
        except ValueError:
            return ""


def printable(text: str, longest: int) -> str:
    """Return `text` cut, without blanks at its ends, and with `?` for what cannot be printed."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text[: longest + 1])
    return clean.strip()[:longest]
