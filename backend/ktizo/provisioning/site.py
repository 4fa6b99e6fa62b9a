"""What the story of a rented server needs of the house, gathered once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ktizo.accounts.tokens import Actor
from ktizo.boot.assets import Assets
from ktizo.boot.machine.front import Front
from ktizo.core.bootdb import BootReader
from ktizo.core.db import Database
from ktizo.core.http import Http
from ktizo.core.seal import Sealer
from ktizo.core.settings import Settings
from ktizo.core.writer import Writer
from ktizo.devices.admit import Rooms
from ktizo.nodes.reach import Reach
from ktizo.providers.catalogue import PlanShelf
from ktizo.providers.clients import Clients
from ktizo.providers.doors import Doors
from ktizo.provisioning.reachability import resolved

RoomsFor = Callable[[Writer, Actor, str], Rooms]


@dataclass(kw_only=True)
class Site:
    """`pace`, `resolve` and `rescue` are for tests.

    `rescue`: more arguments of what is in providers/rescue, by file.
    """

    database: Database
    reader: BootReader
    sealer: Sealer
    writer: Writer
    clients: Clients
    plans: PlanShelf
    doors: Doors
    front: Front
    assets: Assets
    reach: Reach
    rooms_for: RoomsFor
    http: Http
    settings: Settings
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    pace: float = 1.0  # of the pauses between two looks at a server
    resolve: Callable[[str], Awaitable[Sequence[str]]] = resolved
    rescue: dict[str, Any] = field(default_factory=dict)
