"""Cherry Servers' JSON, to and from our nouns.

Shapes: cherrygo 69ef188 (2026-08-18) servers.go, plans.go, sshkey.go, regions.go and the answers
its tests record.
"""

import base64
import re
import secrets
import string
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ktizo.core.errors import KtizoError
from ktizo.providers.base import Offer, Plan, Price, Region, Server, SshKey, Status, Wanted
from ktizo.providers.errors import NotYet, OutOfStock, Rejected
from ktizo.providers.fields import at, body, moment, money, number, published, rows, text
from ktizo.providers.http import Answer

PLACES = 6
IPXE_IMAGE = "custom_ipxe_install"
TAG = "ktizo"  # their tags are names with values: ours is the value of this name
WHY: Mapping[bool | None, str] = {
    True: "",
    False: "it does not take an iPXE script",
    None: "whether it takes an iPXE script is asked before an order",
}
# status first, for it says more. iPXE ends at "allocated", never at "deployed" (servers.go:24-45).
STATUS: Mapping[str, Status] = {
    "pending": Status.ORDERED,
    "provisioning": Status.PROVISIONING,
    "deploying": Status.PROVISIONING,
    "allocated": Status.READY,
    "deployed": Status.READY,
    "active": Status.READY,  # a state; only looked at where there is no status
    "rescue mode": Status.RESCUE,
    "failed deployment": Status.FAILED,
    "terminating": Status.DELETING,
}
# The wording of "sold out" is in no source: whatever speaks of stock counts.
SOLD_OUT = re.compile(
    r"\bstock\b|sold out|no (?:free|available) servers?|not enough (?:free|available)",
    re.IGNORECASE,
)


def error_of(answer: Answer) -> KtizoError | None:
    """Read `{"code": 400, "message": "..."}`; None: the HTTP status says it all."""
    message = text(body(answer), "message")
    if answer.status in {400, 409, 422} and SOLD_OUT.search(message):
        return OutOfStock("Cherry Servers has none left there: take another region or plan")
    if answer.status == 409:
        return NotYet("Cherry Servers is still busy with this server: wait, then ask again")
    return None


def script(boot_url: str) -> str:
    """Return the base64 of an iPXE script that chains to `boot_url`."""
    if not boot_url.isascii() or not boot_url.isprintable() or " " in boot_url or "$" in boot_url:
        raise Rejected("the boot URL has a character that iPXE would read as something else")
    return base64.b64encode(f"#!ipxe\nchain {boot_url}\n".encode()).decode()


def order(wanted: Wanted, region: str, project_id: str, *, persist_ipxe: bool) -> dict[str, Any]:
    """Return the body of an order (CreateServer). Fixed terms are not refunded: by the hour only.

    `ssh_keys`, `user_data` and `os_partition_size` exclude `ipxe` and are never sent.
    """
    return {
        "project_id": int(project_id),
        "plan": wanted.plan,
        "region": region,
        "hostname": wanted.name,
        "image": IPXE_IMAGE,
        "ipxe": script(wanted.boot_url),
        "persist_ipxe": persist_ipxe,
        "cycle": "hourly",
        "spot_market": False,
        "tags": {TAG: wanted.tag},
    }


def reinstall(hostname: str, boot_url: str) -> dict[str, Any]:
    """Return the fields of a reinstall (ReinstallServerFields); a password is always wanted."""
    return {
        "image": IPXE_IMAGE,
        "hostname": hostname,
        "password": password(),
        "ipxe": script(boot_url),
        "persist_ipxe": False,
    }


def password() -> str:
    """Return a password their rules accept; nothing is ever installed with it.

    8+ characters, a letter, no capital first, no digit last, none of ' " ` ! $ % & ; #.
    """
    middle = string.ascii_letters + string.digits
    ends = string.ascii_lowercase
    return "".join(
        (
            secrets.choice(ends),
            *(secrets.choice(middle) for _ in range(22)),
            secrets.choice(string.ascii_uppercase),
            secrets.choice(string.digits),
            secrets.choice(ends),
        )
    )


def status_of(status: str, state: str) -> Status:
    """Return where a server stands. What is being given back is that, whatever else is said."""
    if state.lower() == "terminating":
        return Status.DELETING
    return STATUS.get((status or state).lower(), Status.UNKNOWN)


