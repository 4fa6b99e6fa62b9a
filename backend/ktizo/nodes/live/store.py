"""Which node is at an address, as its own API showed it last."""

import sqlalchemy as sa

from ktizo.core.bootdb import BootReader
from ktizo.nodes.tables import NodeRow

_AT = sa.select(NodeRow.device_id, NodeRow.answered_at).where(
    NodeRow.address == sa.bindparam("address")
)


async def nodes_at(reader: BootReader, address: str) -> list[tuple[int, object]]:
    """Return (machine, when its API answered last) of every node recorded at `address`."""
    return [(row[0], row[1]) for row in await reader.rows(_AT, {"address": address})]
