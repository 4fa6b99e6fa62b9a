"""Filling the mirror without internet, from folders and tars nobody vouches for."""

import hashlib
import io
import os
import struct
import tarfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from images.conftest import files_in, stored
from images.factory_double import FACTORY, LINE, VANILLA, VERSION, FactoryDouble, sha256
from ktizo.clusters.reading.store import of_session
from ktizo.core import shelf as shelf_of_assets
from ktizo.core.db import Database
from ktizo.images import archive, store
from ktizo.images.image import NETWORK_BOOT, Arch, files_of
from ktizo.images.ready import network_boot
from ktizo.images.resume import Images
from ktizo.images.wish import wish

pytestmark = pytest.mark.anyio
IMPORT = "/api/v1/images/mirror/import"
BUILD = {"schematic": VANILLA, "version": VERSION}
FILES = {
    "kernel-amd64": b"\x7fkernel",
    "initramfs-amd64.xz": b"\x7finitramfs" * 1000,
    "cmdline-metal-amd64": LINE.encode(),
}


def sums(files: dict[str, bytes]) -> bytes:
    return "".join(f"{sha256(data)}  {name}\n" for name, data in files.items()).encode()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "import").mkdir()
    return tmp_path / "import"


def folder_of(files: dict[str, bytes], at: Path) -> None:
    for name, data in files.items():
        (at / name).parent.mkdir(parents=True, exist_ok=True)
        (at / name).write_bytes(data)


def tar_of(files: dict[str, bytes], at: Path, **options: Any) -> None:
    with tarfile.open(at, "w", **options) as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


async def take(api: httpx.AsyncClient, path: str, **more: Any) -> Any:
    return await api.post(IMPORT, json={"path": path, **more})


def refused(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {one["name"]: one["reason"] for one in answer.json()["refused"]}


async def test_a_folder_makes_a_build_ready_with_the_internet_unplugged(
    api: httpx.AsyncClient,
    root: Path,
    db: Database,
    factory: FactoryDouble,
    tmp_path: Path,
    told: Any,
):
    factory.away = True
    folder_of({**FILES, "SHA256SUMS": sums(FILES)}, root / "talos")
    answer = await take(api, "talos", **BUILD)
    assert refused(answer) == {}
    assert [one["name"] for one in answer.json()["imported"]] == sorted(FILES)
    assert {one["state"] for one in answer.json()["imported"]} == {"stored"}
    assert {one["checksum_from"] for one in answer.json()["imported"]} == {"listed"}
    assert stored(tmp_path) == {sha256(data) for data in FILES.values()}
    async with db.read() as session:
        ready = await network_boot(of_session(session), VANILLA, VERSION, Arch.AMD64)
    assert ready.line == LINE
    assert len(await told("image_stored")) == 3
    assert factory.asked == []


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"format": tarfile.USTAR_FORMAT},
        {"format": tarfile.GNU_FORMAT},
        {"format": tarfile.PAX_FORMAT},
    ],
)
async def test_a_tar_of_several_builds_says_itself_what_is_what(
    api: httpx.AsyncClient, root: Path, tmp_path: Path, options: dict
):
    files = {f"./{VANILLA}/{VERSION}/{name}": data for name, data in FILES.items()} | {
        "bundle/release/v1.13.9/vmlinuz-arm64": b"\x7farm"
    }
    tar_of({**files, "SHA256SUMS": sums(files)}, root / "b.tar", **options)
    answer = await take(api, "b.tar")
    assert refused(answer) == {}
    assert {(one["schematic"], one["version"]) for one in answer.json()["imported"]} == {
        (VANILLA, VERSION),
        ("release", "v1.13.9"),
    }
    assert len(stored(tmp_path)) == 4


