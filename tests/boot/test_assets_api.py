"""Uploading, replacing, removing and importing files of a profile."""

import asyncio
import hashlib
import os
import shutil
from collections import namedtuple
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from ktizo.boot.keep import tidy
from ktizo.core import shelf as shelf_of_assets
from ktizo.core.db import Database
from ktizo.core.shelf import Shelf
from ktizo.core.writer import Writer
from ktizo.events import store as events
from ktizo.events.kinds import EVERYTHING

pytestmark = pytest.mark.anyio
DEB = "/api/v1/boot/profiles/deb"
Usage = namedtuple("Usage", "total used free")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
async def profile(api: httpx.AsyncClient) -> None:
    for name in ("deb", "other"):
        body = {"name": name, "type": "debian_preseed"}
        assert (await api.post("/api/v1/boot/profiles", json=body)).status_code == 201


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def stored(tmp_path: Path) -> list[bytes]:
    return sorted(files_in(tmp_path / "assets").values())


async def put(api: httpx.AsyncClient, name: str, content: bytes, profile="deb", **headers: str):
    path = f"/api/v1/boot/profiles/{profile}/assets/{name}"
    return await api.put(path, content=content, headers=headers)


async def told(db: Database, writer: Writer, kind: str) -> list[dict]:
    assert await writer.flush()
    async with db.read() as session:
        found = await events.between(session, 0, None, EVERYTHING, 1000)
    return [event.data for event in found if event.kind == kind]


async def test_an_uploaded_file_lies_under_its_checksum(api: httpx.AsyncClient, tmp_path: Path):
    answer = await put(api, "linux", b"kernel", **{"X-Checksum-Sha256": sha256(b"kernel").upper()})
    assert answer.status_code == 201
    asset = answer.json()
    assert (asset["name"], asset["sha256"], asset["size"]) == ("linux", sha256(b"kernel"), 6)
    assert asset["url"] == "/boot/assets/deb/linux"
    path = tmp_path / "assets" / "sha256" / sha256(b"kernel")[:2] / sha256(b"kernel")
    assert path.read_bytes() == b"kernel"
    assert path.stat().st_mode & 0o777 == 0o444
    assert (await api.get(f"{DEB}/assets")).json() == [asset]
    assert (await api.get(DEB)).json()["missing"] == ["initrd.gz"]


async def test_the_checksum_is_noted_where_none_was_given(api: httpx.AsyncClient):
    assert (await put(api, "linux", b"kernel")).json()["sha256"] == sha256(b"kernel")
    assert (await put(api, "empty", b"")).json()["size"] == 0


async def test_a_file_that_fails_its_checksum_is_not_taken(
    api: httpx.AsyncClient, tmp_path: Path, db: Database, writer: Writer
):
    await put(api, "linux", b"old")
    answer = await put(api, "linux", b"new", **{"X-Checksum-Sha256": sha256(b"other")})
    assert (answer.status_code, answer.json()["code"]) == (422, "checksum_mismatch")
    assert answer.json()["message"] == (
        f"the file's SHA-256 is {sha256(b'new')}, not {sha256(b'other')}; send it again"
    )
    assert stored(tmp_path) == [b"old"]
    assert (await api.get(f"{DEB}/assets")).json()[0]["sha256"] == sha256(b"old")
    assert (await told(db, writer, "asset_refused"))[0]["file"] == "linux"


async def test_a_new_file_takes_the_place_of_the_old_one(api: httpx.AsyncClient, tmp_path: Path):
    await put(api, "linux", b"old")
    assert (await put(api, "linux", b"new")).status_code == 200
    assert stored(tmp_path) == [b"new"]
    assert (await put(api, "linux", b"new")).status_code == 200
    assert stored(tmp_path) == [b"new"]


