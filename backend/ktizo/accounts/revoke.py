"""Taking a token away."""

from ktizo.accounts import store
from ktizo.accounts.tokens import Actor
from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.db import WriteSession


async def revoke(session: WriteSession, token_id: int, by: Actor, address: str) -> None:
    """Make a token worthless from the next request on; twice is the same as once.

    Also the last one, also one's own: `ktizo serve` always leaves a valid one in data/cli.token.
    """
    token = await store.get(session, token_id)
    if token.revoked_at is not None:
        return
    now = utc_now()
    await store.revoke(session, [token_id], now)
    entry = Entry(
        at=now,
        actor=by.name,
        address=address,
        action="tokens.revoke",
        subject=f"token {token_id}",
        outcome="ok",
        data={"name": token.name, "before": {"scope": token.scope}, "after": {"revoked": True}},
    )
    await append(session, entry)