async def test_a_releases_own_checksum_file_will_do(api: httpx.AsyncClient, root: Path):
    files = {"vmlinuz-amd64": b"\x7fk", "initramfs-amd64.xz": b"\x7fi", "talosctl": b"t"}
    folder_of(files, root / "r")
    listed = {**files, "metal-arm64.iso": b"", "talosctl-linux-amd64": b""}
    (root / "r" / "sha256sum.txt").write_bytes(sums(listed))
    answer = await take(api, str(root / "r"), schematic="release", version=VERSION)
    assert len(answer.json()["imported"]) == 2
    assert refused(answer) == {
        "talosctl": "its name is not that of a file of a build, as kernel-amd64"
    }


@pytest.mark.parametrize("kind", ["folder", "tar"])
async def test_only_what_is_listed_and_right_is_taken(
    api: httpx.AsyncClient, root: Path, tmp_path: Path, kind: str
):
    listed = {**FILES, "metal-amd64.iso": b"\x7fiso", "metal-amd64-uki.efi": b"\x7fuki"}
    files = {**FILES, "initramfs-amd64.xz": b"\x7faltered", "kernel-arm64": b"\x7funlisted"}
    files["metal-amd64-uki.efi"] = b"\x7fu"
    files["SHA256SUMS"] = sums(listed)
    (folder_of if kind == "folder" else tar_of)(files, root / "x")
    answer = await take(api, "x", **BUILD)
    assert [one["name"] for one in answer.json()["imported"]] == [
        "cmdline-metal-amd64",
        "kernel-amd64",
    ]
    why = refused(answer)
    assert why.keys() == {
        *("initramfs-amd64.xz", "kernel-arm64", "metal-amd64.iso", "metal-amd64-uki.efi")
    }
    assert why["kernel-arm64"] == "no SHA256SUMS beside it lists it"
    assert why["metal-amd64.iso"] == "its checksum is listed, and the file is not there"
    assert why["initramfs-amd64.xz"].startswith("the file's SHA-256 is ")
    assert stored(tmp_path) == {sha256(FILES[name]) for name in FILES if "init" not in name}
    assert files_in(tmp_path / "assets" / "tmp") == {}


async def test_without_checksums_nothing_is_taken(api: httpx.AsyncClient, root: Path):
    folder_of(FILES, root / "x")
    answer = await take(api, "x", **BUILD)
    assert (answer.status_code, answer.json()["code"]) == (422, "no_checksums")
    (root / "x" / "SHA256SUMS").write_bytes(b"<html>")
    assert (await take(api, "x", **BUILD)).json()["code"] == "checksums_unreadable"
    (root / "x" / "SHA256SUMS").write_bytes(b"#" * 1024 * 1024 + b"#")
    assert (await take(api, "x", **BUILD)).json()["code"] == "checksums_unreadable"


async def test_without_a_build_plain_names_mean_nothing(api: httpx.AsyncClient, root: Path):
    folder_of({**FILES, "SHA256SUMS": sums(FILES)}, root / "x")
    assert refused(await take(api, "x")).keys() == FILES.keys()
    half = await take(api, "x", version=VERSION)
    assert (half.status_code, half.json()["code"]) == (422, "invalid")


async def test_a_cmdline_file_that_is_none_is_refused(api: httpx.AsyncClient, root: Path):
    files = {"cmdline-metal-amd64": b"quiet splash"}
    folder_of({**files, "SHA256SUMS": sums(files)}, root / "x")
    assert (
        "talos.platform=metal must be there"
        in refused(await take(api, "x", **BUILD))["cmdline-metal-amd64"]
    )


async def test_a_file_that_is_there_already_cannot_be_exchanged(
    api: httpx.AsyncClient, root: Path, tmp_path: Path
):
    folder_of({**FILES, "SHA256SUMS": sums(FILES)}, root / "x")
    assert refused(await take(api, "x", **BUILD)) == {}
    assert refused(await take(api, "x", **BUILD)) == {}  # the same again is harmless
    other = {"kernel-amd64": b"\x7fanother"}
    folder_of({**other, "SHA256SUMS": sums(other)}, root / "y")
    assert "delete the old first" in refused(await take(api, "y", **BUILD))["kernel-amd64"]
    assert len(stored(tmp_path)) == 3


