"""DigitalOcean's JSON, to and from our nouns: digitalocean/openapi 7c1300c4 (2026-08-07)."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ktizo.providers.base import Offer, Plan, Price, Region, Server, SshKey, Status, Wanted
from ktizo.providers.errors import Rejected
from ktizo.providers.fields import at, moment, money, number, published, rows, text, words

# Prices are 32-bit fractions (0.00743999984115362); five places is what DigitalOcean publishes.
PLACES = 5
LEAST_MEMORY_MB = 1024  # of a Talos worker (docs.siderolabs.com, System Requirements)
NAME = re.compile(r"[a-zA-Z0-9]?[a-z0-9A-Z.\-]*[a-z0-9A-Z]")  # droplet_single_create.name
TAG = re.compile(r"[A-Za-z0-9_:-]{1,255}")
STATUS: Mapping[str, Status] = {
    "new": Status.PROVISIONING,
    "active": Status.READY,
    "off": Status.OFF,
    "archive": Status.GONE,
}


def insist_on_names(wanted: Wanted) -> None:
    """Refuse, before any money, what DigitalOcean would refuse or change."""
    if not (NAME.fullmatch(wanted.name) and len(wanted.name) <= 255):
        raise Rejected(f"{wanted.name!r} is no droplet name; use letters, digits, dots and hyphens")
    if not TAG.fullmatch(wanted.tag):
        raise Rejected(f"{wanted.tag!r} is no tag; use letters, digits, colons, - and _")


def order(
    wanted: Wanted, region: str, *, image: str, ssh_keys: tuple[str, ...], vpc_uuid: str
) -> dict[str, Any]:
    """Return the body of an order (droplet_single_create).

    No agent (Talos runs none), no backups (they outlive the droplet), no IPv6 (custom images have
    none). No user data: whoever is on the droplet can read it from the metadata service.
    """
    body: dict[str, Any] = {
        "name": wanted.name,
        "region": region,
        "size": wanted.plan,
        "image": int(image),
        "ssh_keys": [number_or_text(key) for key in ssh_keys],
        "tags": [wanted.tag],
        "backups": False,
        "ipv6": False,
        "monitoring": False,
        "with_droplet_agent": False,
    }
    return {**body, "vpc_uuid": vpc_uuid} if vpc_uuid else body


def is_number(value: str) -> bool:
    """Say whether a text is a number of theirs, safe to stand in a path."""
    return value.isascii() and value.isdecimal() and len(value) <= 18 and int(value) > 0


def number_or_text(value: str) -> int | str:
    """Return a key's number as one; a fingerprint stays a text."""
    return int(value) if is_number(value) else value


def server(given: Any) -> Server:
    """Read a droplet. One that is locked has work going on, whatever its status says."""
    word, locked = text(given, "status"), at(given, "locked") is True
    status = STATUS.get(word, Status.UNKNOWN)
    if status is Status.READY and locked:
        status = Status.PROVISIONING
    return Server(
        id=text(given, "id"),
        name=text(given, "name"),
        status=status,
        raw_status=f"{word} (locked)" if locked else word,
        plan=text(given, "size_slug") or text(given, "size", "slug"),
        region=text(given, "region", "slug"),
        addresses=_addresses(at(given, "networks")),
        tags=words(given, "tags"),
        price=price_of(at(given, "size")),
        created_at=moment(given, "created_at"),
    )


def _addresses(networks: Any) -> tuple[str, ...]:
    known = [*rows(networks, "v4"), *rows(networks, "v6")]
    known.sort(key=lambda one: one.get("type") != "public")
    found = (text(one.get("ip_address")) for one in known)
    return tuple(dict.fromkeys(address for address in found if address))


def price_of(size: Any) -> Price | None:
    """Read what a size costs, in US dollars without VAT; by the second, a month at most."""
    hourly, monthly = (
        published(money(size, name) or Decimal(0), PLACES)
        for name in ("price_hourly", "price_monthly")
    )
    # Nothing is rented out for nothing: a price of 0 is one they do not tell.
    return Price("USD", hourly=hourly, monthly=monthly or None) if hourly else None


def plan(size: Any) -> Plan:
    """Read a size; the regions it names are those that have room for it."""
    memory = number(size, "memory")
    enough = memory >= LEAST_MEMORY_MB
    gpu, kind = text(size, "gpu_info", "model"), text(size, "description")
    return Plan(
        id=text(size, "slug"),
        name=f"{kind} {text(size, 'slug')}".strip(),
        kind="vm",
        cpu=" + ".join(part for part in (kind, gpu) if part),
        cores=int(number(size, "vcpus")),
        memory_gib=memory / 1024,
        disks=f"{number(size, 'disk'):.0f} GB",
        offers=tuple(_offers(size)),
        talos=enough,
        why="" if enough else "Talos wants 1 GiB of memory",
    )


def _offers(size: Any) -> Iterator[Offer]:
    cost = price_of(size)
    for region in words(size, "regions"):
        yield Offer(region, cost, at(size, "available") is not False)


def region(given: Any) -> Region:
    """Read a region."""
    return Region(text(given, "slug"), text(given, "name"))


def ssh_key(given: Any) -> SshKey:
    """Read an SSH key."""
    return SshKey(
        id=text(given, "id"),
        name=text(given, "name"),
        public_key=text(given, "public_key"),
        fingerprint=text(given, "fingerprint"),
    )
