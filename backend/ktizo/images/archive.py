"""Files for the mirror from a folder or a tar below data/import, read without trusting either.

Nothing is ever unpacked to a path: a name only says which file of which build it is, and the
content goes under its checksum. A tar must be plain: its content is compressed already, and what
cannot be compressed cannot be a bomb. Links, devices and sparse files are passed over.
"""

import contextlib
import os
import re
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from ktizo.core.errors import Invalid, NotFound
from ktizo.core.importing import MOST_FILES, FolderNotFound, FolderRefused, open_file, open_folder

DEEPEST = 4  # folders
LARGEST_READ = 16 * 1024 * 1024  # bytes; no header of an honest tar is larger
LONGEST_NAME = 300
# What tarfile raises for what is none, or one made to hurt.
UNREADABLE = (
    tarfile.TarError, OSError, EOFError, ValueError, OverflowError, RecursionError, LookupError
)  # fmt: skip
_STEP = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CLEAN = re.compile(r"[ -~]+")


class ArchiveRefused(Invalid):
    """The tar cannot be read, or holds what no honest one does."""


class ImportNotFound(NotFound):
    """There is no such folder or tar below data/import."""


class Bundle:
    """Plain files with their names inside the import. Everything here blocks; call it in threads.

    `refused`: what is there and cannot be taken, with the reason.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.refused: dict[str, str] = {}
        self._entries = 0

    def open(self, name: str) -> tuple[BinaryIO, int]:
        """Return one of `names` for reading, and its size in bytes; raises OSError."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the folder or tar."""

    def _entry(self) -> None:
        self._entries += 1
        if self._entries > 2 * MOST_FILES:
            raise FolderRefused(f"an import may have {2 * MOST_FILES} entries")

    def _add(self, name: str) -> None:
        if len(self.names) >= MOST_FILES:
            raise FolderRefused(f"an import may have {MOST_FILES} files")
        self.names.append(name)


class FolderBundle(Bundle):
    """A folder and the folders in it; links are not followed."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._root = descriptor
        try:
            self._walk(os.dup(descriptor), PurePosixPath(), 0)
        except BaseException:
            os.close(descriptor)
            raise

    def _walk(self, descriptor: int, at: PurePosixPath, depth: int) -> None:
        try:
            for name in sorted(os.listdir(descriptor)):
                self._entry()
                self._look(descriptor, name, at / name, depth)
        finally:
            os.close(descriptor)

    def _look(self, descriptor: int, name: str, path: PurePosixPath, depth: int) -> None:
        if not _CLEAN.fullmatch(name):
            self.refused[_shown(str(path))] = "its name cannot be a file's"
            return
        with contextlib.suppress(OSError):
            os.close(open_file(descriptor, name))
            self._add(str(path))
            return
        try:
            below = os.open(name, _STEP, dir_fd=descriptor)
        except OSError:
            self.refused[str(path)] = "not a plain file that can be read (links do not count)"
            return
        if depth >= DEEPEST:
            os.close(below)
            self.refused[str(path)] = f"deeper than {DEEPEST} folders"
            return
        self._walk(below, path, depth + 1)

    def open(self, name: str) -> tuple[BinaryIO, int]:
        """See Bundle; every step to the file is taken without following a link."""
        path = PurePosixPath(name)
        descriptor = os.dup(self._root)
        try:
            for part in path.parts[:-1]:
                below = os.open(part, _STEP, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = below
            file = os.fdopen(open_file(descriptor, path.name), "rb", buffering=0)
        finally:
            os.close(descriptor)
        return file, os.fstat(file.fileno()).st_size

    def close(self) -> None:
        """See Bundle."""
        os.close(self._root)


class TarBundle(Bundle):
    """A plain tar. Only its table of contents is read at first."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._file = os.fdopen(descriptor, "rb")
        self._size = os.fstat(descriptor).st_size
        self._members: dict[str, tarfile.TarInfo] = {}
        bounded: Any = _Bounded(self._file)
        try:
            self._tar = tarfile.open(fileobj=bounded, mode="r:")  # noqa: SIM115 - closed by close
            for member in self._tar:
                self._entry()
                self._take(member)
        except BaseException as error:
            self._file.close()
            if isinstance(error, UNREADABLE):
                raise ArchiveRefused(
                    f"it is not a plain tar (`tar cf`, no compression), or it is cut off: {error}"
                ) from error
            raise

    def _take(self, member: tarfile.TarInfo) -> None:
        name = str(PurePosixPath(member.name))
        shown = _shown(name)
        if member.isdir():
            return
        if member.type not in {tarfile.REGTYPE, tarfile.AREGTYPE} or member.issparse():
            self.refused[shown] = "not a plain file (links, devices and sparse files do not count)"
        elif name.startswith("/") or ".." in PurePosixPath(name).parts:
            self.refused[shown] = "its name leads out of the archive"
        elif len(name) > LONGEST_NAME or not _CLEAN.fullmatch(name):
            self.refused[shown] = "its name cannot be a file's"
        elif member.size < 0 or member.offset_data + member.size > self._size:
            raise tarfile.ReadError(f"{shown} goes beyond the end")
        elif name in self._members:
            raise tarfile.ReadError(f"{shown} is there twice")
        else:
            self._add(name)
            self._members[name] = member

    def open(self, name: str) -> tuple[BinaryIO, int]:
        """See Bundle."""
        member = self._members[name]
        file: Any = self._tar.extractfile(member)
        return file, member.size

    def close(self) -> None:
        """See Bundle."""
        self._tar.close()
        self._file.close()


def open_bundle(root: Path, path: str) -> Bundle:
    """Return what lies at `root`/`path`: a folder, or a file that must be a tar."""
    wanted = PurePosixPath(path)
    if not wanted.name or wanted.name == ".." or "\0" in path:
        raise FolderRefused(f"name a folder or a tar below {root}")
    try:
        folder = open_folder(root, str(wanted.parent))
    except FolderNotFound as error:
        raise ImportNotFound(error.message) from error
    try:
        return _open(folder, wanted.name)
    except OSError as error:
        raise ImportNotFound(
            f"{root / wanted} is neither a folder nor a plain file (links do not count)"
        ) from error
    finally:
        os.close(folder)


def _open(folder: int, name: str) -> Bundle:
    try:
        return FolderBundle(os.open(name, _STEP, dir_fd=folder))
    except NotADirectoryError:
        return TarBundle(open_file(folder, name))


def _shown(name: str) -> str:
    return name[:LONGEST_NAME].encode(errors="replace").decode()


class _Bounded:
    """A file that is never read much of at once: a header may say it is gigabytes long."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek: Callable[..., int] = file.seek
        self.tell: Callable[[], int] = file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= LARGEST_READ:
            raise tarfile.ReadError("an entry's header is too large")
        return self._file.read(size)