async def test_an_import_ends_the_download_of_the_same_file(
    api: httpx.AsyncClient, root: Path, room: Images, db: Database, factory: FactoryDouble
):
    factory.may_build.clear()
    images = files_of(VANILLA, VERSION, [Arch.AMD64], NETWORK_BOOT)
    async with db.write() as session:
        ids = [row.id for row in await wish(session, images, {})]
    await room.mirror.at_once(ids)
    await factory.until_building()
    folder_of({**FILES, "SHA256SUMS": sums(FILES)}, root / "x")
    assert refused(await take(api, "x", **BUILD)) == {}
    await room.mirror.settled()
    async with db.read() as session:
        assert all(row.sha256 for row in await store.files(session))
    assert not [one for one in factory.asked if one.host != FACTORY]


async def test_a_full_disk_stops_an_import_and_keeps_what_was_good(
    api: httpx.AsyncClient, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder_of({**FILES, "SHA256SUMS": sums(FILES)}, root / "x")
    monkeypatch.setattr(shelf_of_assets, "RESERVE", 2**60)
    answer = await take(api, "x", **BUILD)
    assert (answer.status_code, answer.json()["code"]) == (507, "insufficient_storage")
    assert files_in(tmp_path / "assets") == {}


# What comes from an archive nobody vouches for


@pytest.fixture
def secret(tmp_path: Path) -> bytes:
    (tmp_path / "secret").write_bytes(b"\x7fsecret")
    return b"\x7fsecret"


def hostile(at: Path, *members: tuple[tarfile.TarInfo, bytes]) -> None:
    listing = sums(FILES | dict.fromkeys(("kernel-arm64", "metal-amd64.iso"), b"\x7fsecret"))
    with tarfile.open(at, "w") as tar:
        for member, data in [*members, (tarfile.TarInfo("SHA256SUMS"), listing)]:
            member.size = len(data) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(data))


def member(name: str, kind: bytes = tarfile.REGTYPE, to: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, to
    return made


@pytest.mark.parametrize(
    "name",
    [
        "../kernel-amd64",
        "/kernel-amd64",
        "a/../../kernel-amd64",
        "..",
        "x/\x1b[31mkernel-amd64",
        "é/kernel-amd64",
        "a" * 290 + "/kernel-amd64",
    ],
)
async def test_a_name_that_leads_elsewhere_is_passed_over(
    api: httpx.AsyncClient, root: Path, tmp_path: Path, name: str
):
    before = files_in(tmp_path)
    hostile(root / "x.tar", (member(name), FILES["kernel-amd64"]))
    answer = await take(api, "x.tar", **BUILD)
    assert answer.json()["imported"] == []
    after = {path for path in files_in(tmp_path) if not path.startswith(("ktizo.db", "import"))}
    assert after == {path for path in before if not path.startswith(("ktizo.db", "import"))}


@pytest.mark.parametrize(
    ("kind", "to"),
    [
        (tarfile.SYMTYPE, "../secret"),
        (tarfile.LNKTYPE, "../secret"),
        (tarfile.LNKTYPE, "kernel-amd64"),
        (tarfile.CHRTYPE, ""),
        (tarfile.BLKTYPE, ""),
        (tarfile.FIFOTYPE, ""),
        (tarfile.CONTTYPE, ""),
        (tarfile.DIRTYPE, ""),
        (tarfile.GNUTYPE_SPARSE, ""),
        (b"Z", ""),
    ],
)
async def test_only_plain_files_of_a_tar_are_taken(
    api: httpx.AsyncClient, root: Path, secret: bytes, tmp_path: Path, kind: bytes, to: str
):
    hostile(
        root / "x.tar",
        (member("kernel-amd64"), FILES["kernel-amd64"]),
        (member("kernel-arm64", kind, to), b""),
    )
    answer = await take(api, "x.tar", **BUILD)
    if answer.status_code == 200:
        assert [one["name"] for one in answer.json()["imported"]] == ["kernel-amd64"]
    else:
        assert answer.json()["code"] == "archive_refused"
    assert sha256(secret) not in stored(tmp_path)


def raw_header(name: bytes, size: int, kind: bytes = b"0") -> bytes:
    field = b"\x80" + size.to_bytes(11, "big") if size >= 8**11 else b"%011o\0" % size
    head = struct.pack("100s8s8s8s12s12s", name, b"644\0", b"0\0", b"0\0", field, b"0\0")
    head += b" " * 8 + kind + bytes(100) + b"ustar\x0000" + bytes(247)
    return head[:148] + b"%06o\0 " % sum(head) + head[156:]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a tar",
        bytes(1024),
        os.urandom(4096),
        raw_header(b"kernel-amd64", 2**40),
        raw_header(b"kernel-amd64", 600) + bytes(512),
        raw_header(b"kernel-amd64", 2**63),
        raw_header(b"x", 2**33, b"x") + bytes(1024),  # a header of 8 GiB
        raw_header(b"x", 2**30, b"L") + bytes(1024),
        raw_header(b"x", 64, b"x") + b"99999999999999999 a=b\n".ljust(512, b"\0"),
        raw_header(b"x", 64, b"x") + b"30 GNU.sparse.major=1\n".ljust(512, b"\0") + bytes(1024),
    ],
    ids=range(11),
)
async def test_what_is_no_honest_tar_is_refused_in_words(
    api: httpx.AsyncClient, root: Path, data: bytes, tmp_path: Path
):
    (root / "x.tar").write_bytes(data)
    answer = await take(api, "x.tar", **BUILD)
    assert answer.status_code == 422
    assert answer.json()["code"] in {"archive_refused", "no_checksums"}
    assert stored(tmp_path) == set()


