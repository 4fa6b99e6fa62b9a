"""OVHcloud's JSON of servers, orders and keys, to base.py's nouns. Shapes: OpenAPI 2025-10."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ktizo.providers import fields
from ktizo.providers.base import Price, Server, SshKey, Status

TAG = "ktizo"  # key of our IAM tag
BUSY = frozenset({"init", "todo", "doing"})
ENDED = frozenset({"done", "cancelled", ""})
BROKEN = frozenset({"customerError", "ovhError"})
BROKEN_FOR_S = 3600.0  # so long a failed task speaks for the server; later it is history
LOST = "not found yet"
BARE = "it is delivered bare: then reinstall it by iPXE"

STATES = {
    "ok": Status.READY,
    "error": Status.FAILED,
    "hacked": Status.FAILED,
    "hackedBlocked": Status.FAILED,
}
# What an order's status is called (billing.order.OrderStatusEnum).
ORDERS = {
    "checking": Status.ORDERED,
    "delivering": Status.PROVISIONING,
    "delivered": Status.PROVISIONING,  # until its server is in the list
    "documentsRequested": Status.ORDERED,
    "notPaid": Status.ORDERED,
    "cancelling": Status.FAILED,
    "cancelled": Status.FAILED,
}
ORDER_PENDING = {
    "notPaid": "it is not paid: pay the order at OVHcloud",
    "documentsRequested": "OVHcloud asks for documents: see its mail",
    LOST: "the answer to its order was lost: look at OVHcloud's orders",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was read about one server; None where it was not asked or not told."""

    server: Any
    infos: Any = None
    task: Any = None
    boot: Any = None
    macs: tuple[str, ...] = ()


def server(name: str, seen: Seen, *, now: float) -> Server:
    """Return a delivered server. Its tag is an IAM tag; OVHcloud's state is "ok" throughout."""
    status, raw = _status(seen, now=now)
    ip = fields.text(seen.server, "ip")
    tag = fields.text(seen.server, "iam", "tags", TAG)
    ends = fields.text(seen.infos, "expiration")
    return Server(
        id=name,
        name=fields.text(seen.server, "iam", "displayName") or name,
        status=status,
        raw_status=raw,
        plan=fields.text(seen.server, "commercialRange"),
        region=fields.text(seen.server, "datacenter"),
        addresses=(ip,) if ip else (),
        macs=tuple(mac.lower() for mac in seen.macs),
        tags=(tag,) if tag else (),
        created_at=fields.moment(seen.infos, "creation"),
        pending=f"ends on {ends}" if status is Status.DELETING and ends else "",
    )


def _status(seen: Seen, *, now: float) -> tuple[Status, str]:
    state = fields.text(seen.server, "state")
    if fields.at(seen.infos, "renew", "deleteAtExpiration") is True:
        return Status.DELETING, f"{state}, ends with its period"
    known = STATES.get(state, Status.UNKNOWN)
    if known is not Status.READY:
        return known, state
    return _task(seen.task, now=now) or _infos(seen.infos) or _power(seen, state)


def _task(task: Any, *, now: float) -> tuple[Status, str] | None:
    word = fields.text(task, "status")
    raw = f"{fields.text(task, 'function')} {word}".strip()
    if word in BUSY:
        return Status.PROVISIONING, raw
    if word in BROKEN:
        last = fields.moment(task, "lastUpdate") or fields.moment(task, "startDate")
        recent = last is not None and now - last.timestamp() < BROKEN_FOR_S
        return (Status.FAILED, raw) if recent else None
    return None if word in ENDED else (Status.UNKNOWN, raw)


def _infos(infos: Any) -> tuple[Status, str] | None:
    word = fields.text(infos, "status")
    if word == "inCreation":
        return Status.PROVISIONING, word
    return (Status.GONE, word) if word == "expired" else None


def _power(seen: Seen, state: str) -> tuple[Status, str]:
    power = fields.text(seen.server, "powerState")
    raw = f"{state} {power}".strip()
    if power == "poweroff":
        return Status.OFF, raw
    rescue = fields.text(seen.boot, "bootType") == "rescue"
    return (Status.RESCUE, f"{raw} rescue") if rescue else (Status.READY, raw)


def order_status(word: str) -> tuple[Status, str]:
    """Return an order's status and what is left to do."""
    status = ORDERS.get(word, Status.UNKNOWN)
    waits = status in {Status.ORDERED, Status.PROVISIONING}
    return status, ORDER_PENDING.get(word, BARE if waits else "")


def price(checkout: Any) -> Price | None:
    """Return the price of a checkout for one month (P1M), without tax; None when it is not told.

    What is paid once are the details of type INSTALLATION; a month is the rest, at its price
    without a first month's reduction where that is told.
    """
    total = fields.money(checkout, "prices", "withoutTax", "value")
    currency = fields.text(checkout, "prices", "withoutTax", "currencyCode")
    if total is None or not currency:
        return None
    once = reduced = Decimal(0)
    for detail in fields.rows(checkout, "details"):
        part = fields.money(detail, "totalPrice", "value") or Decimal(0)
        if fields.text(detail, "detailType") == "INSTALLATION":
            once += part
        else:
            full = fields.money(detail, "originalTotalPrice", "value") or part
            reduced += max(full - part, Decimal(0))
    return Price(currency=currency, monthly=max(total - once, Decimal(0)) + reduced, setup=once)


def lines(checkout: Any) -> tuple[str, ...]:
    """Return what is in a checkout, line by line."""
    told = []
    for detail in fields.rows(checkout, "details"):
        cost = fields.text(detail, "totalPrice", "text")
        name = fields.text(detail, "description")
        if name:
            told.append(f"{name}: {cost}" if cost else name)
    return tuple(told)


def ssh_key(body: Any, name: str) -> SshKey:
    """Return a key of /me/sshKey; its name is its id."""
    return SshKey(id=name, name=name, public_key=fields.text(body, "key"))


def key_material(public_key: str) -> tuple[str, ...]:
    """Return a public key's type and text, without its comment."""
    return tuple(public_key.split()[:2])


def stamp(at: float) -> str:
    """Return a time as OVHcloud takes it in a query."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
