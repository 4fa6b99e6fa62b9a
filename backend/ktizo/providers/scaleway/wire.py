"""Elastic Metal's JSON, to and from base.py's nouns; odd or missing fields never crash.

Sources: Elastic Metal API v1 (Scaleway's OpenAPI of 2025-05) and its SDK 2.12.0, read 2026-11-21;
the order of statuses: recorded answers of Scaleway's own Terraform provider, 2026-08-21.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ktizo.providers.base import Server, SshKey, Status
from ktizo.providers.errors import Gone, ProviderError
from ktizo.providers.fields import moment, rows, text, words

STATUS = {
    "ordered": Status.ORDERED,
    "delivering": Status.PROVISIONING,
    "ready": Status.READY,
    "starting": Status.PROVISIONING,
    "stopping": Status.PROVISIONING,
    "stopped": Status.OFF,
    "resetting": Status.PROVISIONING,
    "migrating": Status.PROVISIONING,
    "error": Status.FAILED,
    "out_of_stock": Status.FAILED,  # told some time after the order was taken
    "locked": Status.FAILED,
    "deleting": Status.DELETING,
}
# "ready" alone is too early: with an installation it is seen before and during that.
INSTALL = {
    "": Status.READY,  # delivered bare, as we order it
    "completed": Status.READY,
    "to_install": Status.PROVISIONING,
    "installing": Status.PROVISIONING,
    "error": Status.FAILED,
}
SERVER_ID = re.compile(r"([a-z]{2}-[a-z]{3}-[0-9])/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


def number(value: object) -> int:
    """Return a whole number of a sane size; 0 when it is none."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return int(value) if whole and isinstance(value, int) and 0 <= value < 10**15 else 0


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object; an empty one when it is none."""
    return value if isinstance(value, dict) else {}


def listed(answer: object, key: str) -> list[Mapping[str, Any]]:
    """Return one page's entries; raises ProviderError when there is no such list."""
    found = mapping(answer).get(key)
    if not isinstance(found, list):
        raise ProviderError(f"Scaleway's answer has no list of {key}")
    return [one for one in found if isinstance(one, dict)]


def error_type(body: str) -> str:
    """`{"message", "type", ...}`; the types are an open set."""
    try:
        return text(mapping(json.loads(body)).get("type"))
    except (ValueError, RecursionError):
        return ""


def split_id(server_id: str) -> tuple[str, str]:
    """fr-par-2/<uuid> -> zone and UUID; raises Gone for what cannot be one."""
    found = SERVER_ID.fullmatch(server_id)
    if found is None:
        raise Gone("Scaleway's servers are named zone/uuid, such as fr-par-2/0c3b…")
    return found[1], found[2]


def status_of(given: Mapping[str, Any]) -> Status:
    """Return where a server stands: its delivery, its installation and what it has booted."""
    status = STATUS.get(text(given.get("status")), Status.UNKNOWN)
    if status is not Status.READY:
        return status
    if given.get("boot_type") == "rescue":
        return Status.RESCUE
    install = given.get("install")
    if install is None:
        return Status.READY
    return INSTALL.get(text(mapping(install).get("status")), Status.UNKNOWN)


def server(given: Mapping[str, Any], zone: str) -> Server:
    """`Server`; raises ProviderError when it has no id."""
    uuid = text(given.get("id"))
    if not SERVER_ID.fullmatch(f"{zone}/{uuid}"):
        raise ProviderError("Scaleway's answer is no server")
    install = text(mapping(given.get("install")).get("status"))
    raw = text(given.get("status")) + (f"/{install}" if install else "")
    if given.get("boot_type") == "rescue":
        raw += ", rescue"
    ips = sorted(rows(given, "ips"), key=lambda ip: text(ip.get("version")) != "IPv4")
    return Server(
        id=f"{zone}/{uuid}",
        name=text(given.get("name")) or uuid,
        status=status_of(given),
        raw_status=raw,
        plan=text(given.get("offer_name")),
        region=zone,
        addresses=tuple(a for ip in ips if (a := text(ip.get("address")))),
        tags=words(given, "tags"),
        created_at=moment(given.get("created_at")),
    )


def amount(value: object) -> tuple[str, Decimal] | None:
    """`{currency_code, units, nanos}` -> currency and amount; None when it is none."""
    given = mapping(value)
    currency, units, nanos = (given.get(key) for key in ("currency_code", "units", "nanos"))
    if not text(currency) or number(units) != (units or 0) or number(nanos) != (nanos or 0):
        return None
    found = number(units) + Decimal(number(nanos)).scaleb(-9)
    return text(currency)[:3], found.normalize() + 0


def ssh_key(given: Mapping[str, Any]) -> SshKey:
    """`SSHKey` of /iam/v1alpha1/ssh-keys."""
    told = (text(given, key) for key in ("id", "name", "public_key", "fingerprint"))
    return SshKey(*told)
