import os
import stat
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.disks import as_nobody, file_size_limit, small_disk
from ktizo.core.errors import InsufficientStorage, Unavailable
from ktizo.core.files import ensure_dir, write_atomic


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_with_its_folders_and_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "dnsmasq.conf"
    write_atomic(path, "port=0\n")
    assert path.read_text() == "port=0\n"
    assert mode_of(path) == 0o644
    assert names_in(path.parent) == ["dnsmasq.conf"]


def test_text_is_utf8_and_bytes_stay_bytes(tmp_path: Path) -> None:
    write_atomic(tmp_path / "text", "Küche")
    write_atomic(tmp_path / "bytes", b"\0\xff")
    assert (tmp_path / "text").read_bytes() == "Küche".encode()
    assert (tmp_path / "bytes").read_bytes() == b"\0\xff"


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_the_mode_is_the_one_asked_for_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write_atomic(tmp_path / "open", "", 0o644)
        write_atomic(tmp_path / "secret", "", 0o600)
    finally:
        os.umask(before)
    assert (mode_of(tmp_path / "open"), mode_of(tmp_path / "secret")) == (0o644, 0o600)


def test_a_secret_is_never_readable_by_others_not_even_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    fsync = os.fsync

    def look(handle: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(handle).st_mode))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", look)
    write_atomic(tmp_path / "secret", "x", 0o600)
    assert 0o600 in seen
    assert not any(mode & 0o077 for mode in seen if mode != mode_of(tmp_path))


def test_replacing_keeps_who_had_the_old_file_open_on_the_old_bytes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomic(path, "old")
    with path.open() as reader:
        write_atomic(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


def test_readers_see_the_old_bytes_or_the_new_ones_never_a_mix(tmp_path: Path) -> None:
    path = tmp_path / "file"
    texts = {letter * 100_000 for letter in "abcd"}
    write_atomic(path, "a" * 100_000)
    seen: set[str] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for letter in "abcd" * 10:
        write_atomic(path, letter * 100_000)
    done.set()
    reader.join()
    assert seen <= texts


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    try:
        with small_disk(tmp_path / "disk", 64) as folder:
            yield folder
    except (subprocess.CalledProcessError, FileNotFoundError):
        pytest.skip("may not mount a tmpfs (not root)")


def test_a_full_disk_is_a_clear_error_and_the_old_file_stays(full_disk: Path) -> None:
    path = full_disk / "dnsmasq.conf"
    write_atomic(path, "old")
    with pytest.raises(InsufficientStorage, match=r"no space left to write .*dnsmasq\.conf"):
        write_atomic(path, b"x" * 100_000)
    assert path.read_text() == "old"
    assert names_in(full_disk) == ["dnsmasq.conf"]


def test_a_quota_is_a_clear_error_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "dnsmasq.conf"
    write_atomic(path, "old")
    with file_size_limit(1000), pytest.raises((Unavailable, InsufficientStorage), match="dnsmasq"):
        write_atomic(path, b"x" * 5000)
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["dnsmasq.conf"]


@pytest.fixture
def read_only() -> Iterator[Path]:
    # Not in tmp_path: its parents are closed to the user who is nobody.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "dnsmasq.conf").write_text("old")
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


def test_a_read_only_folder_is_a_clear_error_and_the_old_file_stays(read_only: Path) -> None:
    for path in (read_only / "dnsmasq.conf", read_only / "new" / "dnsmasq.conf"):
        with as_nobody(), pytest.raises(Unavailable, match=r"cannot write .*check its owner"):
            write_atomic(path, "new")
    assert names_in(read_only) == ["dnsmasq.conf"]
    assert (read_only / "dnsmasq.conf").read_text() == "old"


def test_a_file_where_a_folder_should_be_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "compiled").write_text("")
    with pytest.raises(Unavailable, match=r"cannot write .*compiled"):
        write_atomic(tmp_path / "compiled" / "dnsmasq.conf", "")


def test_a_folder_where_a_file_should_be_is_a_clear_error_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(Unavailable, match=r"cannot write .*file"):
        write_atomic(tmp_path / "file", "")
    assert names_in(tmp_path) == ["file"]


def test_an_interrupted_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "file", "x")
    assert names_in(tmp_path) == []


def test_a_power_cut_cannot_undo_a_rename_that_was_reported_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is flushed after the rename (fsync(2): the entry needs its own)."""
    order: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def flushed(handle: int) -> None:
        order.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def renamed(path: Path, target: Path) -> Path:
        order.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", renamed)
    write_atomic(tmp_path / "sealing.key", "x", 0o600)
    assert order == ["file", "rename", "folder"]


def test_a_folder_is_made_with_its_mode_and_an_existing_one_keeps_its_own(tmp_path: Path) -> None:
    assert mode_of(ensure_dir(tmp_path / "data", 0o700)) == 0o700
    assert mode_of(ensure_dir(tmp_path / "data", 0o755)) == 0o700
