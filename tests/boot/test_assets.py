"""Files sent to machines: HTTP as clients expect it, and never a byte that was not verified."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ktizo.boot.assets import Assets, AssetUnknown
from ktizo.boot.machine.assets import AssetRoute
from ktizo.core import verify
from ktizo.core.bootdb import boot_reader
from ktizo.core.db import Database
from ktizo.core.errors import Unavailable
from ktizo.core.shelf import Shelf
from ktizo.core.writer import Writer
from ktizo.events import store as events
from ktizo.events.kinds import EVERYTHING

pytestmark = pytest.mark.anyio
CONTENT = bytes(range(256)) * 4096  # 1 MiB
SHA = hashlib.sha256(CONTENT).hexdigest()
ETAG = f'"{SHA}"'
LINUX = "/boot/assets/deb/linux"


class Notes:
    """Stands for the front: keeps what it is told."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str, dict[str, Any]]] = []

    def note(self, _action: str, path: str, _address: str, outcome: str, **more: Any) -> None:
        self.kept.append((path, outcome, more))

    def mac_at(self, address: str) -> str | None:
        return "52:54:00:aa:bb:cc" if address == "10.0.0.9" else None


@pytest.fixture
async def assets(
    api: httpx.AsyncClient, db: Database, writer: Writer, tmp_path: Path
) -> AsyncIterator[Assets]:
    body = {"name": "deb", "type": "debian_preseed"}
    assert (await api.post("/api/v1/boot/profiles", json=body)).status_code == 201
    await upload(api, "linux", CONTENT)
    reader = boot_reader(db)
    yield Assets(tmp_path, reader, writer)
    reader.close()


async def upload(api: httpx.AsyncClient, name: str, content: bytes) -> None:
    answer = await api.put(f"/api/v1/boot/profiles/deb/assets/{name}", content=content)
    assert answer.is_success, answer.text


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
async def lan(assets: Assets, notes: Notes) -> AsyncIterator[httpx.AsyncClient]:
    """A machine's view: the route alone, as raw ASGI."""
    route = AssetRoute(assets)
    route.front = notes  # type: ignore[assignment]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await route(scope, receive, send, "10.0.0.9")

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://ktizo.test") as client:
        yield client


def blob(tmp_path: Path) -> Path:
    return Shelf(tmp_path).path(SHA)


async def altered_events(db: Database, writer: Writer) -> list[dict]:
    assert await writer.flush()
    async with db.read() as session:
        found = await events.between(session, 0, None, EVERYTHING, 1000)
    return [event.data for event in found if event.kind == "asset_altered"]


async def test_a_whole_file(lan: httpx.AsyncClient, notes: Notes):
    answer = await lan.get(LINUX)
    assert answer.status_code == 200
    assert answer.content == CONTENT
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == ETAG
    assert answer.headers["cache-control"] == "no-cache"
    assert [(path, outcome, more["kind"], more["mac"]) for path, outcome, more in notes.kept] == [
        (LINUX, "sent", "kernel_sent", "52:54:00:aa:bb:cc")
    ]
    data = (("profile", "deb"), ("file", "linux"), ("bytes", len(CONTENT)))
    assert notes.kept[0][2]["data"] == data


async def test_firmware_asks_for_the_length_first(lan: httpx.AsyncClient, notes: Notes):
    answer = await lan.head(LINUX)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["etag"] == ETAG
    assert notes.kept == []


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=1048575-", 1048575, 1048576),
        ("bytes=-5", 1048571, 1048576),
        ("bytes=-99999999", 0, 1048576),
        ("bytes=5-99999999", 5, 1048576),
    ],
)
async def test_a_part_of_a_file(lan: httpx.AsyncClient, asked: str, begin: int, end: int):
    answer = await lan.get(LINUX, headers={"range": asked})
    assert answer.status_code == 206
    assert answer.content == CONTENT[begin:end]
    assert answer.headers["content-range"] == f"bytes {begin}-{end - 1}/{len(CONTENT)}"
    assert answer.headers["content-length"] == str(end - begin)
    head = await lan.head(LINUX, headers={"range": asked})
    assert (head.status_code, head.headers["content-length"]) == (206, str(end - begin))


