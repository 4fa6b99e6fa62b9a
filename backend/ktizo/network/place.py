"""Putting loaders where TFTP and UEFI HTTP Boot find them: compiled/tftp."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ktizo.core.files import ensure_dir, readable_os_errors, write_atomic
from ktizo.core.templates import render_file
from ktizo.network.loaders import AUTOEXEC, CANDIDATES, SERVED


@dataclass(frozen=True, slots=True)
class Placed:
    """A file in compiled/tftp. `size` in bytes, `sha256` in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Autoexec:
    boot_url: str


def place(found: Mapping[str, Path], tftp: Path, boot_url: str | None) -> dict[str, Placed]:
    """Make `tftp` hold exactly the loaders in `found`, and autoexec.ipxe when a URL is known.

    A file that is right already is not written again: TFTP may be sending it. Our own names that
    have lost their source are removed; files of others are left alone. Blocks on the disk.
    """
    ensure_dir(tftp)
    placed = {}
    for name in CANDIDATES:
        source = found.get(name)
        if source is None:
            _remove(tftp / name)
        else:
            with readable_os_errors(source):
                content = source.read_bytes()
            placed[name] = _put(tftp / name, content)
    if boot_url is None:
        _remove(tftp / AUTOEXEC)
    else:
        script = render_file("dnsmasq/autoexec.ipxe.j2", _Autoexec(boot_url))
        placed[AUTOEXEC] = _put(tftp / AUTOEXEC, script.encode())
    return placed


def loader_file(name: str, tftp: Path) -> Path | None:
    """Return the file served as /boot/loaders/`name`, or None: only known names are looked at."""
    if name not in SERVED:
        return None
    path = tftp / name
    return path if path.is_file() and not path.is_symlink() else None


def look_at(name: str, tftp: Path) -> Placed | None:
    """Return what lies there under a loader's name. Blocks on the disk."""
    path = loader_file(name, tftp)
    try:
        return _placed(name, path.read_bytes()) if path is not None else None
    except OSError:
        return None


def _placed(name: str, content: bytes) -> Placed:
    return Placed(name, len(content), hashlib.sha256(content).hexdigest())


def _put(path: Path, content: bytes) -> Placed:
    if path.is_symlink() or not path.is_file() or path.read_bytes() != content:
        write_atomic(path, content)
    return _placed(path.name, content)


def _remove(path: Path) -> None:
    # Looked at first: on a read-only folder even removing nothing is an error.
    with readable_os_errors(path):
        if path.exists() or path.is_symlink():
            path.unlink()
