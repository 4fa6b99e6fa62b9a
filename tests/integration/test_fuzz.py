"""Every machine route against hostile input: the disk, or a 4xx with a code; never a 5xx."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings

from integration.conftest import OpenHouse
from integration.hostile import (
    WORDS,
    Reply,
    ask,
    headers,
    judge,
    methods,
    paths,
    queries,
    segments,
    values,
)
from integration.house import UUID_A, House, open_house

pytestmark = pytest.mark.anyio
fuzz = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
KNOWN = "52:54:00:00:00:05"  # approved, and known by marks nothing here ever guesses


@pytest.fixture
async def town(tmp_path: Path, grown: tuple[Path, str], database_kind: str) -> AsyncIterator[House]:
    """A Ktizo with something to lose: an approved machine, files, a loader."""
    loaders = tmp_path / "loaders"
    loaders.mkdir()
    (loaders / "ipxe.efi").write_bytes(b"MZ" + b"loader" * 50)
    async with open_house(tmp_path, database_kind, grown=grown) as house:
        await house.ready(KNOWN, uuid=UUID_A, serial_hex=b"SN-1".hex())
        yield house
        # Whatever came in also went through the writer to the database, and none of it was lost.
        await house.flush()
        device = await house.device(KNOWN)
        assert device["state"] in {"approved", "conflict"}
        assert (await house.api("GET", "audit/verify"))["ok"]
        await house.events()
        await house.api("GET", f"devices/{device['id']}/timeline")


@fuzz
@given(query=queries)
@example(query=b"mac=52-54-00-00-00-05&serial=" + b"a" * 3000)
@example(query=b"mac=52-54-00-00-00-05&choice=debian&choice=debian")
@example(query=b"mac=52-54-00-00-00-05" + b"&x=" * 5000)
@example(query=b"mac=%35%32%35%34%30%30%30%30%30%30%30%35&uuid=%00")
async def test_no_question_gets_anything_but_the_disk(query: bytes, town: House):
    for path in ("/boot/menu.ipxe", "/boot/debian.ipxe"):
        reply = await ask(town.app, path, query)
        judge(reply, path)
        assert reply.status in {200, 414}


@fuzz
@given(path=paths, query=queries, method=methods)
async def test_no_path_reaches_anything_it_should_not(
    path: str, query: bytes, method: str, town: House
):
    judge(await ask(town.app, path, query, method=method), path, method)


@fuzz
@given(given_headers=headers, method=methods)
async def test_no_header_changes_what_a_machine_is_told(
    given_headers: list[tuple[bytes, bytes]], method: str, town: House
):
    for path, query in (
        ("/boot/boot.ipxe", b""),
        ("/boot/menu.ipxe", b"mac=52-54-00-00-00-01"),
        ("/boot/assets/debian/linux", b""),
        ("/boot/loaders/ipxe.efi", b""),
        ("/boot/configs/1~1~AAAAAAAAAAAAAAAAAAAAAA/preseed.cfg", b""),
        ("/boot/done/1~1~AAAAAAAAAAAAAAAAAAAAAA", b""),
    ):
        judge(await ask(town.app, path, query, method=method, headers=given_headers), path, method)


@fuzz
@given(profile=segments, file=segments)
@example(profile="debian", file="../../../ktizo.db")
@example(profile="debian/..", file="linux")
@example(profile="..", file="sha256")
@example(profile="debian", file="linux/")
@example(profile="debian", file="/linux")
@example(profile="debian", file="linux\0.txt")
async def test_a_file_is_found_by_its_exact_name_or_not_at_all(
    profile: str, file: str, town: House
):
    for room in ("assets", "loaders", "configs", "done"):
        path = f"/boot/{room}/{profile}/{file}"
        reply = await ask(town.app, path)
        judge(reply, path)
        if reply.status == 200 and room != "assets":
            pytest.fail(f"{path}: {reply}")
        if reply.status == 200:
            assert reply.body == f"{profile}/{file}".encode()


@fuzz
@given(value=values)
async def test_a_forwarded_address_is_believed_from_nobody_by_default(value: bytes, town: House):
    for header in (b"x-forwarded-for", b"forwarded", b"x-real-ip"):
        reply = await ask(
            town.app,
            "/boot/boot.ipxe",
            headers=[(b"host", b"ktizo"), (header, value)],
            address="203.0.113.7",
        )
        assert (reply.status, reply.body[:19]) == (403, b"address_not_allowed")


LIES = [
    (b"10.0.0.5", "10.0.0.5"),
    (b"10.0.0.5, 10.0.0.6", "10.0.0.6"),
    (b"8.8.8.8, 10.0.0.5", "10.0.0.5"),
    (b"10.0.0.5, 192.0.2.9", "10.0.0.5"),  # the right-most that is no proxy of ours
    (b"10.0.0.5,, ,", "10.0.0.5"),
    (b"nonsense", "192.0.2.9"),
    (b"10.0.0.5, nonsense", "192.0.2.9"),
    (b"", "192.0.2.9"),
    (b"10.0.0.5:1234", "192.0.2.9"),
    (b"[fd00::1]", "192.0.2.9"),
    (b"fd00::0:1", "fd00::0:1"),
    (b"\xff\xfe", "192.0.2.9"),
]


@pytest.mark.parametrize(("value", "address"), LIES)
async def test_a_trusted_proxy_is_believed_as_far_as_its_own_word_goes(
    value: bytes, address: str, opened: OpenHouse
):
    async with opened(
        trusted_proxies=["192.0.2.9/32"], machine_cidrs=["10.0.0.0/8", "fd00::/8", "192.0.2.9/32"]
    ) as house:
        given_headers = [(b"host", b"ktizo"), (b"x-forwarded-for", value)]
        query = b"mac=52-54-00-00-00-01"
        reply = await ask(
            house.app, "/boot/menu.ipxe", query, headers=given_headers, address="192.0.2.9"
        )
        assert reply.status == 200
        await house.flush()
        assert (await house.device("52:54:00:00:00:01"))["address"] == address


async def test_an_address_with_a_long_zone_neither_breaks_the_database_nor_the_history(
    tmp_path: Path, grown: tuple[Path, str], database_kind: str
):
    changes = {"trusted_proxies": ["192.0.2.9/32"], "machine_cidrs": ["fe80::/10"]}
    async with open_house(tmp_path, database_kind, grown=grown, **changes) as house:
        given_headers = [(b"x-forwarded-for", b"fe80::1%" + b"z" * 300)]
        reply = await ask(
            house.app,
            "/boot/menu.ipxe",
            b"mac=52-54-00-00-00-01",
            headers=given_headers,
            address="192.0.2.9",
        )
        assert reply.status in {200, 403}
        await house.flush()
        assert len((await house.events())[0]["address"] or "") <= 45


async def test_awkward_words_of_a_machine_reach_the_office_as_text(house: House):
    for number, word in enumerate(WORDS):
        raw = word.encode("utf-8", "replace")[:200]
        query = f"mac=5254000000{number:02x}&product_hex={raw.hex()}&vendor_hex={raw.hex()}"
        judge(await ask(house.app, "/boot/menu.ipxe", query.encode()), "/boot/menu.ipxe")
    await house.flush()
    devices = await house.devices()
    assert len(devices) == len(WORDS)
    for device in devices:
        for text in (device["product"], device["vendor"]):
            assert text is None or (text.isprintable() and len(text) <= 128)


async def test_requests_beyond_the_limit_of_an_address_are_refused_with_a_code(opened: OpenHouse):
    async with opened(machine_rate_limit="20/hour") as house:
        replies: list[Reply] = [await ask(house.app, "/boot/boot.ipxe") for _ in range(25)]
        assert [reply.status for reply in replies] == [200] * 20 + [429] * 5
        assert replies[-1].body.startswith(b"too_many_requests: ")
        assert (await ask(house.app, "/boot/boot.ipxe", address="10.0.0.67")).status == 200


async def test_who_is_refused_cannot_fill_the_disk_with_lines_about_it(opened: OpenHouse):
    async with opened(machine_rate_limit="5/hour") as house:
        for number in range(200):
            await ask(house.app, f"/boot/{number}-{'x' * 400}.ipxe")
        await house.flush()
        assert len(await house.audit(actor="machine")) < 20