def server(given: Any) -> Server:
    """Read a Server (servers.go). Its BMC and its password are not looked at."""
    status, state = text(given, "status"), text(given, "state")
    return Server(
        id=text(given, "id"),
        name=text(given, "hostname") or text(given, "name"),
        status=status_of(status, state),
        raw_status=status or state,
        plan=_slug(at(given, "plan")),
        region=_slug(at(given, "region")),
        addresses=_addresses(given),
        tags=_tags(at(given, "tags")),
        price=_hourly([at(given, "pricing")]),
        created_at=moment(given, "created_at"),
    )


def _slug(given: Any) -> str:
    return text(given, "slug") or text(given, "name") or text(given)


def _addresses(given: Any) -> tuple[str, ...]:
    known = rows(given, "ip_addresses")
    known.sort(key=lambda one: (one.get("type") != "primary-ip", one.get("address_family") == 6))
    found = (text(one, "address") for one in known)
    return tuple(dict.fromkeys(address for address in found if address))


def _tags(given: Any) -> tuple[str, ...]:
    named = given if isinstance(given, dict) else {}
    ours = text(named, TAG)
    others = (f"{text(name)}={text(value)}" for name, value in named.items() if name != TAG)
    return (ours, *others) if ours else tuple(others)


def plan(given: Any) -> Plan:
    """Read a Plan (plans.go); stock is told per region."""
    cpus, takes = at(given, "specs", "cpus"), takes_ipxe(given)
    count, cpu = int(number(cpus, "count")), text(cpus, "name")
    return Plan(
        id=_slug(given),
        name=text(given, "name"),
        kind="metal" if _is_metal(given) else "vm",
        cpu=f"{count} x {cpu}" if count > 1 else cpu,
        cores=int(number(cpus, "cores")),
        memory_gib=number(given, "specs", "memory", "total"),
        disks=", ".join(_disks(given)),
        offers=tuple(_offers(given)),
        talos=takes is not False,
        why=WHY[takes],
    )


def takes_ipxe(given: Any) -> bool | None:
    """Say whether a plan's images have the one for iPXE; None: it names no image by its slug."""
    slugs = {text(one, "image", "slug") for one in rows(given, "softwares")} - {""}
    return IPXE_IMAGE in slugs if slugs else None


def has_ipxe(images: Any) -> bool:
    """Say whether the images of a plan (GET /plans/{plan}/images) have the one for iPXE."""
    return any(text(one, "slug") == IPXE_IMAGE for one in rows(images))


def _is_metal(given: Any) -> bool:
    words = " ".join(text(given, name) for name in ("type", "category", "name"))
    return not re.search(r"vps|vds|virtual|shared|cloud", words, re.IGNORECASE)


def _disks(given: Any) -> Iterator[str]:
    for one in rows(given, "specs", "storage"):
        count, name = int(number(one, "count")), text(one, "name")
        yield f"{count} x {name}" if count > 1 else name


def _offers(given: Any) -> Iterator[Offer]:
    cost = price_of(given)
    for one in rows(given, "available_regions"):
        told = one.get("stock_qty") is not None
        yield Offer(_slug(one), cost, number(one, "stock_qty") > 0 if told else None)


def price_of(given: Any) -> Price | None:
    """Read a plan's price by the hour, without VAT; None where it is sold by longer terms only."""
    return _hourly(rows(given, "pricing"))


def _hourly(prices: Any) -> Price | None:
    for one in prices:
        # They write binary fractions (0.42319999999999997); what is free is a price not told.
        hourly = published(money(one, "price") or Decimal(0), PLACES)
        if text(one, "unit").lower() == "hourly" and hourly:
            return Price(text(one, "currency") or "EUR", hourly=hourly)
    return None


def region(given: Any) -> Region:
    """Read a Region (regions.go)."""
    name = text(given, "location") or text(given, "name")
    return Region(_slug(given), name, text(given, "region_iso_2"))


def ssh_key(given: Any) -> SshKey:
    """Read an SSHKey (sshkey.go)."""
    return SshKey(
        id=text(given, "id"),
        name=text(given, "label"),
        public_key=text(given, "key"),
        fingerprint=text(given, "fingerprint"),
    )