async def test_a_content_lives_as_long_as_anyone_has_it(api: httpx.AsyncClient, tmp_path: Path):
    await put(api, "linux", b"kernel")
    await put(api, "vmlinuz", b"kernel")
    await put(api, "linux", b"kernel", profile="other")
    assert stored(tmp_path) == [b"kernel"]
    assert (await api.delete(f"{DEB}/assets/linux")).status_code == 204
    assert (await api.delete("/api/v1/boot/profiles/other")).status_code == 204
    assert stored(tmp_path) == [b"kernel"]
    assert (await api.delete(f"{DEB}/assets/vmlinuz")).status_code == 204
    assert stored(tmp_path) == []
    gone = await api.delete(f"{DEB}/assets/vmlinuz")
    assert (gone.status_code, gone.json()["code"]) == (404, "asset_not_found")


async def test_deleting_a_profile_removes_its_files(api: httpx.AsyncClient, tmp_path: Path):
    await put(api, "linux", b"kernel")
    assert (await api.delete(DEB)).status_code == 204
    assert stored(tmp_path) == []


async def test_an_upload_that_breaks_off_leaves_nothing(api: httpx.AsyncClient, tmp_path: Path):
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 3_000_000
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError):
        await api.put(f"{DEB}/assets/linux", content=broken())
    assert files_in(tmp_path / "assets") == {}
    assert (await api.get(f"{DEB}/assets")).json() == []


async def test_a_sender_that_goes_away_leaves_nothing(api: httpx.AsyncClient, tmp_path: Path):
    messages = [
        {"type": "http.request", "body": b"x" * 3_000_000, "more_body": True},
        {"type": "http.disconnect"},
    ]
    answered: list[dict] = []

    async def receive() -> dict:
        return messages.pop(0)

    async def send(message: dict) -> None:
        answered.append(message)

    scope = {
        "type": "http",
        "method": "PUT",
        "path": f"{DEB}/assets/linux",
        "raw_path": b"",
        "query_string": b"",
        "headers": [(b"content-length", b"9000000")],
        "server": ("ktizo.test", 80),
        "scheme": "http",
        "http_version": "1.1",
    }
    await api._transport.app(scope, receive, send)
    assert answered[0]["status"] == 400
    assert b"upload_interrupted" in answered[1]["body"]
    assert files_in(tmp_path / "assets") == {}


async def test_fewer_bytes_than_announced_are_not_a_file(api: httpx.AsyncClient, tmp_path: Path):
    async def short() -> AsyncIterator[bytes]:
        yield b"abc"

    headers = {"content-length": "4"}
    answer = await api.put(f"{DEB}/assets/linux", content=short(), headers=headers)
    assert answer.status_code == 422
    assert answer.json()["message"] == "4 bytes were announced, 3 came"
    assert files_in(tmp_path / "assets") == {}


async def test_a_file_may_be_as_large_as_the_setting_says(
    api: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("ktizo.boot.api.assets.GIB", 1)  # so the limit is 8 bytes
    assert (await put(api, "fits", b"12345678")).status_code == 201
    assert (await put(api, "large", b"123456789")).json()["code"] == "too_large"

    async def unannounced() -> AsyncIterator[bytes]:
        yield b"123456789"

    answer = await api.put(f"{DEB}/assets/linux", content=unannounced())
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert stored(tmp_path) == [b"12345678"]


async def test_a_disk_without_room_is_told_before_the_upload(
    api: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    free = 64 * 1024 * 1024 + 5
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free))
    assert (await put(api, "fits", b"12345")).status_code == 201
    answer = await put(api, "linux", b"123456")
    assert (answer.status_code, answer.json()["code"]) == (507, "insufficient_storage")
    assert stored(tmp_path) == [b"12345"]


