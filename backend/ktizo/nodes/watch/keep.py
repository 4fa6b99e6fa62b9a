"""Writing down what nodes show: in batches, behind everything that decides."""

from collections.abc import Sequence
from typing import Any

from ktizo.core.db import AsyncSession
from ktizo.devices import store as devices
from ktizo.nodes import store
from ktizo.nodes.tables import NodeRow
from ktizo.nodes.watch.state import NodeState, Seen

_DRIFT = ("what", "intended", "found")
_TROUBLE = ("code", "message")


class NodeSink:
    """Where the batch writer puts what is seen of nodes; the newest counts."""

    name = "nodes"
    rank = 0

    def merge(self, old: Seen, new: Seen) -> Seen:  # noqa: ARG002
        """Keep the newer one."""
        return new

    async def write(self, session: AsyncSession, items: Sequence[Seen]) -> None:
        """Store a batch; a machine that was removed meanwhile is left out."""
        ids = [seen.device_id for seen in items]
        rows = await store.nodes(session, ids)
        there = await devices.by_ids(session, ids)
        for seen in items:
            if seen.device_id not in there:
                continue
            row = rows.get(seen.device_id)
            if row is None:
                row = NodeRow(device_id=seen.device_id)
                session.add(row)
            _fill(row, seen)
        await session.flush()

    def after_commit(self, items: Sequence[Seen]) -> None:
        """Nobody waits for this."""


def _fill(row: NodeRow, seen: Seen) -> None:
    row.state, row.since = seen.state, seen.since
    row.address, row.pin, row.ready = seen.address, seen.pin, seen.ready
    row.unmet = [{"name": name, "reason": why} for name, why in seen.unmet]
    row.talos_version, row.schematic = seen.talos_version, seen.schematic
    row.config_sha256 = seen.config_sha256
    row.drift = [dict(zip(_DRIFT, one, strict=True)) for one in seen.drift]
    row.trouble = dict(zip(_TROUBLE, seen.trouble, strict=True)) if seen.trouble else None
    row.answered_at = seen.answered_at


def seen_of(row: NodeRow) -> Seen:
    """Return what was stored of a node."""
    return Seen(
        device_id=row.device_id,
        state=NodeState(row.state),
        since=row.since,
        address=row.address,
        pin=row.pin,
        ready=row.ready,
        unmet=tuple((one["name"], one["reason"]) for one in row.unmet),
        talos_version=row.talos_version,
        schematic=row.schematic,
        config_sha256=row.config_sha256,
        drift=tuple((one["what"], one["intended"], one["found"]) for one in row.drift),
        trouble=(row.trouble["code"], row.trouble["message"]) if row.trouble else None,
        answered_at=row.answered_at,
    )


def shown_of(seen: Seen) -> dict[str, Any]:
    """Return what is known of a node, by the names people see."""
    return {
        "device_id": seen.device_id,
        "state": seen.state,
        "since": seen.since,
        "address": seen.address,
        "ready": seen.ready,
        "unmet": [{"name": name, "reason": why} for name, why in seen.unmet],
        "talos_version": seen.talos_version,
        "schematic": seen.schematic,
        "drift": [dict(zip(_DRIFT, one, strict=True)) for one in seen.drift],
        "trouble": dict(zip(_TROUBLE, seen.trouble, strict=True)) if seen.trouble else None,
        "answered_at": seen.answered_at,
    }
