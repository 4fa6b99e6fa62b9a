"""People, sessions and tokens, and the door everyone else's routes stand behind."""

from typing import Any

from fastapi import APIRouter

from ktizo.accounts.api import oidc, people, sessions, setup, tokens
from ktizo.accounts.api.door import (
    CallerAddress,
    CurrentActor,
    address_of,
    identify,
    needs_admin,
    needs_operator,
    require_token,
)

__all__ = [
    "CallerAddress",
    "CurrentActor",
    "address_of",
    "close",
    "identify",
    "needs_admin",
    "needs_operator",
    "open_router",
    "require_token",
    "router",
]

PREFIX = "/api/v1"

# Everything here needs somebody; most of it an administrator.
router = APIRouter(prefix=PREFIX, tags=["accounts"])
for part in (sessions.router, people.router, people.admins, tokens.router, setup.router):
    router.include_router(part)

# The ways in, and no more: app.py has them on its written list of open routes.
open_router = APIRouter(prefix=PREFIX, tags=["accounts"])
for part in (sessions.open_router, setup.open_router, oidc.open_router):
    open_router.include_router(part)


async def close(state: Any) -> None:
    """Let go of the connections to the provider, if there are any."""
    if hasattr(state, "oidc"):
        await state.oidc.close()
