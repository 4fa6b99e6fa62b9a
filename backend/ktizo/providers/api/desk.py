"""What every route of this room needs, gathered by FastAPI."""

from typing import Annotated

from fastapi import Depends, Path, Request

from ktizo.accounts.api import CurrentActor, address_of
from ktizo.core.db import ReadSession, WriteSession
from ktizo.providers.desk import Desk, Office

Key = Annotated[str, Path(max_length=63, description="Name or number of an account.")]


async def _writing(request: Request, session: WriteSession, actor: CurrentActor) -> Desk:
    return desk_of(request, session, actor)


async def _reading(request: Request, session: ReadSession, actor: CurrentActor) -> Desk:
    return desk_of(request, session, actor)


def desk_of(request: Request, session: ReadSession, actor: CurrentActor) -> Desk:
    """Return the desk of one request."""
    state = request.app.state
    return Desk(session, state.sealer, state.writer, actor, address_of(request))


async def office_of(request: Request, actor: CurrentActor) -> Office:
    """Return where a request is worked on for which a provider is asked."""
    state = request.app.state
    return Office(state.db, state.sealer, state.writer, state.clients, actor, address_of(request))


Writing = Annotated[Desk, Depends(_writing)]
Reading = Annotated[Desk, Depends(_reading)]
Asking = Annotated[Office, Depends(office_of)]
