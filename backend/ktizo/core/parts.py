"""A file that arrives over several connections, or several lives of this process.

Beside `<name>.part` lies `<name>.json`: how many bytes were safe on disk, their SHA-256, and which
content they belong to. What the note does not vouch for is not gone on from: after a power cut a
file may be longer than what was written to it, and somebody may have been at it meanwhile.
Everything here blocks, and is called through a thread.
"""

import contextlib
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from ktizo.core.files import readable_os_errors, write_atomic
from ktizo.core.shelf import CHUNK, Incoming, Shelf

SAFE_EVERY = 16 * 1024 * 1024  # bytes; at most so much is fetched again after a power cut


@dataclass(frozen=True)
class Note:
    """What is safe of a part. `of`: names the content, so that no other one is added to it."""

    size: int
    sha256: str  # of these bytes, hex
    of: str


class Part(Incoming):
    """A file on its way in that may be left and gone on with; `finish` it as any other."""

    def __init__(self, path: Path, limit: int) -> None:
        self._note_path = path.with_suffix(".json")
        with contextlib.suppress(OSError):
            path.chmod(0o600)  # a finished one that was never put in place cannot be written
        super().__init__(path, limit, "r+b" if path.is_file() else "w+b")
        self.of = ""
        self._safe = 0
        try:
            self._take_up(_read(self._note_path))
        except BaseException:
            self._file.close()
            raise

    def _take_up(self, note: Note | None) -> None:
        with readable_os_errors(self.path):
            digest = _digest(self.path, note.size) if note is not None else None
            if note is None or digest is None or digest.hexdigest() != note.sha256:
                self._file.truncate(0)
                return
            self._file.truncate(note.size)
            self._file.seek(note.size)
        self.size, self._digest, self._safe = note.size, digest, note.size
        self.of = note.of

    def begin(self, of: str) -> None:
        """Start anew, with the content named `of`."""
        with readable_os_errors(self.path):
            self._note_path.unlink(missing_ok=True)
            self._file.seek(0)
            self._file.truncate(0)
        self.size, self._safe, self.of = 0, 0, of
        self._digest = hashlib.sha256()

    def write(self, data: bytes) -> None:
        """Append; raises TooLarge or InsufficientStorage."""
        super().write(data)
        if self.size - self._safe >= SAFE_EVERY:
            self.keep()

    def keep(self) -> None:
        """Make what is there safe, so that it can be gone on from."""
        if self.size == self._safe:
            return
        with readable_os_errors(self.path):
            self._file.flush()
            os.fsync(self._file.fileno())
        note = Note(self.size, self._digest.hexdigest(), self.of)
        write_atomic(self._note_path, json.dumps(asdict(note)), 0o600)
        self._safe = self.size

    def leave(self) -> None:
        """Stop here, to go on later; never raises."""
        with contextlib.suppress(Exception):
            if not self._file.closed:
                self.keep()
        with contextlib.suppress(OSError):
            self._file.close()

    def discard(self) -> None:
        """Leave nothing behind; harmless after the file was put in place."""
        super().discard()
        with contextlib.suppress(OSError):
            self._note_path.unlink()


def open_part(shelf: Shelf, name: str, limit: int) -> Part:
    """Take up the part called `name`, or begin it. `limit` in bytes, of the whole file."""
    return Part(shelf.parts / f"{name}.part", limit)


def sweep_parts(shelf: Shelf, wanted: set[str]) -> int:
    """Remove the parts nobody will go on with; returns how many files."""
    gone = [path for path in shelf.parts.glob("*") if path.stem not in wanted]
    for path in gone:
        with contextlib.suppress(OSError):
            path.unlink()
    return len(gone)


def _read(path: Path) -> Note | None:
    try:
        found = json.loads(path.read_text())
        note = Note(int(found["size"]), str(found["sha256"]), str(found["of"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return note if note.size >= 0 else None


def _digest(path: Path, size: int) -> "hashlib._Hash | None":
    """Return the digest of a file's first `size` bytes; None when it has fewer."""
    digest, left = hashlib.sha256(), size
    with path.open("rb") as file:
        while left > 0:
            data = file.read(min(left, CHUNK))
            if not data:
                return None
            digest.update(data)
            left -= len(data)
    return digest
