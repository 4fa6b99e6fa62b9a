"""The folder of boot assets: each file lies under the SHA-256 of its content.

A file comes in under `assets/tmp`, and moves to its place in one step when all of it is there and
its checksum is right; so whatever lies in place was whole once. Everything here blocks, and is
called through a thread. Several rooms share the shelf: who removes a content asks each of them
first, under the lock of the row that counts boot versions (`bump_boot_version`).
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from ktizo.core.errors import InsufficientStorage, Invalid, TooLarge
from ktizo.core.files import ensure_dir, readable_os_errors

CHUNK = 1024 * 1024
RESERVE = 64 * 1024 * 1024  # bytes left free, so that the database can still write


class ChecksumMismatch(Invalid):
    """The bytes are not the ones that were announced."""


@dataclass(frozen=True)
class Mark:
    """How a file looked when its content was verified.

    ctime_ns is what makes it hard to fool: mtime can be set back, the inode's change time cannot.
    """

    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> "Mark":
        """Return the mark of a file from its stat."""
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@dataclass(frozen=True)
class Stored:
    """A verified file in its place."""

    sha256: str
    mark: Mark


def need_room(folder: Path, size: int) -> None:
    """Raise InsufficientStorage when `size` bytes more would leave the disk too full."""
    with readable_os_errors(folder):
        free = shutil.disk_usage(folder).free
    if size + RESERVE > free:
        raise InsufficientStorage(
            f"{size} bytes do not fit: {free} are free, and Ktizo leaves {RESERVE}; free some space"
        )


class Incoming:
    """A file on its way in; call `finish` or `discard`."""

    def __init__(self, path: Path, limit: int, mode: str = "xb") -> None:
        self.size = 0
        self.sha256 = ""
        self.path = path
        self._limit = limit
        self._look_again = RESERVE // 2  # bytes; nobody has to announce how many will come
        self._digest = hashlib.sha256()
        ensure_dir(path.parent, 0o700)
        with readable_os_errors(path):
            self._file = path.open(mode)

    def write(self, data: bytes) -> None:
        """Append; raises TooLarge or InsufficientStorage."""
        size = self.size + len(data)
        if size > self._limit:
            raise TooLarge(f"a file may have {self._limit} bytes; see KTIZO_MAX_ASSET_GIB")
        if size >= self._look_again:
            self._look_again = size + RESERVE // 2
            need_room(self.path.parent, 0)
        with readable_os_errors(self.path):
            self._file.write(data)
        self._digest.update(data)
        self.size = size

    def finish(self, expected: str | None, announced: int | None = None) -> None:
        """Flush to disk; raises ChecksumMismatch when `expected` (hex) is another file's."""
        if announced is not None and announced != self.size:
            raise ChecksumMismatch(f"{announced} bytes were announced, {self.size} came")
        self.sha256 = self._digest.hexdigest()
        if expected is not None and expected.lower() != self.sha256:
            raise ChecksumMismatch(
                f"the file's SHA-256 is {self.sha256}, not {expected.lower()}; send it again",
                sha256=self.sha256,
                expected=expected.lower(),
            )
        with readable_os_errors(self.path):
            self._file.flush()
            os.fchmod(self._file.fileno(), 0o444)
            os.fsync(self._file.fileno())
            self._file.close()

    def discard(self) -> None:
        """Leave nothing behind; harmless after the file was put in place."""
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self.path.unlink()


class Shelf:
    """`data/assets`: what is stored, and what is on its way in."""

    def __init__(self, data_dir: Path) -> None:
        self.parts = data_dir / "assets" / "parts"  # see core/parts.py
        self._blobs = data_dir / "assets" / "sha256"
        self._tmp = data_dir / "assets" / "tmp"

    def path(self, sha256: str) -> Path:
        """Return where the content with this checksum lies, or would lie."""
        return self._blobs / sha256[:2] / sha256

    def receive(self, limit: int, announced: int | None = None) -> Incoming:
        """Begin to take a file of at most `limit` bytes; raises at once when it cannot fit."""
        if announced is not None and announced > limit:
            raise TooLarge(f"a file may have {limit} bytes; see KTIZO_MAX_ASSET_GIB")
        need_room(ensure_dir(self._tmp, 0o700), announced or 0)
        return Incoming(self._tmp / secrets.token_hex(16), limit)

    def place(self, incoming: Incoming) -> Stored:
        """Move a finished file to its place, over an older copy of the same content."""
        path = self.path(incoming.sha256)
        ensure_dir(path.parent)
        with readable_os_errors(path):
            incoming.path.replace(path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
            return Stored(incoming.sha256, Mark.of(path.stat()))

    def drop(self, sha256: str) -> None:
        """Remove a content nothing refers to."""
        path = self.path(sha256)
        with readable_os_errors(path):
            path.unlink(missing_ok=True)

    def sweep(self, wanted: set[str]) -> int:
        """Remove what a crash left: half files, and contents not in `wanted`. Returns how many.

        Parts stay: a download goes on where it was.
        """
        files = list(self._tmp.glob("*")) + [
            path for path in self._blobs.glob("??/*") if path.name not in wanted
        ]
        for path in files:
            with contextlib.suppress(OSError):
                path.unlink()
        return len(files)


def hash_file(path: Path) -> tuple[str, Mark] | None:
    """Return a file's SHA-256 and mark; None when gone, not a plain file, or changing."""
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            after = os.fstat(file.fileno())
    except OSError:
        return None
    if not stat.S_ISREG(after.st_mode) or Mark.of(before) != Mark.of(after):
        return None
    return digest, Mark.of(after)
