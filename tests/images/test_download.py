"""Fetching one file, whatever the connections do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from images.conftest import files_in
from images.factory_double import (
    FACTORY,
    STORE,
    VANILLA,
    VERSION,
    FactoryDouble,
    Fault,
    content,
    sha256,
)
from ktizo.core import shelf as shelf_of_assets
from ktizo.core.errors import InsufficientStorage, KtizoError, TooLarge
from ktizo.core.http import Http
from ktizo.core.shelf import ChecksumMismatch, Shelf
from ktizo.core.upstream import UpstreamAway, UpstreamBroken, UpstreamHasNot
from ktizo.images import download
from ktizo.images.download import IDLE_TRIES, Claims, Wanted, fetch
from ktizo.images.factory import Place

pytestmark = pytest.mark.anyio
NAME = "initramfs-amd64.xz"
CONTENT = content(VANILLA, VERSION, NAME)
SHA = sha256(CONTENT)
URL = f"http://{FACTORY}/image/{VANILLA}/{VERSION}/{NAME}"
LIMIT = 100_000_000


@pytest.fixture
async def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


Fetch = Callable[..., object]


class Fetcher:
    """Fetches the file; the bytes told on the way are in `told`."""

    def __init__(self, http: Http, shelf: Shelf) -> None:
        self.http, self.shelf = http, shelf
        self.claims = Claims(shelf)
        self.told: list[tuple[int, int | None]] = []

    async def __call__(self, expected: str | None = None, limit: int = LIMIT) -> bytes:
        wanted = Wanted("p", Place(URL, {"Authorization": "Bearer t"}), limit, expected)
        tell = lambda size, total: self.told.append((size, total))  # noqa: E731
        part = await fetch(self.http, self.shelf, wanted, self.claims, tell)
        data = part.path.read_bytes()
        assert part.sha256 == sha256(data)
        part.discard()
        return data

    @property
    def left(self) -> dict[str, bytes]:
        return files_in(self.shelf.parts) if self.shelf.parts.exists() else {}


@pytest.fixture
async def get(http: Http, shelf: Shelf) -> AsyncIterator[Fetcher]:
    fetcher = Fetcher(http, shelf)
    yield fetcher
    assert fetcher.claims._claims == {}


async def test_a_file_is_fetched_by_way_of_the_store(get: Fetcher, factory: FactoryDouble):
    assert await get(SHA) == CONTENT
    assert [one.host for one in factory.asked] == [FACTORY, STORE]
    assert "authorization" in factory.asked[0].headers
    assert "authorization" not in factory.asked[1].headers
    assert get.told[-1][1] == len(CONTENT)
    assert get.left == {}


async def test_a_file_is_fetched_from_a_factory_without_a_store(
    get: Fetcher, factory: FactoryDouble
):
    factory.redirects = False
    assert await get() == CONTENT
    assert [one.host for one in factory.asked] == [FACTORY]


async def test_a_first_build_may_take_its_time(get: Fetcher, factory: FactoryDouble):
    factory.may_build.clear()
    fetching = asyncio.create_task(get(SHA))
    await factory.until_building()
    assert not fetching.done()
    factory.may_build.set()
    assert await fetching == CONTENT


async def test_a_build_that_is_not_ready_is_asked_for_again(get: Fetcher, factory: FactoryDouble):
    factory.fault(FACTORY, NAME, Fault(status=504), Fault(status=429, retry_after="3"))
    assert await get(SHA) == CONTENT


@pytest.mark.parametrize("expected", [SHA, None])
async def test_a_broken_connection_is_gone_on_from(
    get: Fetcher, factory: FactoryDouble, expected: str | None
):
    factory.fault(STORE, NAME, Fault(cut_after=700_000), Fault(cut_after=1), Fault())
    assert await get(expected) == CONTENT
    begins = [one.headers.get("range") for one in factory.gets(STORE)]
    assert begins == [None, "bytes=700000-", "bytes=700001-"]
    assert factory.gets(STORE)[1].headers["if-range"].startswith('"')


async def test_a_stop_is_gone_on_from_in_the_next_life(
    get: Fetcher, http: Http, shelf: Shelf, factory: FactoryDouble
):
    factory.fault(STORE, NAME, Fault(cut_after=1_200_000), *[Fault(refuse=True)] * 100)
    with pytest.raises(UpstreamAway):
        await get()
    assert {name: len(data) for name, data in get.left.items() if name == "p.part"} == {
        "p.part": 1_200_000
    }
    factory.faults.clear()
    again = Fetcher(http, shelf)
    assert await again() == CONTENT
    assert factory.asked[-1].headers["range"] == "bytes=1200000-"


async def test_a_killed_process_goes_on_from_the_last_broken_connection(
    get: Fetcher, factory: FactoryDouble, http: Http, shelf: Shelf
):
    factory.fault(STORE, NAME, Fault(cut_after=900_000), Fault(status=503))
    safe: list[str] = []

    async def look(_: float) -> None:
        safe.append((shelf.parts / "p.json").read_text())

    http._sleep = look
    assert await get() == CONTENT
    assert '"size": 900000' in safe[0]


async def test_a_cancelled_download_leaves_what_came(
    get: Fetcher, factory: FactoryDouble, http: Http, shelf: Shelf
):
    factory.fault(STORE, NAME, Fault(cut_after=1_100_000), Fault(status=503))

    async def stop(_: float) -> None:
        raise asyncio.CancelledError

    http._sleep = stop
    with pytest.raises(asyncio.CancelledError):
        await get()
    assert len(get.left["p.part"]) == 1_100_000


async def test_another_file_is_never_added_to_the_first_half(
    get: Fetcher, factory: FactoryDouble, http: Http, shelf: Shelf
):
    factory.fault(STORE, NAME, Fault(cut_after=900_000), *[Fault(refuse=True)] * 100)
    with pytest.raises(UpstreamAway):
        await get()
    factory.faults.clear()
    other = factory.altered[NAME] = b"\x7f" + bytes(1_500_000)
    assert await Fetcher(http, shelf)() == other


async def test_without_a_tag_only_a_known_checksum_allows_going_on(
    get: Fetcher, factory: FactoryDouble
):
    factory.etags = False
    factory.fault(STORE, NAME, Fault(cut_after=800_000))
    assert await get() == CONTENT
    assert [one.headers.get("range") for one in factory.gets(STORE)] == [None, None]
    factory.asked.clear()
    factory.fault(STORE, NAME, Fault(cut_after=800_000))
    assert await get(SHA) == CONTENT
    assert factory.gets(STORE)[1].headers["range"] == "bytes=800000-"
    assert "if-range" not in factory.gets(STORE)[1].headers


async def test_two_halves_that_do_not_fit_are_fetched_once_more_whole(
    get: Fetcher, factory: FactoryDouble
):
    factory.etags = False
    factory.altered[NAME] = bytes([CONTENT[0], 1]) + CONTENT[2:]
    factory.fault(STORE, NAME, Fault(cut_after=800_000))
    real = factory.content

    def change(*place: str) -> bytes:
        if len(factory.gets(STORE)) > 1:
            factory.altered.clear()
        return real(*place)

    factory.content = change  # type: ignore[method-assign]
    assert await get(SHA) == CONTENT
    begins = [one.headers.get("range") for one in factory.gets(STORE)]
    assert begins == [None, "bytes=800000-", None]


async def test_a_server_that_knows_no_parts_sends_all_of_it_again(
    get: Fetcher, factory: FactoryDouble
):
    factory.ranges = False
    factory.fault(STORE, NAME, Fault(cut_after=800_000))
    assert await get() == CONTENT


async def test_a_server_that_always_breaks_at_the_same_place_is_given_up(
    get: Fetcher, factory: FactoryDouble
):
    factory.ranges = False
    factory.fault(STORE, NAME, *[Fault(cut_after=800_000)] * 100)
    with pytest.raises(UpstreamAway):
        await get(SHA)
    assert len(factory.gets(STORE)) == IDLE_TRIES + 1


async def test_a_part_that_was_whole_already_needs_no_more_bytes(
    get: Fetcher, factory: FactoryDouble, http: Http, shelf: Shelf
):
    factory.fault(STORE, NAME, Fault(cut_after=len(CONTENT) - 1), *[Fault(refuse=True)] * 100)
    with pytest.raises(UpstreamAway):
        await get()
    factory.faults.clear()
    part = download.open_part(shelf, "p", LIMIT)
    part.write(CONTENT[-1:])
    part.leave()
    assert await Fetcher(http, shelf)() == CONTENT
    assert factory.asked[-1].headers["range"] == f"bytes={len(CONTENT)}-"


async def test_a_part_longer_than_the_file_is_begun_anew(
    get: Fetcher, factory: FactoryDouble, shelf: Shelf
):
    part = download.open_part(shelf, "p", LIMIT)
    part.begin(SHA)
    part.write(CONTENT + b"more")
    part.leave()
    factory.etags = False
    assert await get(SHA) == CONTENT


async def test_an_altered_file_is_refused_and_not_kept(get: Fetcher, factory: FactoryDouble):
    factory.altered[NAME] = CONTENT[:-1] + b"!"
    with pytest.raises(ChecksumMismatch) as caught:
        await get(SHA)
    assert caught.value.detail["expected"] == SHA
    assert get.left == {}


@pytest.mark.parametrize(
    "body", [b"<!DOCTYPE html><p>Log in", b'\n  {"error": "no"}', b" <html>" + bytes(3_000_000)]
)
async def test_a_page_is_not_taken_for_a_file(get: Fetcher, factory: FactoryDouble, body: bytes):
    factory.fault(STORE, NAME, Fault(body=body))
    with pytest.raises(UpstreamBroken, match="sends a page in place of the file"):
        await get()
    assert get.left.get("p.part", b"") == b""


async def test_a_file_without_length_or_checksum_cannot_be_told_from_a_cut_one(
    get: Fetcher, factory: FactoryDouble
):
    factory.fault(STORE, NAME, Fault(length=False), Fault(length=False))
    with pytest.raises(UpstreamBroken, match="neither how long the file is nor its checksum"):
        await get()
    assert await get(SHA) == CONTENT


async def test_an_empty_file_is_not_taken(get: Fetcher, factory: FactoryDouble):
    factory.fault(STORE, NAME, Fault(body=b""))
    with pytest.raises(UpstreamBroken, match="sends an empty file"):
        await get()


async def test_a_file_larger_than_allowed_is_refused_before_it_comes(
    get: Fetcher, factory: FactoryDouble
):
    with pytest.raises(TooLarge):
        await get(limit=1_000_000)
    assert get.told == []
    assert get.left == {}


async def test_what_the_factory_does_not_know_is_not_asked_for_twice(
    get: Fetcher, factory: FactoryDouble
):
    factory.known.clear()
    with pytest.raises(UpstreamHasNot):
        await get()
    assert len(factory.asked) == 1


async def test_a_faulty_factory_costs_nothing_of_what_is_there(
    get: Fetcher, factory: FactoryDouble
):
    factory.fault(STORE, NAME, Fault(cut_after=1_000_000), Fault(status=500))
    with pytest.raises(KtizoError):
        await get()
    assert len(get.left["p.part"]) == 1_000_000


async def test_a_file_that_does_not_fit_is_refused_before_it_comes(
    get: Fetcher, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shelf_of_assets, "RESERVE", 2**60)
    with pytest.raises(InsufficientStorage):
        await get()
    assert get.told == []


async def test_files_that_come_together_do_not_count_on_the_same_room(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
):
    shelf.parts.mkdir(parents=True)
    asked: list[int] = []
    monkeypatch.setattr(download, "need_room", lambda _, size: asked.append(size))
    claims = Claims(shelf)
    claims.claim("a", 100)
    claims.claim("b", 10)
    claims.reached("a", 30)
    claims.claim("b", 10)
    claims.release("a")
    claims.claim("c", 1)
    assert asked == [100, 110, 40, 11]
