"""The audit as a file, written page by page: nobody holds all of it in memory, or a transaction."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Literal

from ktizo.audit import store
from ktizo.audit.chain import Line
from ktizo.core.db import Database

Format = Literal["csv", "json"]
MEDIA = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
PAGE = 1000
COLUMNS = ["id", "at", "actor", "address", "action", "subject", "outcome", "count", "data"]
COLUMNS += ["prev_hash", "hash"]
assert set(COLUMNS) == {f.name for f in fields(Line)}  # noqa: S101 - nothing is left out

# A spreadsheet takes a cell that begins so for a formula and runs it (OWASP, CSV injection, read
# 2026-11); hostnames and paths come from the network. An apostrophe in front makes it text.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


async def export(
    db: Database, matching: Mapping[str, Any], format_: Format, page: int = PAGE
) -> AsyncIterator[bytes]:
    """Give every line that matches, newest first; lines added meanwhile are not in it."""
    write: Callable[[Sequence[Line], bool], str] = _csv if format_ == "csv" else _json
    before_id: int | None = None
    first = True
    while True:
        async with db.read() as session:
            lines = await store.newest(session, matching, before_id=before_id, limit=page)
        yield write(lines, first).encode()
        if len(lines) < page:
            break
        before_id, first = lines[-1].id, False
    if format_ == "json":
        yield b"\n]\n"


def _csv(lines: Sequence[Line], first: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    if first:
        writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow([cell(value) for value in _values(line).values()])
    return text.getvalue()


def _json(lines: Sequence[Line], first: bool) -> str:
    rows = [json.dumps(_values(line), ensure_ascii=False) for line in lines]
    start = "[" if first else ("," if rows else "")
    return start + ("\n" if rows else "") + ",\n".join(rows)


def _values(line: Line) -> dict[str, Any]:
    said = asdict(line) | {"at": line.at.isoformat()}
    return {name: said[name] for name in COLUMNS}


def cell(value: Any) -> str:
    """Return a value as a cell that no spreadsheet runs."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
