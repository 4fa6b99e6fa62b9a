import stat
from pathlib import Path

import pytest
import sqlalchemy as sa

from ktizo.accounts import store, tokens
from ktizo.accounts.first import cli_token_file, ensure_tokens
from ktizo.accounts.tokens import Token
from ktizo.audit import store as audit_store
from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.core.errors import Unavailable
from ktizo.core.files import write_atomic

pytestmark = pytest.mark.anyio


async def start(db: Database, folder: Path) -> str | None:
    async with db.write() as session:
        return await ensure_tokens(session, folder)


async def stored(db: Database) -> list[Token]:
    async with db.read() as session:
        return await store.every(session)


async def opens(db: Database, token: str) -> bool:
    async with db.read() as session:
        found = await store.by_hash(session, tokens.digest(token))
    return found is not None and found.valid(utc_now())


async def test_the_first_start_makes_a_token_for_the_administrator_and_one_for_the_cli(
    db: Database, tmp_path: Path
) -> None:
    token = await start(db, tmp_path)
    assert token is not None
    assert await opens(db, token)
    file = cli_token_file(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert await opens(db, file.read_text().strip())
    assert file.read_text().strip() != token
    names = [each.name for each in await stored(db)]
    assert sorted(name.partition("@")[0] for name in names) == ["administrator", "cli"]


async def test_no_token_is_stored_in_clear_anywhere_but_in_the_cli_file(
    db: Database, tmp_path: Path
) -> None:
    token = await start(db, tmp_path)
    assert token is not None
    async with db.read() as session:
        rows = str((await session.execute(sa.text("SELECT * FROM api_tokens"))).all())
        rows += str((await session.execute(sa.text("SELECT * FROM audit_entries"))).all())
    assert tokens.digest(token) in rows
    assert token not in rows
    assert cli_token_file(tmp_path).read_text().strip() not in rows


async def test_making_a_token_leaves_a_line_in_the_audit(db: Database, tmp_path: Path) -> None:
    await start(db, tmp_path)
    async with db.read() as session:
        lines = await audit_store.page_after(session, 0, 10)
    assert [(line.actor, line.action, line.subject) for line in lines] == [
        ("ktizo", "tokens.create", "token 1"),
        ("ktizo", "tokens.create", "token 2"),
    ]


async def test_a_later_start_changes_nothing(db: Database, tmp_path: Path) -> None:
    await start(db, tmp_path)
    before = (await stored(db), cli_token_file(tmp_path).read_text())
    assert await start(db, tmp_path) is None
    assert (await stored(db), cli_token_file(tmp_path).read_text()) == before


def lost(file: Path) -> None:
    file.unlink()


def emptied(file: Path) -> None:
    file.write_text("")


def overwritten(file: Path) -> None:
    file.write_text(tokens.make())


def not_text(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\0")


def shown_to_others(file: Path) -> None:
    file.chmod(0o640)


@pytest.mark.parametrize("what", [lost, emptied, overwritten, not_text, shown_to_others])
async def test_a_cli_file_that_was_spoilt_is_made_anew_and_its_old_token_is_worthless(
    db: Database, tmp_path: Path, what: object
) -> None:
    await start(db, tmp_path)
    file = cli_token_file(tmp_path)
    old = file.read_text().strip()
    assert callable(what)
    what(file)
    assert await start(db, tmp_path) is None
    assert await opens(db, file.read_text().strip())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not await opens(db, old)


async def test_a_revoked_cli_token_is_replaced_at_the_next_start(
    db: Database, tmp_path: Path
) -> None:
    await start(db, tmp_path)
    async with db.write() as session:
        every = [token.id for token in await store.every(session)]
        await store.revoke(session, every, utc_now())
    assert await start(db, tmp_path) is None  # the administrator stays locked out, the box does not
    assert await opens(db, cli_token_file(tmp_path).read_text().strip())


async def test_two_boxes_with_one_database_have_a_cli_token_each(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for box in ("one", "two"):
        monkeypatch.setattr("socket.gethostname", lambda box=box: box)
        await start(db, tmp_path / box)
    for box in ("one", "two"):
        assert await opens(db, cli_token_file(tmp_path / box).read_text().strip())


async def test_a_folder_that_cannot_be_written_is_a_clear_error_and_leaves_no_token(
    db: Database, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Unavailable, match=r"cli\.token|file"):
        await start(db, tmp_path / "file")
    assert await stored(db) == []


async def test_a_file_left_by_a_start_that_was_not_committed_is_made_anew(
    db: Database, tmp_path: Path
) -> None:
    write_atomic(cli_token_file(tmp_path), tokens.make() + "\n", 0o600)
    await start(db, tmp_path)
    assert await opens(db, cli_token_file(tmp_path).read_text().strip())
