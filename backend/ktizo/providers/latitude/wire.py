"""Latitude.sh's JSON:API, to and from our nouns.

Sources: the vendor's OpenAPI document "2023-06-01" as of 2026-07-16 [L1], its Terraform provider
d310fa2 of 2026-08-05 [L2], its Python SDK 3.4.6 of 2026-10-26 [L3], all read 2026-11-21.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from ktizo.core.errors import KtizoError
from ktizo.providers.base import (
    Account,
    Offer,
    Plan,
    Price,
    Quote,
    Region,
    Server,
    SshKey,
    Status,
    Wanted,
)
from ktizo.providers.errors import NotYet, OutOfStock, ProviderError, RateLimited, Rejected
from ktizo.providers.fields import at, body, moment, money, number, rows, text, words
from ktizo.providers.http import LONGEST_WAIT_S, Answer, wait_s
from ktizo.providers.quoting import from_catalogue

IPXE = "ipxe"  # the slug of the "operating system" that is a boot script [L1]
SEAM = "--"  # between a name and our tag in a hostname
CURRENCY = "USD"  # prices are told in several; what an account may spend is compared in this
LABEL = 63  # RFC 1035 2.3.4
# [L1] server_data.status, and [L2] server_ready.go: the text says that the set is open.
STATUS: Mapping[str, Status] = {
    "queued": Status.ORDERED,
    "commissioning": Status.PROVISIONING,
    "starting_deploy": Status.PROVISIONING,
    "configuring_bios": Status.PROVISIONING,
    "disk_erasing": Status.PROVISIONING,
    "deploying": Status.PROVISIONING,
    "on": Status.READY,
    "off": Status.OFF,
    "rescue_mode": Status.RESCUE,
    "entering_rescue_mode": Status.RESCUE,
    "exiting_rescue_mode": Status.RESCUE,
    "failed_deployment": Status.FAILED,
    "failed_disk_erasing": Status.FAILED,
}
STOCK: Mapping[str, bool] = {
    "unavailable": False,
    "low": True,
    "medium": True,
    "high": True,
    "unique": True,
}
NOT_YET = frozenset({"SERVER_BEING_PROVISIONED", "SERVER_IN_RESCUE_MODE"})  # [L1] reinstall, 422


def data_of(answer: Answer) -> Any:
    """Return the `data` of a document; raises ProviderError when it is not one."""
    document = answer.json()
    if not isinstance(document, dict) or "data" not in document:
        raise ProviderError("Latitude.sh does not answer with a JSON:API document")
    return document["data"]


def list_of(answer: Answer) -> Sequence[Any]:
    """Return a page's rows; raises ProviderError, for an unreadable list is not an empty one."""
    data = data_of(answer)
    if not isinstance(data, list):
        raise ProviderError("Latitude.sh does not answer with a list")
    return data


def error_of(answer: Answer) -> KtizoError | None:
    """Return what an error document means beyond its status [L1 error_object, L2]."""
    if answer.status >= 500:
        return None
    first = next(iter(rows(body(answer), "errors")), None)
    code = text(first, "code").upper()
    said = f"{code} {text(first, 'title')} {text(first, 'detail')}".lower()
    if code == "RATE_LIMIT_EXCEEDED":
        asked = min(number(first, "meta", "retry_after"), LONGEST_WAIT_S)
        return RateLimited(
            "Latitude.sh: too many requests; wait", max(asked, wait_s(answer.headers))
        )
    if answer.status in {409, 422} and ("out_of_stock" in said or "no stock avail" in said):
        return OutOfStock("Latitude.sh has none left of it there: take another plan or region")
    if code in NOT_YET:
        return NotYet(f"Latitude.sh cannot do it now ({code}): wait, then ask again")
    if code == "REINSTALL_UNAVAILABLE":
        return Rejected(
            "Latitude.sh cannot reinstall this server: ask their support (REINSTALL_UNAVAILABLE)"
        )
    return None


def script(boot_url: str) -> str:
    """Return the boot script as `ipxe` takes it: base64 [L1]."""
    return base64.b64encode(f"#!ipxe\nchain {boot_url}\n".encode()).decode()


def hostname(wanted: Wanted) -> str:
    """Return the hostname that carries our tag: nothing else of an order comes back in a list."""
    name = f"{wanted.name}{SEAM}{wanted.tag}"
    if len(name) > LABEL:
        raise Rejected(f"the name may have {LABEL - len(SEAM) - len(wanted.tag)} characters here")
    return name


def order(wanted: Wanted, project: str, site: str, *, persistent: bool) -> dict[str, Any]:
    """POST /servers. `billing` is always said: left out it is monthly, paid at once [L2]."""
    attributes: dict[str, Any] = {
        "project": project,
        "plan": wanted.plan,
        "site": site,
        "operating_system": IPXE,
        "hostname": hostname(wanted),
        "ipxe": script(wanted.boot_url),
        "billing": "hourly",
    }
    if wanted.ssh_keys:
        attributes["ssh_keys"] = list(wanted.ssh_keys)
    if persistent:
        attributes["persistent_netboot"] = True
    return {"data": {"type": "servers", "attributes": attributes}}


