from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from core.web import app_with, client_of
from ktizo.audit import store
from ktizo.audit.api import router
from ktizo.audit.chain import Entry
from ktizo.core.db import Database

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
async def client(db: Database) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app_with(router, db=db)) as client:
        yield client


@pytest.fixture
async def history(db: Database) -> None:
    """Nine lines, a minute apart: actors ann, bob, machine in turn."""
    async with db.write() as session:
        await store.append(
            session,
            [
                Entry(
                    at=NOON + timedelta(minutes=number),
                    actor=("ann", "bob", "machine")[number % 3],
                    address=f"10.0.0.{number}",
                    action="devices.approve" if number < 6 else "boot",
                    subject=f"device {number % 2}",
                    outcome="ok",
                )
                for number in range(9)
            ],
        )


async def asked(client: httpx.AsyncClient, **query: Any) -> tuple[list[int], int | None]:
    answer = await client.get("/api/v1/audit", params=query)
    assert answer.status_code == 200, answer.text
    return [line["id"] for line in answer.json()["entries"]], answer.json()["next_before"]


async def test_lines_come_newest_first(client: httpx.AsyncClient, history: None) -> None:
    assert await asked(client) == ([9, 8, 7, 6, 5, 4, 3, 2, 1], None)


async def test_a_line_says_everything(client: httpx.AsyncClient, history: None) -> None:
    line = (await client.get("/api/v1/audit?limit=1")).json()["entries"][0]
    assert line.pop("hash") != line.pop("prev_hash")
    assert line == {
        "id": 9,
        "at": "2026-11-21T12:08:00Z",
        "actor": "machine",
        "address": "10.0.0.8",
        "action": "boot",
        "subject": "device 0",
        "outcome": "ok",
        "data": {},
        "count": 1,
    }


async def test_pages_follow_each_other_without_gap_or_repetition(
    client: httpx.AsyncClient, history: None
) -> None:
    seen: list[int] = []
    before: int | None = 10
    while before is not None:
        ids, before = await asked(client, limit=2, before=before)
        seen += ids
    assert seen == [9, 8, 7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"actor": "ann"}, [7, 4, 1]),
        ({"actor": "ann", "action": "boot"}, [7]),
        ({"subject": "device 1", "outcome": "ok"}, [8, 6, 4, 2]),
        ({"address": "10.0.0.3"}, [4]),
        ({"since": "2026-11-21T12:06:00Z"}, [9, 8, 7]),
        ({"until": "2026-11-21T13:02:00+01:00"}, [2, 1]),
        ({"since": "2026-11-21T12:02:00Z", "until": "2026-11-21T12:04:00Z"}, [4, 3]),
        ({"actor": "nobody"}, []),
        ({"actor": "' OR 1=1 --"}, []),
    ],
)
async def test_lines_are_found_by_what_they_say(
    client: httpx.AsyncClient, history: None, query: dict[str, str], ids: list[int]
) -> None:
    assert await asked(client, **query) == (ids, None)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "before=0",
        "before=9223372036854775808",
        "since=noon",
        "since=2026-11-21T12:00:00",
        "actr=ann",
        "actor=%00",
        "actor=" + "x" * 201,
    ],
)
async def test_nonsense_in_the_query_is_a_422(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/api/v1/audit?{query}")).status_code == 422


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
async def test_the_ends_of_the_calendar_are_no_error(
    client: httpx.AsyncClient, history: None, at: str
) -> None:
    for bound in ("since", "until"):
        assert (await client.get("/api/v1/audit", params={bound: at})).status_code == 200


async def test_verify_says_whether_the_chain_is_whole(
    client: httpx.AsyncClient, history: None, db: Database
) -> None:
    whole = (await client.get("/api/v1/audit/verify")).json()
    newest = (await client.get("/api/v1/audit?limit=1")).json()["entries"][0]
    assert whole == {"ok": True, "count": 9, "head": newest["hash"], "broken_id": None}
    async with db.write() as session:
        await session.execute(sa.text("UPDATE audit_entries SET subject = 'x' WHERE id = 4"))
    broken = (await client.get("/api/v1/audit/verify")).json()
    assert (broken["ok"], broken["broken_id"]) == (False, 4)
