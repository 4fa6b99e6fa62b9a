"""What a provider says of a server, put beside what Ktizo knows of it. Pure."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ktizo.providers.base import Price, Server, Status
from ktizo.providers.stages import Stage
from ktizo.providers.store import Rented

LONGEST = {"raw_status": 200, "region": 100, "plan": 200}
STALE = timedelta(minutes=15)  # so long the status before a reinstall may still be told
MOST = 64  # addresses, and cards


def price_json(price: Price | None) -> dict[str, str] | None:
    """Return a price as it is stored."""
    if price is None:
        return None
    told = {"currency": price.currency, "setup": _text(price.setup)}
    if price.hourly is not None:
        told["hourly"] = _text(price.hourly)
    if price.monthly is not None:
        told["monthly"] = _text(price.monthly)
    return told


def _text(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def stage_after(row: Rented, status: Status) -> Stage:
    """Return where the story stands once the provider says `status`.

    What is gone stays gone: an answer that was under way meanwhile is older than that. After a
    reinstall the old status is told for a while: `left_status` is that one, and does not count
    before another was seen. An unknown word never changes anything.
    """
    stage = Stage(row.stage)
    if stage is Stage.GONE or status is Status.GONE:
        return Stage.GONE
    if stage is Stage.ENDING or status is Status.DELETING:
        return Stage.ENDING
    if row.left_status == status:
        return stage
    if status is Status.FAILED:
        return Stage.FAILED
    if status in {Status.READY, Status.RESCUE}:
        return Stage.DELIVERED
    if status in {Status.ORDERED, Status.PROVISIONING}:
        return Stage.ORDERED
    # Switched off, or a word nobody knows: it is where it was, and it is there.
    return Stage.ORDERED if stage in {Stage.WANTED, Stage.UNSURE} else stage


def tell(row: Rented, server: Server, now: datetime) -> bool:
    """Write what the provider says into `row`; True when that is news."""
    before = _seen(row)
    if row.left_status is not None and now - row.updated_at > STALE:
        row.left_status = None  # it never showed another one: OVHcloud's is always the same
    stage = stage_after(row, server.status)
    if row.left_status is not None and server.status != row.left_status:
        row.left_status = None
        stage = stage_after(row, server.status)
    row.vendor_id, row.stage, row.status = server.id[:200], stage, server.status
    row.vendor_name = server.name[:200]
    row.raw_status = server.raw_status[: LONGEST["raw_status"]]
    row.region = (server.region or row.region)[: LONGEST["region"]]
    row.plan = (row.plan or server.plan)[: LONGEST["plan"]]
    row.addresses = list(server.addresses[:MOST]) or row.addresses
    row.macs = list(server.macs[:MOST]) or row.macs
    row.price = price_json(server.price) or row.price
    row.pending = server.pending
    row.asked_at = now
    if stage is Stage.GONE and row.ended_at is None:
        row.ended_at = now
    changed = _seen(row) != before
    if changed:
        row.updated_at = now
    return changed


def _seen(row: Rented) -> tuple[Any, ...]:
    names = (
        "vendor_id",
        "vendor_name",
        "stage",
        "status",
        "raw_status",
        "addresses",
        "macs",
        "pending",
        "left_status",
    )
    return tuple(getattr(row, name) for name in names)