def reinstall(boot_url: str) -> dict[str, Any]:
    """POST /servers/{id}/reinstall. What is left out stays, so the hostname keeps our tag [L3]."""
    attributes = {"operating_system": IPXE, "ipxe": script(boot_url)}
    return {"data": {"type": "reinstalls", "attributes": attributes}}


def server(data: Any) -> Server:
    """Return a server; any field may be missing [L1 server_data]."""
    told = at(data, "attributes")
    raw = text(told, "status")
    name, seam, tag = text(told, "hostname").rpartition(SEAM)
    tags = [text(one, "name") for one in rows(told, "tags")]
    faces = rows(told, "interfaces")
    addresses = (text(told, "primary_ipv4"), text(told, "primary_ipv6"))
    return Server(
        id=text(data, "id"),
        name=name if seam else tag,
        status=STATUS.get(raw.lower(), Status.UNKNOWN),
        raw_status=raw,
        plan=text(told, "plan", "slug"),
        region=text(told, "region", "site", "slug") or text(told, "site"),
        addresses=tuple(one for one in addresses if one),
        macs=tuple(
            text(face, "mac_address").lower()
            for face in faces
            if text(face, "mac_address") and face.get("role") != "ipmi"
        ),
        tags=tuple(dict.fromkeys(one for one in ([tag] if seam else []) + tags if one)),
        created_at=moment(told, "created_at"),
    )


def ipxe_plans(systems: Sequence[Any]) -> frozenset[str]:
    """Return the plans that may boot iPXE; names are dotted there, slugs have hyphens [L1]."""
    return frozenset(
        plan.lower().replace(".", "-")
        for system in systems
        if text(system, "attributes", "slug") == IPXE
        for plan in words(system, "attributes", "provisionable_on")
    )


def plan(data: Any, bootable: frozenset[str]) -> Plan:
    """Return a plan with its offers, one for each site [L1 GET /plans]."""
    told = at(data, "attributes")
    slug, name = text(told, "slug"), text(told, "name")
    cpu = at(told, "specs", "cpu")
    talos = bool({slug.lower(), name.lower().replace(".", "-")} & bootable)
    return Plan(
        id=slug,
        name=name or slug,
        kind="metal",
        cpu=text(cpu, "type"),
        cores=int(number(cpu, "cores") * max(number(cpu, "count"), 1)),
        memory_gib=number(told, "specs", "memory", "total"),
        disks=", ".join(_drive(one) for one in rows(told, "specs", "drives")),
        offers=tuple(offer for region in rows(told, "regions") for offer in _offers(region)),
        talos=talos,
        why="" if talos else "Latitude.sh does not list it among the plans that boot iPXE",
    )


def _drive(data: Any) -> str:
    count, size, kind = (text(data, name) for name in ("count", "size", "type"))
    return f"{count}x {size} {kind}".strip()


def _offers(region: Any) -> list[Offer]:
    told = at(region, "pricing", CURRENCY)
    cost = Price(CURRENCY, money(told, "hour"), money(told, "month"))
    known = cost if cost.an_hour else None
    there = words(region, "locations", "in_stock")
    sold = words(region, "locations", "available")
    level = STOCK.get(text(region, "stock_level").lower())
    stocked = there or level is not None  # otherwise nothing was said about stock at all
    return [
        Offer(site, known, (site in there) if stocked else None)
        for site in dict.fromkeys([*there, *sold])
    ]


def quote(plans: Sequence[Plan], wanted: Wanted) -> Quote:
    """Return what an order costs an hour, in the dearest of its regions."""
    chosen = next((one for one in plans if one.id == wanted.plan), None)
    if chosen is None:
        raise Rejected(f"Latitude.sh has no plan {wanted.plan}: take one from the catalogue")
    if not chosen.talos:
        raise Rejected(f"{wanted.plan}: {chosen.why}; take another plan")
    return from_catalogue("Latitude.sh", chosen, wanted)


def region(data: Any) -> Region:
    """Return a site; its slug is what an order takes [L2 examples]."""
    told = at(data, "attributes")
    slug = text(told, "slug")
    return Region(slug, text(told, "name") or slug, text(told, "country", "name"))


def ssh_key(data: Any) -> SshKey:
    """Return a public key [L1 GET /ssh_keys]."""
    told = at(data, "attributes")
    return SshKey(
        text(data, "id"),
        text(told, "name"),
        text(told, "public_key"),
        text(told, "fingerprint"),
    )


def account(teams: Sequence[Any], project: str) -> Account:
    """Return whose key it is [L1 GET /team]."""
    name = next((text(one, "attributes", "name") for one in teams), "")
    return Account(name or "a Latitude.sh team", f"orders go into the project {project}")
