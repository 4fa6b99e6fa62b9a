import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from core.web import app_with, client_of
from ktizo.audit import export, store
from ktizo.audit.api import router
from ktizo.audit.chain import Entry, Line, verify
from ktizo.core.db import Database
from ktizo.core.writer import Writer

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PATH = "/api/v1/audit/export"
RUN = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1+1", "＝1", "＋1", "－1", "＠1"]


@pytest.fixture
async def client(db: Database, writer: Writer) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app_with(router, db=db, writer=writer)) as client:
        yield client


async def add(db: Database, *subjects: str, **more: Any) -> None:
    async with db.write() as session:
        entries = [
            Entry(
                at=NOON + timedelta(minutes=number),
                **({"actor": "ann", "action": "boot", "outcome": "ok"} | more),
                subject=subject,
                data={"hostname": subject},
            )
            for number, subject in enumerate(subjects)
        ]
        await store.append(session, entries)


async def rows(client: httpx.AsyncClient, **query: Any) -> list[dict[str, str]]:
    answer = await client.get(PATH, params={"format": "csv", **query})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def test_the_json_is_the_chain_itself(client: httpx.AsyncClient, db: Database):
    await add(db, "device 1", 'a "quoted", one\n', "ünï")
    answer = await client.get(PATH)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-disposition"] == 'attachment; filename="ktizo-audit.json"'
    assert answer.headers["cache-control"] == "no-store"
    lines = [Line(**(line | {"at": datetime.fromisoformat(line["at"])})) for line in answer.json()]
    assert [line.id for line in lines] == [3, 2, 1]
    assert verify(lines[::-1]) is None


async def test_the_csv_says_the_same(client: httpx.AsyncClient, db: Database):
    await add(db, "device 1", 'a "quoted", one\nand more')
    found = await rows(client)
    assert [row["id"] for row in found] == ["2", "1"]
    assert found[0]["subject"] == 'a "quoted", one\nand more'
    assert json.loads(found[1]["data"]) == {"hostname": "device 1"}
    assert set(found[0]) == set(export.COLUMNS)


@pytest.mark.parametrize("text", RUN)
async def test_no_cell_is_a_formula(client: httpx.AsyncClient, db: Database, text: str):
    await add(db, text, actor=text, action=text, outcome=text)
    (row,) = await rows(client)
    for name in ("subject", "actor", "action", "outcome"):
        assert row[name] == f"'{text}", name
    assert row["data"].startswith("{")


@pytest.mark.parametrize("format_", ["json", "csv"])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
async def test_pages_meet_without_a_gap_or_a_seam(db: Database, format_: Any, count: int):
    await add(db, *(f"device {number}" for number in range(count)))
    text = b"".join([part async for part in export.export(db, {}, format_, page=2)]).decode()
    if format_ == "json":
        ids = [line["id"] for line in json.loads(text)]
    else:
        ids = [int(row["id"]) for row in csv.DictReader(io.StringIO(text, newline=""))]
    assert ids == list(range(count, 0, -1))


async def test_lines_added_meanwhile_are_not_in_it(db: Database):
    await add(db, "a", "b", "c", "d")
    parts = export.export(db, {}, "json", page=2)
    text = await anext(parts)
    await add(db, "late")
    text += b"".join([part async for part in parts])
    assert [line["subject"] for line in json.loads(text)] == ["d", "c", "b", "a"]


async def test_filters_are_those_of_the_list(client: httpx.AsyncClient, db: Database):
    await add(db, "device 1", "device 2")
    await add(db, "device 1", actor="bob")
    assert [row["id"] for row in await rows(client, subject="device 1")] == ["3", "1"]
    assert [row["id"] for row in await rows(client, actor="bob")] == ["3"]
    since = (NOON + timedelta(minutes=1)).isoformat()
    assert [row["id"] for row in await rows(client, since=since)] == ["2"]
    assert await rows(client, actor="nobody") == []
    assert (await client.get(PATH, params={"actor": "nobody"})).json() == []


@pytest.mark.parametrize(
    "query", [{"format": "xlsx"}, {"limit": 5}, {"before": 3}, {"actor": "a\0"}, {"since": "now"}]
)
async def test_what_makes_no_sense_is_a_422(client: httpx.AsyncClient, query: dict[str, Any]):
    assert (await client.get(PATH, params=query)).status_code == 422


async def test_taking_the_audit_away_is_in_the_audit(
    client: httpx.AsyncClient, db: Database, writer: Writer
):
    await client.get(PATH, params={"format": "csv", "subject": "x"})
    await writer.flush()
    (row,) = await rows(client)
    assert (row["action"], row["outcome"]) == ("audit.export", "ok")
    assert json.loads(row["data"]) == {"format": "csv", "filter": {"subject": "x"}}