async def test_a_disk_that_fills_up_on_the_way_ends_the_upload(
    api: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shelf_of_assets, "RESERVE", 4)
    room = iter([1000, 1000, 3])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, next(room)))

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * shelf_of_assets.CHUNK

    answer = await api.put(f"{DEB}/assets/linux", content=endless())
    assert answer.json()["code"] == "insufficient_storage"
    assert files_in(tmp_path / "assets") == {}


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "%2e%2e",
        "..%2f..%2fktizo.db",
        "a%2fb",
        ".hidden",
        "a%00b",
        "a%0a",
        "a b",
        "-x",
        "é",
        "x" * 129,
    ],
)
async def test_a_file_has_a_plain_name(api: httpx.AsyncClient, tmp_path: Path, name: str):
    answer = await put(api, name, b"x")
    assert answer.status_code in {404, 405, 422}
    assert files_in(tmp_path / "assets") == {}


async def test_what_cannot_be_a_file_is_refused(api: httpx.AsyncClient):
    assert (await put(api, "linux", b"x", profile="nosuch")).status_code == 404
    assert (await put(api, "linux", b"x", **{"X-Checksum-Sha256": "abc"})).status_code == 422
    packed = await put(api, "linux", b"x", **{"Content-Encoding": "gzip"})
    assert packed.json()["code"] == "encoded_upload"


async def test_a_profile_deleted_during_the_upload_gets_no_file(
    api: httpx.AsyncClient, tmp_path: Path
):
    async def slow() -> AsyncIterator[bytes]:
        yield b"abc"
        assert (await api.delete(DEB)).status_code == 204

    answer = await api.put(f"{DEB}/assets/linux", content=slow())
    assert (answer.status_code, answer.json()["code"]) == (404, "profile_not_found")
    assert files_in(tmp_path / "assets") == {}


async def test_two_uploads_of_one_name_leave_one_whole_file(api: httpx.AsyncClient, tmp_path: Path):
    contents = [bytes([n]) * 2_500_000 for n in range(4)]
    answers = await asyncio.gather(*(put(api, "linux", content) for content in contents))
    assert {answer.status_code for answer in answers} <= {200, 201}
    (left,) = (await api.get(f"{DEB}/assets")).json()
    assert [sha256(content) for content in stored(tmp_path)] == [left["sha256"]]


