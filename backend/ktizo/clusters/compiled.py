"""`compiled/talos/configs/<mac>.yaml`: every member's config written down, for people and programs.

They hold cluster secrets: files 0600 in a folder 0700, outside dnsmasq's TFTP root. Ktizo never
reads them back, so they are renamed into place but not flushed: after a power cut they are written
again, not believed.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from ktizo.core.files import ensure_dir, readable_os_errors
from ktizo.core.mac import hyphened

SUFFIX = ".yaml"


class CompiledConfigs:
    """The folder."""

    def __init__(self, compiled_dir: Path) -> None:
        self.folder = compiled_dir / "talos" / "configs"

    def path(self, mac: str) -> Path:
        """Return where the config of the machine with this MAC is."""
        return self.folder / (hyphened(mac) + SUFFIX)

    def has(self, mac: str) -> bool:
        """Say whether there is a file for this machine."""
        return self.path(mac).exists()

    def write(self, configs: Mapping[str, bytes]) -> int:
        """Write configs by MAC and return how many. Call from a thread."""
        with readable_os_errors(self.folder):
            ensure_dir(self.folder, 0o700)
            self.folder.chmod(0o700)
            for mac, body in configs.items():
                _replace(self.path(mac), body)
        return len(configs)

    def keep_only(self, macs: set[str]) -> int:
        """Remove the files of machines that are no members any more; return how many."""
        wanted = {hyphened(mac) + SUFFIX for mac in macs}
        with readable_os_errors(self.folder):
            if not self.folder.is_dir():
                return 0
            gone = [path for path in self.folder.iterdir() if path.name not in wanted]
            for path in gone:
                path.unlink(missing_ok=True)
        return len(gone)


def _replace(path: Path, body: bytes) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(body)
    temporary.replace(path)
