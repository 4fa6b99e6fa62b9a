"""Taking the files of a folder on the appliance, below data/import.

The folder may be a network share, or filled by someone with fewer rights: so each step into it
refuses symlinks, and what is read is what was checked, never a name looked up twice.
"""

import asyncio
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from ktizo.core.errors import Invalid, KtizoError, NotFound
from ktizo.core.files import readable_os_errors
from ktizo.core.shelf import CHUNK, ChecksumMismatch, Incoming, Shelf
from ktizo.core.upload import Announced, Progress, Tell
from ktizo.core.urls import FILE_NAME

CHECKSUMS = ("SHA256SUMS", "sha256sum.txt")  # Debian and Ubuntu; Talos releases
MOST_FILES = 500
CHECKSUMS_BYTES = 1024 * 1024
_LINE = re.compile(r"([0-9A-Fa-f]{64}) [ *](?:\./)?(.+)")
_STEP = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FolderRefused(Invalid):
    """The folder is not below data/import."""


class FolderNotFound(NotFound):
    """There is no such folder below data/import."""


class ChecksumsUnreadable(Invalid):
    """The folder's checksum file is not one."""


@dataclass
class Folder:
    """What was found: files verified on their way in, and those refused with the reason."""

    taken: dict[str, Incoming] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    checked: set[str] = field(default_factory=set)

    def discard(self) -> None:
        """Leave nothing behind of what was not put in place."""
        for incoming in self.taken.values():
            incoming.discard()


async def take_folder(
    shelf: Shelf, root: Path, path: str, limit: int, tell: Callable[[str, int, int], None]
) -> Folder:
    """Read every file of `root`/`path`; `tell` gets name, bytes so far and bytes in all."""
    descriptor = await asyncio.to_thread(open_folder, root, path)
    folder = Folder()
    try:
        names = sorted(await asyncio.to_thread(os.listdir, descriptor))
        sums = await asyncio.to_thread(_checksums, descriptor, names)
        if len(names) > MOST_FILES:
            raise FolderRefused(f"the folder has more than {MOST_FILES} files")
        for name in names:
            if name not in CHECKSUMS:
                await _take(shelf, descriptor, name, sums, limit, tell, folder)
        for name in sums.keys() - set(names):
            folder.refused[name] = "its checksum is listed, and the file is not there"
    except BaseException:
        folder.discard()
        raise
    finally:
        os.close(descriptor)
    return folder


def open_folder(root: Path, path: str) -> int:
    """Return a descriptor of the folder `root`/`path`; raises FolderRefused or FolderNotFound."""
    wanted = PurePosixPath(path)
    if wanted.is_absolute():
        if not wanted.is_relative_to(root):
            raise FolderRefused(f"only folders below {root} can be imported")
        wanted = wanted.relative_to(root)
    if ".." in wanted.parts or "\0" in path:
        raise FolderRefused(f"only folders below {root} can be imported")
    if not root.is_dir():
        raise FolderNotFound(f"{root} is not there; make it and put a folder of files into it")
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in wanted.parts:
        try:
            below = os.open(part, _STEP, dir_fd=descriptor)
        except OSError as error:
            raise FolderNotFound(f"{root / wanted} is not a folder (links do not count)") from error
        finally:
            os.close(descriptor)
        descriptor = below
    return descriptor


def _checksums(descriptor: int, names: list[str]) -> dict[str, str]:
    """Return the checksums listed in the folder, by file name."""
    found: dict[str, str] = {}
    for listing in CHECKSUMS:
        if listing in names:
            with os.fdopen(open_file(descriptor, listing), "rb") as file:
                text = file.read(CHECKSUMS_BYTES + 1)
            if len(text) > CHECKSUMS_BYTES:
                raise ChecksumsUnreadable(f"{listing} is too large")
            listed = checksums_in(listing, text.decode(errors="replace"))
            # Those of other folders mean nothing here.
            found |= {name: sha256 for name, sha256 in listed.items() if "/" not in name}
    return found


def checksums_in(listing: str, text: str) -> dict[str, str]:
    """Return the SHA-256 of each name in what `sha256sum` wrote; raises ChecksumsUnreadable."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ChecksumsUnreadable(f"{listing} line {number} is not `<sha256>  <name>`")
        found[match[2]] = match[1].lower()
    return found


def open_file(descriptor: int, name: str) -> int:
    """Return a descriptor of a plain file in a folder; raises OSError for anything else."""
    file = os.open(name, _FILE, dir_fd=descriptor)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError("not a plain file")
    return file


async def _take(
    shelf: Shelf,
    descriptor: int,
    name: str,
    sums: dict[str, str],
    limit: int,
    tell: Callable[[str, int, int], None],
    folder: Folder,
) -> None:
    if not re.fullmatch(FILE_NAME, name):
        shown = name.encode(errors="replace").decode()
        folder.refused[shown] = "a file's name may have letters, digits and . _ + - only"
        return
    try:
        source = await asyncio.to_thread(open_file, descriptor, name)
    except OSError:
        folder.refused[name] = "not a plain file that can be read (folders and links do not count)"
        return
    try:
        size = os.fstat(source).st_size
        folder.taken[name] = await copy(
            shelf,
            partial(os.read, source),
            size,
            Announced(limit, None, sums.get(name)),
            lambda so_far: tell(name, so_far, size),
        )
    except ChecksumMismatch as error:
        folder.refused[name] = error.message
    except KtizoError as error:
        if error.status >= 500:  # the disk's fault, and so every file's
            raise
        folder.refused[name] = error.message
    finally:
        os.close(source)
    if name in folder.taken and name in sums:
        folder.checked.add(name)


async def copy(
    shelf: Shelf, read: Callable[[int], bytes], size: int, announced: Announced, tell: Tell
) -> Incoming:
    """Copy what `read` gives until it gives nothing; nothing is left when it fails.

    `size`: how many bytes to expect, for the disk's sake and for `tell`.
    """
    incoming = await asyncio.to_thread(shelf.receive, announced.limit, size)
    progress = Progress(tell, size)
    try:
        while await asyncio.to_thread(_pump, read, incoming):
            progress.reached(incoming.size)
        await asyncio.to_thread(incoming.finish, announced.sha256, announced.size)
    except BaseException:
        incoming.discard()
        raise
    return incoming


def _pump(read: Callable[[int], bytes], incoming: Incoming) -> int:
    with readable_os_errors(Path("the import")):
        data = read(8 * CHUNK)
    incoming.write(data)
    return len(data)