async def test_an_upload_tells_how_far_it_is(api: httpx.AsyncClient, db: Database, writer: Writer):
    mib = 1024 * 1024
    content = b"x" * (5 * mib)

    async def in_pieces() -> AsyncIterator[bytes]:
        for begin in range(0, len(content), mib // 4):
            yield content[begin : begin + mib // 4]

    headers = {"content-length": str(len(content))}
    await api.put(f"{DEB}/assets/linux", content=in_pieces(), headers=headers)
    assert await told(db, writer, "asset_progress") == [
        {"profile": "deb", "file": "linux", "bytes": n * mib, "total": 5 * mib} for n in range(1, 6)
    ]
    assert await told(db, writer, "asset_stored") == [
        {"profile": "deb", "file": "linux", "sha256": sha256(content), "bytes": 5 * mib}
    ]
    await api.delete(f"{DEB}/assets/linux")
    assert await told(db, writer, "asset_removed") == [{"profile": "deb", "file": "linux"}]


async def test_what_a_crash_left_is_swept_away_at_start(
    api: httpx.AsyncClient, db: Database, tmp_path: Path
):
    await put(api, "linux", b"kernel")
    (tmp_path / "assets" / "tmp" / "half").write_bytes(b"ker")
    orphan = Shelf(tmp_path).path(sha256(b"orphan"))
    orphan.parent.mkdir(parents=True, exist_ok=True)
    orphan.write_bytes(b"orphan")
    assert await tidy(db, Shelf(tmp_path)) == 2
    assert stored(tmp_path) == [b"kernel"]
    assert await tidy(db, Shelf(tmp_path)) == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "import" / "debian"
    made.mkdir(parents=True)
    (made / "linux").write_bytes(b"kernel")
    (made / "initrd.gz").write_bytes(b"initrd")
    return made


async def take(api: httpx.AsyncClient, path: str) -> httpx.Response:
    return await api.post(f"{DEB}/import", json={"path": path})


async def test_a_folder_is_imported(api: httpx.AsyncClient, folder: Path, tmp_path: Path):
    answer = await take(api, "debian")
    assert answer.status_code == 200
    assert answer.json() == {
        "imported": [
            {"name": "initrd.gz", "sha256": sha256(b"initrd"), "size": 6, "checked": False},
            {"name": "linux", "sha256": sha256(b"kernel"), "size": 6, "checked": False},
        ],
        "refused": [],
    }
    assert stored(tmp_path) == [b"initrd", b"kernel"]
    assert (await api.get(DEB)).json()["missing"] == []
    assert (await take(api, str(folder))).status_code == 200


async def test_a_folders_checksums_are_honoured(
    api: httpx.AsyncClient, folder: Path, tmp_path: Path
):
    (folder / "SHA256SUMS").write_text(
        f"# comment\n{sha256(b'kernel')}  linux\n{sha256(b'other').upper()} *./initrd.gz\n"
        f"{sha256(b'')}  missing.gz\n{sha256(b'')}  ./images/elsewhere\n\n"
    )
    found = (await take(api, "debian")).json()
    assert [(one["name"], one["checked"]) for one in found["imported"]] == [("linux", True)]
    assert {one["name"]: one["reason"] for one in found["refused"]} == {
        "initrd.gz": f"the file's SHA-256 is {sha256(b'initrd')}, not {sha256(b'other')};"
        " send it again",
        "missing.gz": "its checksum is listed, and the file is not there",
    }
    assert stored(tmp_path) == [b"kernel"]


async def test_a_folder_with_broken_checksums_is_not_imported(
    api: httpx.AsyncClient, folder: Path, tmp_path: Path
):
    (folder / "SHA256SUMS").write_text("<html>\n")
    answer = await take(api, "debian")
    assert (answer.status_code, answer.json()["code"]) == (422, "checksums_unreadable")
    assert answer.json()["message"] == "SHA256SUMS line 1 is not `<sha256>  <name>`"
    assert files_in(tmp_path / "assets") == {}


async def test_only_plain_files_are_imported(api: httpx.AsyncClient, folder: Path, tmp_path: Path):
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "inside").symlink_to("linux")
    (folder / "below").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "a b").write_bytes(b"x")
    (folder / ".hidden").write_bytes(b"x")
    (folder / "\udcff").write_bytes(b"x")  # a name that is not UTF-8
    found = (await take(api, "debian")).json()
    assert [one["name"] for one in found["imported"]] == ["initrd.gz", "linux"]
    assert {one["name"] for one in found["refused"]} == {
        *("link", "inside", "below", "pipe", "a b", ".hidden", "?")
    }
    assert b"secret" not in stored(tmp_path)


@pytest.mark.parametrize(
    "path",
    ["..", "debian/../..", "/etc", "/", "link", "link/etc", "nosuch", "debian/linux", "a\0b"],
)
async def test_nothing_outside_the_import_folder_is_read(
    api: httpx.AsyncClient, folder: Path, tmp_path: Path, path: str
):
    (folder.parent / "link").symlink_to("/")
    answer = await take(api, path)
    assert answer.status_code in {404, 422}
    assert answer.json()["code"] in {"folder_refused", "folder_not_found"}
    assert files_in(tmp_path / "assets") == {}


async def test_without_an_import_folder_the_answer_says_where_it_belongs(
    api: httpx.AsyncClient, tmp_path: Path
):
    answer = await take(api, "debian")
    assert answer.json()["code"] == "folder_not_found"
    assert str(tmp_path / "import") in answer.json()["message"]


async def test_a_full_disk_stops_an_import_and_leaves_nothing(
    api: httpx.AsyncClient, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    room = iter([2**40, 0])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, next(room)))
    answer = await take(api, "debian")
    assert (answer.status_code, answer.json()["code"]) == (507, "insufficient_storage")
    assert files_in(tmp_path / "assets") == {}


async def test_a_read_only_data_folder_is_told_in_words(
    api: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "assets").write_text("in the way")
    answer = await put(api, "linux", b"x")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "check its owner, mode and mount" in answer.json()["message"]