async def test_headers_within_headers_do_not_hurt(api: httpx.AsyncClient, root: Path):
    one = raw_header(b"x", 10, b"x") + b"10 a=bcde\n".ljust(512, b"\0")
    (root / "x.tar").write_bytes(one * 5000)
    answer = await take(api, "x.tar", **BUILD)
    assert answer.json()["code"] in {"archive_refused", "no_checksums"}


async def test_a_compressed_tar_is_refused_for_it_could_be_a_bomb(
    api: httpx.AsyncClient, root: Path
):
    for mode in ("w:gz", "w:xz", "w:bz2"):
        with tarfile.open(root / "x.tar", mode) as tar:
            bomb = tarfile.TarInfo("kernel-amd64")
            bomb.size = 5_000_000
            tar.addfile(bomb, io.BytesIO(bytes(bomb.size)))
        answer = await take(api, "x.tar", **BUILD)
        assert answer.json()["code"] == "archive_refused"
        assert "no compression" in answer.json()["message"]


async def test_a_name_that_is_there_twice_is_no_honest_tar(api: httpx.AsyncClient, root: Path):
    hostile(root / "x.tar", (member("kernel-amd64"), b"one"), (member("./kernel-amd64"), b"two"))
    answer = await take(api, "x.tar", **BUILD)
    assert (answer.status_code, "there twice" in answer.json()["message"]) == (422, True)


