"""The first start: somebody must be able to come in, and nobody else."""

import socket
from datetime import datetime
from pathlib import Path

from ktizo.accounts import store, tokens
from ktizo.accounts.create import CLI, make
from ktizo.core.clock import utc_now
from ktizo.core.db import WriteSession
from ktizo.core.files import ensure_dir, readable_os_errors, write_atomic

ADMINISTRATOR = "administrator"


def cli_token_file(data_dir: Path) -> Path:
    """Return where the CLI on the same box finds its token (mode 0600)."""
    return data_dir / "cli.token"


async def ensure_tokens(session: WriteSession, data_dir: Path) -> str | None:
    """Make the administrator's token at the first start; returns it that once, then None.

    The CLI on this box has a token of its own, in a file: made anew when the file is lost, can be
    read by others, or holds a token that is no longer valid. So whoever owns the box always gets
    in, also after every other token was revoked.
    """
    now = utc_now()
    await _ensure_cli_token(session, data_dir, now)
    if await store.every(session, name=ADMINISTRATOR):
        return None
    return (await make(session, ADMINISTRATOR, now))[0]


async def _ensure_cli_token(session: WriteSession, data_dir: Path, now: datetime) -> None:
    path = cli_token_file(data_dir)
    kept = _read_private(path)
    found = await store.by_hash(session, tokens.digest(kept)) if kept else None
    if found is not None and found.valid(now):
        return
    # The box is in the name: several may share one PostgreSQL, each with its own file.
    name = f"{CLI}{socket.gethostname()}"[:64]
    lost = [token.id for token in await store.every(session, name=name) if token.valid(now)]
    await store.revoke(session, lost, now)
    token, _ = await make(session, name, now)
    ensure_dir(data_dir, 0o700)
    write_atomic(path, token + "\n", 0o600)


def _read_private(path: Path) -> str | None:
    with readable_os_errors(path):
        try:
            text = path.read_text(errors="replace").strip()
        except FileNotFoundError:
            return None
        private = not path.stat().st_mode & 0o077
    return text if private and tokens.looks_right(text) else None
