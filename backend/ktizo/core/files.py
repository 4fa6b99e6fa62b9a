"""Writing files that other programs read while we write."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ktizo.core.errors import InsufficientStorage, Unavailable


@contextlib.contextmanager
def readable_os_errors(path: Path) -> Iterator[None]:
    """Turn the disk's own errors into ones an operator can act on."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise InsufficientStorage(
                f"no space left to write {path}; free some and try again"
            ) from error
        raise Unavailable(
            f"cannot write {path}: {error.strerror}; check its owner, mode and mount"
        ) from error


def ensure_dir(path: Path, mode: int = 0o755) -> Path:
    """Make `path` with its parents; an existing folder keeps its mode."""
    with readable_os_errors(path):
        path.mkdir(parents=True, exist_ok=True, mode=mode)
    return path


def write_atomic(path: Path, content: bytes | str, mode: int = 0o644) -> None:
    """Replace `path` in one step: readers see the old bytes or the new ones, never a mix.

    The temporary file lies beside the target, because rename is atomic only inside one file
    system; it is flushed before the rename, so a power cut cannot leave an empty file behind.
    Raises InsufficientStorage or Unavailable; the old file then stays as it was.
    """
    data = content.encode() if isinstance(content, str) else content
    ensure_dir(path.parent)
    with readable_os_errors(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            temporary.replace(path)
            _flush_entry(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _flush_entry(folder: Path) -> None:
    """Make the new name itself survive a power cut (fsync(2): the folder needs its own)."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
