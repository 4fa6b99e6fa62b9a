"""Machines as a list: what a filter finds, and in which order."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

from core.databases import KINDS, fresh_database
from core.web import app_with, client_of
from ktizo.boot.asking import ARCHES, FIRMWARES
from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.devices import schemas
from ktizo.devices.api.reading import router
from ktizo.devices.register import register

pytestmark = pytest.mark.anyio
DEVICES = "/api/v1/devices"
FLEET: dict[str, dict[str, str]] = {
    "cp-1": {
        "role": "controlplane",
        "arch": "x86_64",
        "firmware": "uefi",
        "vendor": "Dell Inc.",
        "product": "PowerEdge R640",
        "serial": "S2",
        "address": "10.0.0.100",
    },
    "w-1": {
        "role": "worker",
        "arch": "arm64",
        "firmware": "uefi",
        "vendor": "Ampere",
        "product": "Altra",
        "serial": "S1",
        "address": "10.0.0.9",
    },
    "w-2": {
        "role": "worker",
        "arch": "x86_64",
        "firmware": "bios",
        "vendor": "dell",
        "product": "OptiPlex",
        "serial": "S3",
        "address": "fe80::9",
    },
    "new": {"arch": "i386", "vendor": "100%_real", "address": "192.168.1.1"},
    "blank": {},
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=KINDS)
async def db(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as database:
        yield database


@pytest.fixture
async def api(db: Database) -> AsyncIterator[httpx.AsyncClient]:
    async with db.write() as session:
        for number, (name, fields) in enumerate(FLEET.items()):
            mac = f"52:54:00:00:00:{number:02x}"
            await register(session, [mac], utc_now(), hostname=name, **fields)
    async with client_of(app_with(router, db=db, pairing_key=b"k" * 32)) as client:
        yield client


async def names(api: httpx.AsyncClient, **asked: Any) -> list[str]:
    answer = await api.get(DEVICES, params={"sort": "id", **asked})
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["total"] == len(page["items"])
    return [one["hostname"] for one in page["items"]]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"role": "worker"}, ["w-1", "w-2"]),
        ({"role": ["worker", "controlplane"]}, ["cp-1", "w-1", "w-2"]),
        ({"arch": "x86_64"}, ["cp-1", "w-2"]),
        ({"arch": ["arm64", "i386"]}, ["w-1", "new"]),
        ({"firmware": "uefi"}, ["cp-1", "w-1"]),
        ({"firmware": "bios"}, ["w-2"]),
        ({"vendor": "dell"}, ["cp-1", "w-2"]),
        ({"vendor": "DELL"}, ["cp-1", "w-2"]),
        ({"vendor": "%_"}, ["new"]),
        ({"vendor": "OptiPlex"}, []),
        ({"vendor": "dell", "firmware": "uefi", "role": "controlplane"}, ["cp-1"]),
        ({"arch": "arm64", "q": "cp"}, []),
        ({"state": "registered", "role": "worker", "q": "s3"}, ["w-2"]),
    ],
)
async def test_a_filter_finds_what_fits_all_of_it(
    api: httpx.AsyncClient, asked: dict[str, Any], found: list[str]
):
    assert await names(api, **asked) == found


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        # 9 before 100; other kinds of address after IPv4; none last, both ways
        ("address", ["w-1", "cp-1", "new", "w-2", "blank"]),
        ("-address", ["new", "cp-1", "w-1", "w-2", "blank"]),
        ("vendor", ["new", "w-1", "w-2", "cp-1", "blank"]),
        ("-vendor", ["cp-1", "w-2", "w-1", "new", "blank"]),
        ("product", ["w-1", "w-2", "cp-1", "new", "blank"]),
        ("serial", ["w-1", "cp-1", "w-2", "new", "blank"]),
        ("-serial", ["w-2", "cp-1", "w-1", "new", "blank"]),
        ("arch", ["w-1", "new", "w-2", "cp-1", "blank"]),
        ("firmware", ["w-2", "w-1", "cp-1", "new", "blank"]),
        ("role", ["cp-1", "w-1", "w-2", "blank", "new"]),
        ("-role", ["w-2", "w-1", "cp-1", "new", "blank"]),
    ],
)
async def test_a_list_is_sorted_as_people_read_it(
    api: httpx.AsyncClient, sort: str, order: list[str]
):
    assert await names(api, sort=sort) == order


async def test_an_address_that_is_none_does_not_break_the_order(
    api: httpx.AsyncClient, db: Database
):
    async with db.write() as session:
        for number, address in enumerate(("testclient", "1", "1.2.3", "999.1.1.1", "", "01.2.3.4")):
            await register(session, [f"52:54:00:00:01:{number:02x}"], utc_now(), address=address)
    for sort in ("address", "-address"):
        answer = await api.get(DEVICES, params={"sort": sort})
        assert answer.status_code == 200
        shown = [one["hostname"] for one in answer.json()["items"] if one["hostname"]]
        assert {*shown} == {*FLEET}


async def test_pages_of_equals_neither_repeat_nor_lose_a_machine(api: httpx.AsyncClient):
    seen = []
    for offset in range(len(FLEET)):
        asked = {"sort": "-state", "limit": 1, "offset": offset}
        (one,) = (await api.get(DEVICES, params=asked)).json()["items"]
        seen.append(one["hostname"])
    assert sorted(seen) == sorted(FLEET)


@pytest.mark.parametrize(
    "asked",
    [
        {"role": "admin"},
        {"role": ["worker", "x' OR 1=1"]},
        {"arch": "amd64"},
        {"firmware": "efi"},
        {"vendor": "a\0b"},
        {"vendor": "x" * 101},
        {"sort": "notes"},
        {"sort": "--id"},
        {"sort": "vendor,id"},
        {"arch": ["arm64"] * 21},
    ],
)
async def test_a_filter_or_order_that_is_none_is_refused(
    api: httpx.AsyncClient, asked: dict[str, Any]
):
    assert (await api.get(DEVICES, params=asked)).status_code == 422


def test_every_word_a_machine_may_send_can_be_filtered_by():
    assert {*get_args(schemas.Arch)} == {*ARCHES.values()}
    assert {*get_args(schemas.Firmware)} == {*FIRMWARES.values()}