async def test_several_parts_of_a_file(lan: httpx.AsyncClient):
    answer = await lan.get(LINUX, headers={"range": "bytes=0-1,10-11"})
    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert b"Content-Range: bytes 0-1/1048576\r\n\r\n\x00\x01\r\n" in answer.content
    assert b"Content-Range: bytes 10-11/1048576\r\n\r\n\x0a\x0b\r\n" in answer.content


async def test_a_part_that_is_not_there(lan: httpx.AsyncClient):
    answer = await lan.get(LINUX, headers={"range": "bytes=1048576-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */1048576"
    assert (await lan.get(LINUX, headers={"range": "lines=1-2"})).status_code == 400
    assert (await lan.get(LINUX, headers={"range": "bytes=9-1"})).status_code == 400


@pytest.mark.parametrize("given", [ETAG, f"W/{ETAG}", f'"other", {ETAG}', "*"])
async def test_who_has_the_file_is_told_so(lan: httpx.AsyncClient, given: str):
    answer = await lan.get(LINUX, headers={"if-none-match": given, "range": "bytes=0-1"})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == ETAG


async def test_who_has_another_file_gets_this_one(lan: httpx.AsyncClient):
    answer = await lan.get(LINUX, headers={"if-none-match": '"other"'})
    assert answer.status_code == 200


async def test_a_part_is_only_added_to_the_same_file(lan: httpx.AsyncClient):
    part = {"range": "bytes=0-1"}
    assert (await lan.get(LINUX, headers={**part, "if-range": ETAG})).status_code == 206
    changed = await lan.get(LINUX, headers={**part, "if-range": '"other"'})
    assert (changed.status_code, changed.content) == (200, CONTENT)
    assert (await lan.get(LINUX, headers={**part, "if-range": f"W/{ETAG}"})).status_code == 200


async def test_files_are_not_posted_to(lan: httpx.AsyncClient):
    answer = await lan.post(LINUX)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_server_that_sends_files_itself_gets_the_path(assets: Assets, tmp_path: Path):
    route, sent = AssetRoute(assets), []
    route.front = Notes()  # type: ignore[assignment]
    scope = {
        "type": "http",
        "method": "GET",
        "path": LINUX,
        "headers": [],
        "extensions": {"http.response.pathsend": {}},
    }

    async def send(message: dict) -> None:
        sent.append(message)

    await route(scope, None, send, "10.0.0.9")
    assert [message["type"] for message in sent] == [
        "http.response.start",
        "http.response.pathsend",
    ]
    assert sent[1]["path"] == str(blob(tmp_path))


@pytest.mark.parametrize(
    "path",
    [
        "deb/nosuch",
        "nosuch/linux",
        "deb/",
        "deb",
        "",
        "/linux",
        "deb/linux/",
        "deb/../deb/linux",
        "../ktizo.db",
        "deb/..%2f..%2fktizo.db",
        "deb/%2e%2e/%2e%2e/ktizo.db",
        "deb//etc/passwd",
        "deb/linux%00",
        "deb/linux%0a",
        "deb/\u202elinux",
        "deb/" + "x" * 300,
        "DEB/linux",
    ],
)
async def test_only_names_in_the_table_are_files(lan: httpx.AsyncClient, path: str, notes: Notes):
    answer = await lan.request("GET", httpx.URL(f"http://ktizo.test/boot/assets/{path}"))
    if answer.status_code == 200:  # httpx resolved the dots itself
        assert answer.content == CONTENT
        return
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("asset_unknown: ")
    assert notes.kept[0][1] == "asset_unknown"


async def test_what_each_file_is_in_its_profile(api: httpx.AsyncClient, assets: Assets):
    await upload(api, "initrd.gz", b"initrd")
    await upload(api, "cdrom.iso", b"iso")
    parts = [(await assets.find("deb", name)).part for name in ("linux", "initrd.gz", "cdrom.iso")]
    assert parts == ["kernel", "initrd", "file"]


async def test_a_new_upload_is_served_at_once(api: httpx.AsyncClient, lan: httpx.AsyncClient):
    assert (await lan.get(LINUX)).content == CONTENT
    await upload(api, "linux", b"new")
    answer = await lan.get(LINUX, headers={"if-none-match": ETAG})
    assert (answer.status_code, answer.content) == (200, b"new")
    await api.delete("/api/v1/boot/profiles/deb/assets/linux")
    assert (await lan.get(LINUX)).status_code == 404


def change(path: Path, content: bytes) -> None:
    before = path.stat().st_ctime_ns
    path.chmod(0o644)
    path.write_bytes(content)
    while path.stat().st_ctime_ns == before:  # older kernels tick every 4 ms
        path.write_bytes(content)


async def test_an_altered_file_is_withheld_and_told_once(
    lan: httpx.AsyncClient, tmp_path: Path, db: Database, writer: Writer, notes: Notes
):
    change(blob(tmp_path), CONTENT[:-1] + b"!")
    for _ in range(3):
        answer = await lan.get(LINUX)
        assert answer.status_code == 404
        assert answer.text == (
            "asset_altered: linux of deb is not what was stored; bring it again\n"
        )
    assert await altered_events(db, writer) == [{"profile": "deb", "file": "linux", "sha256": SHA}]
    assert notes.kept[0][1] == "asset_altered"


async def test_an_altered_file_is_withheld_even_with_its_old_time(
    lan: httpx.AsyncClient, tmp_path: Path
):
    before = blob(tmp_path).stat()
    change(blob(tmp_path), CONTENT[:-1] + b"!")
    os.utime(blob(tmp_path), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (await lan.get(LINUX)).status_code == 404


@pytest.mark.parametrize("damage", ["cut", "gone", "link", "folder", "empty"])
async def test_a_damaged_file_is_withheld(lan: httpx.AsyncClient, tmp_path: Path, damage: str):
    path = blob(tmp_path)
    if damage == "cut":
        os.truncate(path, 1000)
    elif damage == "empty":
        change(path, b"")
    else:
        path.unlink()
    if damage == "link":
        (tmp_path / "copy").write_bytes(CONTENT)
        path.symlink_to(tmp_path / "copy")
    elif damage == "folder":
        path.mkdir()
    assert (await lan.get(LINUX)).status_code == 404


async def test_a_file_put_back_from_a_backup_is_verified_and_served(
    lan: httpx.AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    hashed: list[Path] = []
    real = verify.hash_file
    monkeypatch.setattr(verify, "hash_file", lambda path: hashed.append(path) or real(path))
    assert (await lan.get(LINUX)).status_code == 200
    assert hashed == []  # it was verified as it came
    blob(tmp_path).unlink()
    assert (await lan.get(LINUX)).status_code == 404
    blob(tmp_path).write_bytes(CONTENT)
    answers = await asyncio.gather(*(lan.get(LINUX) for _ in range(8)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, CONTENT)}
    assert (await lan.get(LINUX)).status_code == 200
    assert hashed == [blob(tmp_path)]  # once, for all who asked


async def test_uploading_it_again_mends_an_altered_file(
    api: httpx.AsyncClient, lan: httpx.AsyncClient, tmp_path: Path
):
    change(blob(tmp_path), b"altered")
    assert (await lan.get(LINUX)).status_code == 404
    await upload(api, "copy-of-linux", CONTENT)
    assert (await lan.get(LINUX)).content == CONTENT


async def test_without_a_database_no_file_is_sent(
    assets: Assets, lan: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    async def gone() -> int:
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(assets._reader, "version", gone)
    answer = await lan.get(LINUX)
    assert (answer.status_code, answer.text) == (
        503,
        "unavailable: the database does not answer\n",
    )


async def test_a_name_that_cannot_be_is_not_looked_up(
    assets: Assets, monkeypatch: pytest.MonkeyPatch
):
    async def never(*_: Any) -> list[Any]:
        raise AssertionError

    monkeypatch.setattr(assets._reader, "rows", never)
    monkeypatch.setattr(assets._reader, "version", never)
    with pytest.raises(AssetUnknown):
        await assets.find("deb", "../linux")
    with pytest.raises(AssetUnknown):
        await assets.find("deb\n", "linux")
