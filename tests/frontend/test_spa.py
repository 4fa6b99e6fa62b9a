"""The dashboard's files are served safely, and never in place of an API answer."""

import gzip
import os
from pathlib import Path

import httpx
import pytest

from ktizo.core.spa import Spa

INDEX = b"<!doctype html><title>Ktizo</title>"
SCRIPT = b"console.log(1)\n" * 100


async def behind(scope, receive, send):
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"the API"})


def client_of(folder: Path) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=Spa(behind, folder))
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    return httpx.AsyncClient(transport=transport, base_url="http://ktizo", headers=browser)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / ".vite").mkdir()
    (tmp_path / ".vite" / "manifest.json").write_text("{}")
    (tmp_path / "index.html").write_bytes(INDEX)
    (tmp_path / "favicon.svg").write_text("<svg/>")
    script = tmp_path / "assets" / "app-a1b2.js"
    script.write_bytes(SCRIPT)
    script.with_name("app-a1b2.js.gz").write_bytes(gzip.compress(SCRIPT))
    return tmp_path


@pytest.fixture
async def client(folder):
    async with client_of(folder) as client:
        yield client


pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "path", ["/", "/machines/7?q=x", "/setup", "/apis", "/bootstrap", "/.vite/x"]
)
async def test_every_page_is_the_one_page(client, path):
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.content == INDEX
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/", "//boot/menu.ipxe", "/menu.ipxe", "/machines"])
@pytest.mark.parametrize("accept", ["", "*/*"])
async def test_firmware_that_lost_its_way_is_never_given_a_page(client, path, accept):
    """BIOS iPXE hangs on a page that comes with a 200."""
    answer = await client.get(f"http://ktizo{path}", headers={"accept": accept})
    assert answer.status_code == 404
    assert b"<" not in answer.content


@pytest.mark.parametrize("path", ["/api", "/api/v1/devices", "/api/nothing", "/boot", "/boot/x"])
async def test_the_api_and_the_machines_routes_are_left_alone(client, path):
    assert (await client.get(path)).status_code == 418


async def test_only_get_and_head_are_answered(client):
    assert (await client.post("/")).status_code == 418
    head = await client.head("/machines")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(INDEX))


async def test_every_answer_is_guarded(client):
    for path in ("/", "/assets/app-a1b2.js", "/assets/gone.js", "/favicon.svg"):
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


async def test_hashed_files_are_kept_for_ever_and_come_packed(client):
    answer = await client.get("/assets/app-a1b2.js", headers={"accept-encoding": "gzip, br;q=0"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.content == SCRIPT
    for refused in ("", "br", "gzip;q=0", "identity"):
        plain = await client.get("/assets/app-a1b2.js", headers={"accept-encoding": refused})
        assert "content-encoding" not in plain.headers
        assert plain.content == SCRIPT


async def test_a_file_of_an_older_build_is_gone_not_a_page(client):
    answer = await client.get("/assets/app-old.js")
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


async def test_a_page_that_did_not_change_is_not_sent_again(client):
    etag = (await client.get("/")).headers["etag"]
    again = await client.get("/", headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret",
        "/..%2fsecret",
        "/%2e%2e/secret",
        "//etc/passwd",
        "/.vite/manifest.json",
        "/a\\..\\b",
    ],
)
async def test_nothing_outside_the_folder_is_ever_read(client, folder, path):
    (folder.parent / "secret").write_text("secret")
    answer = await client.get(path)
    assert answer.content in {INDEX, b""}


async def test_a_new_build_is_noticed(client, folder):
    await client.get("/")
    (folder / "index.html").write_bytes(b"<!doctype html>new")
    os.utime(folder / "index.html", (1, 1))
    assert (await client.get("/")).content == b"<!doctype html>new"


async def test_without_a_build_a_page_says_how(tmp_path):
    async with client_of(tmp_path / "nowhere") as client:
        answer = await client.get("/")
        assert answer.status_code == 200
        assert "make setup" in answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert (await client.get("/api/v1/health")).status_code == 418
