"""The file dnsmasq runs with, its candidate and its predecessor. Every function blocks on the disk.

dnsmasq.conf           what runs, or ran last
dnsmasq.conf.new       the candidate, while it is being checked
dnsmasq.conf.last-good what ran before the last change
"""

from dataclasses import dataclass
from pathlib import Path

from ktizo.core.files import readable_os_errors, write_atomic


@dataclass(frozen=True, slots=True)
class ConfFile:
    """The three files beside each other in compiled/dnsmasq."""

    path: Path

    @property
    def candidate(self) -> Path:
        """The file a new configuration is checked in."""
        return self.path.with_name(f"{self.path.name}.new")

    @property
    def last_good(self) -> Path:
        """The file that ran before."""
        return self.path.with_name(f"{self.path.name}.last-good")

    def holds(self, text: str) -> bool:
        """Is `text` what is written there already?"""
        try:
            return self.path.read_text() == text
        except (OSError, UnicodeDecodeError):
            return False

    def to_check(self, text: str) -> Path:
        """Return a file with `text`, for `dnsmasq --test`.

        A file that is right already is taken as it is, so that Ktizo starts even when compiled/
        has become read-only.
        """
        if self.holds(text):
            return self.path
        write_atomic(self.candidate, text)
        return self.candidate

    def put(self, text: str) -> None:
        """Make `text` the file to run with."""
        if not self.holds(text):
            write_atomic(self.path, text)

    def promote(self, text: str) -> None:
        """Make `text` the file to run with, and keep the present one as the last good one."""
        if self.holds(text):
            return
        with readable_os_errors(self.path):
            if self.path.exists():
                write_atomic(self.last_good, self.path.read_bytes())
        self.put(text)

    def restore(self) -> None:
        """Go back to the last good file, or to none."""
        with readable_os_errors(self.path):
            if self.last_good.exists():
                write_atomic(self.path, self.last_good.read_bytes())
            else:
                self.path.unlink(missing_ok=True)
