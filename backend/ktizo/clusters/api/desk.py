"""What every route of this room needs, gathered by FastAPI."""

from typing import Annotated

from fastapi import BackgroundTasks, Depends, Path, Query, Request

from ktizo.accounts.api import CurrentActor, address_of
from ktizo.clusters.changes import Desk
from ktizo.core.db import ReadSession, WriteSession
from ktizo.core.seal import Sealer

Key = Annotated[str, Path(max_length=63, description="Name or number of a cluster.")]
Which = Annotated[
    str | None, Query(max_length=63, description="A cluster. Default: the first one made.")
]
DeviceId = Annotated[int, Path(ge=1, lt=2**31)]


def sealer_of(request: Request) -> Sealer:
    """Return the sealer of this appliance."""
    sealer: Sealer = request.app.state.sealer
    return sealer


TheSealer = Annotated[Sealer, Depends(sealer_of)]


async def _writing(
    request: Request, session: WriteSession, actor: CurrentActor, after: BackgroundTasks
) -> Desk:
    # After the answer, and so after the commit: compiled/ follows what is in force.
    regenerator = getattr(request.app.state, "regenerator", None)
    if regenerator is not None:
        after.add_task(regenerator.follow, request.app.state.reader)
    return _desk(request, session, actor)


async def _reading(request: Request, session: ReadSession, actor: CurrentActor) -> Desk:
    return _desk(request, session, actor)


def _desk(request: Request, session: WriteSession, actor: CurrentActor) -> Desk:
    state = request.app.state
    return Desk(session, state.sealer, state.writer, actor, address_of(request))


Writing = Annotated[Desk, Depends(_writing)]
Reading = Annotated[Desk, Depends(_reading)]