async def test_an_endless_table_of_contents_is_refused(
    api: httpx.AsyncClient, root: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(archive, "MOST_FILES", 10)
    for count, kind in ((11, tarfile.REGTYPE), (21, tarfile.DIRTYPE)):
        tar = [(member(f"d{number}", kind), b"") for number in range(count)]
        hostile(root / "x.tar", *tar)
        answer = await take(api, "x.tar", **BUILD)
        assert (answer.status_code, answer.json()["code"]) == (422, "folder_refused")
    folder_of({f"f{number}": b"" for number in range(11)}, root / "x")
    assert (await take(api, "x", **BUILD)).json()["code"] == "folder_refused"


async def test_a_cut_tar_gives_what_is_whole_in_it_or_nothing(
    api: httpx.AsyncClient, root: Path, tmp_path: Path
):
    tar_of({"SHA256SUMS": sums(FILES), **FILES}, root / "whole.tar")
    data = (root / "whole.tar").read_bytes()
    for end in range(0, len(data), 1111):
        (root / "cut.tar").write_bytes(data[:end])
        answer = await take(api, "cut.tar", **BUILD)
        assert answer.status_code in {200, 422}
        assert stored(tmp_path) <= {sha256(content) for content in FILES.values()}


# What comes from a folder nobody vouches for


async def test_links_and_odd_things_in_a_folder_are_passed_over(
    api: httpx.AsyncClient, root: Path, secret: bytes, tmp_path: Path
):
    listed = {
        "kernel-amd64": FILES["kernel-amd64"],
        **{f"{name}": secret for name in ("kernel-arm64", "a/metal-amd64.iso", "metal-amd64.iso")},
    }
    folder_of({"kernel-amd64": FILES["kernel-amd64"], "SHA256SUMS": sums(listed)}, root / "x")
    (root / "x" / "kernel-arm64").symlink_to(tmp_path / "secret")
    (root / "x" / "a").symlink_to(tmp_path)
    os.mkfifo(root / "x" / "metal-amd64.iso")
    (root / "x" / "\udcff\x1b").mkdir()
    deep = root / "x" / "1" / "2" / "3" / "4" / "5"
    deep.mkdir(parents=True)
    (deep / "kernel-arm64").write_bytes(secret)
    answer = await take(api, "x", **BUILD)
    assert [one["name"] for one in answer.json()["imported"]] == ["kernel-amd64"]
    passed_over = {"kernel-arm64", "a", "metal-amd64.iso", "1/2/3/4/5", "?\x1b"}
    assert passed_over <= refused(answer).keys()
    assert sha256(secret) not in stored(tmp_path)


async def test_a_file_exchanged_for_a_link_after_the_look_is_not_followed(
    api: httpx.AsyncClient,
    root: Path,
    secret: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    listed = {"kernel-amd64": secret}
    folder_of({"kernel-amd64": secret, "SHA256SUMS": sums(listed)}, root / "x")
    real = archive.FolderBundle.open

    def exchange(self: Any, name: str) -> Any:
        if name == "kernel-amd64":
            (root / "x" / name).unlink()
            (root / "x" / name).symlink_to(tmp_path / "secret")
        return real(self, name)

    monkeypatch.setattr(archive.FolderBundle, "open", exchange)
    answer = await take(api, "x", **BUILD)
    assert refused(answer) == {"kernel-amd64": "not a plain file that can be read"}


@pytest.mark.parametrize(
    "path", ["..", ".", "/", "/etc", "x/../..", "link", "link/x.tar", "nosuch", "nosuch/x", "a\0b"]
)
async def test_nothing_outside_the_import_folder_is_read(
    api: httpx.AsyncClient, root: Path, tmp_path: Path, path: str
):
    outside = tmp_path / "outside"
    folder_of({**FILES, "SHA256SUMS": sums(FILES)}, outside)
    tar_of({**FILES, "SHA256SUMS": sums(FILES)}, outside / "x.tar")
    (root / "link").symlink_to(outside)
    answer = await take(api, path, **BUILD)
    assert answer.status_code in {404, 422}
    assert answer.json()["code"] in {"folder_refused", "import_not_found"}
    assert stored(tmp_path) == set()


async def test_a_tar_that_is_a_link_is_not_followed(
    api: httpx.AsyncClient, root: Path, tmp_path: Path
):
    tar_of({**FILES, "SHA256SUMS": sums(FILES)}, tmp_path / "x.tar")
    (root / "x.tar").symlink_to(tmp_path / "x.tar")
    assert (await take(api, "x.tar", **BUILD)).json()["code"] == "import_not_found"


def test_the_checksums_of_these_tests_are_what_sha256sum_writes():
    assert sums({"a": b""}) == f"{hashlib.sha256().hexdigest()}  a\n".encode()
