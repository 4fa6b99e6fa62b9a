"""Robot's JSON, to and from base.py's nouns; odd or missing fields never crash.

Source: robot.hetzner.com/doc/webservice/en.html, as copied by public mirrors and read 2026-11-21.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ktizo.providers.base import Server, SshKey, Status
from ktizo.providers.errors import ProviderError
from ktizo.providers.fields import moment, text, words

MARKER = "ktizo--"  # begins the name of the key that marks an order
BETWEEN = "--"  # stands between a server's name and its tag
MARKET = "market/"  # begins the ids of auction products and of their orders

SERVER_STATUS = {"ready": Status.READY, "in process": Status.PROVISIONING}
ORDER_STATUS = {
    "ready": Status.PROVISIONING,  # the server itself says when it is ready
    "in process": Status.ORDERED,
    "cancelled": Status.FAILED,
}


def texts(value: object) -> tuple[str, ...]:
    """Return the texts of a list; one alone counts as a list of one."""
    if isinstance(value, str):
        return (value,)
    return words(value)


def number(value: object) -> int:
    """Return a whole number, also one written as text; 0 when it is none."""
    given = text(value)
    return int(given) if given.isdecimal() and given.isascii() and len(given) < 16 else 0


def mapping(value: object) -> Mapping[str, Any]:
    """Return an object; an empty one when it is none."""
    return value if isinstance(value, dict) else {}


def unwrapped(value: object, key: str) -> Mapping[str, Any]:
    """Return what an answer wraps in `key`; raises ProviderError."""
    inner = mapping(value).get(key)
    if not isinstance(inner, dict):
        raise ProviderError(f"Hetzner Robot's answer has no {key}")
    return inner


def entries(value: object, key: str) -> list[Mapping[str, Any]]:
    """Return a list's entries, each wrapped in `key`; not a list raises ProviderError."""
    if not isinstance(value, list):
        raise ProviderError("Hetzner Robot does not answer with a list")
    return [mapping(one)[key] for one in value if isinstance(mapping(one).get(key), dict)]


@dataclass(frozen=True, slots=True)
class Said:
    """`{"error": {status, code, message, missing, invalid, max_request, interval}}`."""

    code: str = ""
    invalid: frozenset[str] = frozenset()
    max_request: int = 0
    interval_s: float = 0.0

    @classmethod
    def of(cls, body: str) -> "Said":
        """Read an error; what cannot be read says nothing."""
        try:
            error = mapping(mapping(json.loads(body)).get("error"))
        except (ValueError, RecursionError):
            return cls()
        named = [*texts(error.get("invalid")), *mapping(error.get("invalid"))]
        return cls(
            text(error.get("code")),
            frozenset(named),
            number(error.get("max_request")),
            float(number(error.get("interval"))),
        )


def name_with_tag(name: str, tag: str) -> str:
    """Robot has no tags: a server's name carries ours at its end."""
    return f"{name}{BETWEEN}{tag}"


def name_and_tags(given: str) -> tuple[str, tuple[str, ...]]:
    """Split a server's name into its own part and our tag, if there is one."""
    name, between, tag = given.rpartition(BETWEEN)
    return (name, (tag,)) if between and name and tag else (given, ())


def region_of(datacenter: str) -> str:
    """FSN1-DC14 -> FSN1."""
    return datacenter.partition("-")[0]


def server(given: Mapping[str, Any], marked: Sequence[str] = ()) -> Server:
    """`server` of GET /server; `marked`: tags its order had."""
    name, tags = name_and_tags(text(given.get("server_name")))
    raw = text(given.get("status"))
    status = SERVER_STATUS.get(raw, Status.UNKNOWN)
    cancelled = given.get("cancelled") is True
    net = text(given.get("server_ipv6_net"))
    id_ = text(given.get("server_number"))
    return Server(
        id=id_,
        name=name or f"server {id_}",
        status=Status.DELETING if cancelled else status,
        raw_status=f"{raw}, cancelled" if cancelled else raw,
        plan=text(given.get("product")),
        region=region_of(text(given.get("dc"))),
        # ::1 of its network is by custom the server's own address; the rescue system has ::2
        addresses=tuple(a for a in (text(given.get("server_ip")), f"{net}1" if net else "") if a),
        tags=tuple(dict.fromkeys((*tags, *marked))),
    )


@dataclass(frozen=True, slots=True)
class Order:
    """A transaction. `server_number` is empty until it is delivered."""

    id: str
    status: str
    server_number: str
    name: str
    tags: tuple[str, ...]
    plan: str
    region: str
    created_at: datetime | None

    @classmethod
    def of(cls, given: Mapping[str, Any], prefix: str = "") -> "Order":
        """Read a transaction of /order/server or, with `prefix`, of /order/server_market."""
        product = mapping(given.get("product"))
        marker = next((n for n in key_names(given) if n.startswith(MARKER)), "")
        name, tags = name_and_tags(marker.removeprefix(MARKER)) if marker else ("", ())
        plan = text(product.get("id"))
        place = text(product.get("location")) or region_of(text(product.get("datacenter")))
        count = number(given.get("server_number"))
        return cls(
            id=prefix + text(given.get("id")),
            status=text(given.get("status")),
            server_number=str(count) if count else "",
            name=name,
            tags=tags,
            plan=prefix + plan,
            region=place,
            created_at=moment(given.get("date")),
        )

    def server(self) -> Server:
        """Return the order as a server that is still to come."""
        return Server(
            id=self.id,
            name=self.name or f"order {self.id}",
            status=ORDER_STATUS.get(self.status, Status.UNKNOWN),
            raw_status=self.status,
            plan=self.plan,
            region=self.region,
            tags=self.tags,
            created_at=self.created_at,
        )


def key_names(transaction: Mapping[str, Any]) -> list[str]:
    """`authorized_key: [{"key": {name, fingerprint, ...}}]`."""
    keys = transaction.get("authorized_key")
    found = keys if isinstance(keys, list) else []
    return [text(mapping(mapping(one).get("key")).get("name")) for one in found]


def ssh_key(given: Mapping[str, Any]) -> SshKey:
    """`key` of GET /key; Robot names keys by fingerprint."""
    fingerprint = text(given.get("fingerprint"))
    return SshKey(fingerprint, text(given.get("name")), text(given.get("data")), fingerprint)
