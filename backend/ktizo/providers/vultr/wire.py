"""Vultr's JSON, to and from our nouns.

Sources: govultr 9ee451b of 2026-07-20 [V1], the Terraform provider [V2], the vendor's OpenAPI
document as of 2026 [V3] (its older state of 2023-02 is [V0]), all read 2026-11-21.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from ktizo.providers.errors import CredentialsRefused, OutOfStock, ProviderError, Rejected
from ktizo.providers.fields import at, body, moment, money, number, rows, text, words
from ktizo.providers.http import Answer
from ktizo.providers.quoting import from_catalogue
from ktizo.providers.vultr.declaration import Options

CUSTOM_OS = 159  # "Custom": the only one that takes an ipxe_chain_url [V3]
LEAST_MIB = 1024  # of memory, for a Talos worker (docs.siderolabs.com, system requirements)
NOBODY = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - what stands there before an address is given


@dataclass(frozen=True, slots=True)
class Kind:
    """Bare metal or an instance: two APIs of one shape. `mark` begins our ids and plans."""

    mark: str
    kind: str
    path: str
    nouns: str
    one: tuple[str, ...]  # the older document says `baremetal` where its example has `bare_metal`
    plans_path: str
    plans: str
    stock: str | None  # `type` of an availability


METAL = Kind(
    "bm",
    "metal",
    "/bare-metals",
    "bare_metals",
    ("bare_metal", "baremetal"),
    "/plans-metal",
    "plans_metal",
    "vbm",
)
INSTANCE = Kind("vm", "vm", "/instances", "instances", ("instance",), "/plans", "plans", None)
KINDS: Mapping[str, Kind] = {kind.mark: kind for kind in (METAL, INSTANCE)}


def split(ours: str) -> tuple[Kind | None, str]:
    """Return the kind and Vultr's own text of one of our ids or plans ("bm/uuid")."""
    mark, _, theirs = ours.partition("/")
    return KINDS.get(mark), theirs


def kind_of_plan(plan: str) -> tuple[Kind, str]:
    """Return the kind and Vultr's own id of a plan; raises Rejected."""
    kind, theirs = split(plan)
    if kind is None or not theirs:
        raise Rejected(f"Vultr has no plan {plan}: take one from the catalogue (bm/... or vm/...)")
    return kind, theirs


def error_of(answer: Answer) -> KtizoError | None:
    """Return what `{"error": "text", "status": 400}` means; Vultr has no codes.

    Texts as others met them: "plan is not available in the selected region" (or "location"),
    "Unauthorized IP address", and [V2] issue 132 for the chain URL.
    """
    said = text(body(answer), "error").lower()
    if answer.status in {401, 403} and "ip address" in said:
        return CredentialsRefused(
            "Vultr refuses Ktizo's address: allow it in the access control of the API key"
        )
    if answer.status not in {400, 404, 409, 412, 422}:
        return None
    if "out of stock" in said or "sold out" in said or "not available in the selected" in said:
        return OutOfStock("Vultr has none left of it there: take another plan or region")
    if "valid ipxe chain url" in said:
        return Rejected(
            "Vultr does not take the boot URL: it has to be an address that Vultr reaches, "
            "by plain HTTP"
        )
    return None


def list_of(answer: Answer, noun: str) -> list[dict[str, Any]]:
    """Return a page's rows; raises ProviderError, for an unreadable list is not an empty one."""
    document = answer.json()
    if not isinstance(at(document, noun), list):
        raise ProviderError(f"Vultr does not answer with a list of {noun}")
    return rows(document, noun)


def one_of(answer: Answer, nouns: Sequence[str]) -> dict[str, Any]:
    """Return the one object of an answer; raises ProviderError."""
    document = answer.json()
    for noun in nouns:
        found = at(document, noun)
        if isinstance(found, dict):
            return found
    raise ProviderError(f"Vultr does not answer with a {nouns[0]}")


def order(wanted: Wanted, region: str, options: Options) -> dict[str, Any]:
    """POST /bare-metals or /instances [V1, V3]."""
    kind, plan = kind_of_plan(wanted.plan)
    asked: dict[str, Any] = {
        "region": region,
        "plan": plan,
        "os_id": CUSTOM_OS,
        "ipxe_chain_url": wanted.boot_url,
        "label": wanted.name,
        "hostname": wanted.name,
        "tags": [wanted.tag],
        "activation_email": False,
        "enable_ipv6": options.enable_ipv6,
    }
    if wanted.ssh_keys:
        asked["sshkey_id"] = list(wanted.ssh_keys)
    if kind is METAL:
        asked["persistent_pxe"] = options.persistent_pxe
    elif options.persistent_pxe:
        raise Rejected("persistent_pxe is for bare metal only; an instance boots from its disk")
    return asked


def server(kind: Kind, data: Any) -> Server:
    """Return a server; any field may be missing. Its default_password is left where it is."""
    told = ("status", "power_status", "server_status") if kind is INSTANCE else ("status",)
    addresses = (text(data, "main_ip"), text(data, "v6_main_ip"))
    tags = (*words(data, "tags"), text(data, "tag"))
    return Server(
        id=f"{kind.mark}/{text(data, 'id')}",
        name=text(data, "label") or text(data, "hostname"),
        status=_status(kind, data),
        raw_status=", ".join(word for word in (text(data, one) for one in told) if word),
        plan=f"{kind.mark}/{text(data, 'plan')}",
        region=text(data, "region"),
        addresses=tuple(one for one in addresses if one not in NOBODY),
        macs=mac(at(data, "mac_address")),
        tags=tuple(dict.fromkeys(one for one in tags if one)),
        created_at=moment(data, "date_created"),
    )


def _status(kind: Kind, data: Any) -> Status:
    """Bare metal has no power_status [V1]; `active` comes before the address does."""
    word = text(data, "status").lower()
    if word in {"pending", "resizing"}:
        return Status.PROVISIONING
    if word == "suspended":  # unpaid, or abuse
        return Status.FAILED
    if word != "active":
        return Status.UNKNOWN
    if kind is INSTANCE and text(data, "power_status").lower() == "stopped":
        return Status.OFF
    locked = kind is INSTANCE and text(data, "server_status").lower() == "locked"
    return Status.PROVISIONING if locked or text(data, "main_ip") in NOBODY else Status.READY


def mac(value: Any) -> tuple[str, ...]:
    """Return the hardware address, which Vultr writes as a whole number [V1]."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**48:
        return ()
    return (value.to_bytes(6, "big").hex(":"),)


def plan(kind: Kind, data: Any, stock: Mapping[str, frozenset[str] | None]) -> Plan:
    """Return a plan [V1]; `stock` has what each region has left, None where it did not say."""
    theirs = text(data, "id")
    cost = price(data)
    memory_mib = number(data, "ram")
    cores = number(data, "cpu_count") or number(data, "vcpu_count")
    drives = max(int(number(data, "disk_count")), 1)
    small = kind is INSTANCE and memory_mib < LEAST_MIB
    there = [name for name, plans in stock.items() if plans is not None and theirs in plans]
    return Plan(
        id=f"{kind.mark}/{theirs}",
        name=text(data, "name") or theirs,
        kind=kind.kind,
        cpu=text(data, "cpu_model") or "virtual",
        cores=int(cores),
        memory_gib=memory_mib / 1024,
        disks=f"{drives}x {number(data, 'disk'):g} GB {text(data, 'type')}".strip(),
        offers=tuple(
            Offer(region, cost, _stocked(stock.get(region), theirs))
            for region in dict.fromkeys((*words(data, "locations"), *there))
        ),
        talos=not small,
        why="Talos needs 1 GiB of memory" if small else "",
    )


def _stocked(plans: frozenset[str] | None, plan: str) -> bool | None:
    return None if plans is None else plan in plans


def price(data: Any) -> Price | None:
    """Return a plan's price, in US dollars everywhere [V1]."""
    cost = Price("USD", money(data, "hourly_cost"), money(data, "monthly_cost"))
    return cost if cost.an_hour is not None else None


def available(answer: Answer) -> frozenset[str] | None:
    """Return the plans that a region has left; None when it does not say [V0]."""
    document = answer.json()
    found = at(document, "available_plans")
    return frozenset(words(document, "available_plans")) if isinstance(found, list) else None


def quote(
    wanted: Wanted,
    plans: Sequence[Mapping[str, Any]],
    stock: Mapping[str, frozenset[str] | None],
) -> Quote:
    """Return what an order costs an hour; `stock` is that of the wanted regions."""
    kind, theirs = kind_of_plan(wanted.plan)
    told = next((one for one in plans if text(one, "id") == theirs), None)
    if told is None:
        raise Rejected(f"Vultr has no plan {wanted.plan}: take one from the catalogue")
    chosen = plan(kind, told, stock)
    if not chosen.talos:
        raise Rejected(f"{wanted.plan}: {chosen.why}; take another plan")
    return from_catalogue("Vultr", chosen, wanted)


def region(data: Any) -> Region:
    """Return a place [V0 GET /regions]."""
    return Region(text(data, "id"), text(data, "city") or text(data, "id"), text(data, "country"))


def ssh_key(data: Any) -> SshKey:
    """Return a public key [V0 GET /ssh-keys]."""
    return SshKey(text(data, "id"), text(data, "name"), text(data, "ssh_key"))


def account(data: Any) -> Account:
    """Return whose key it is, and whether it may order at all [V0 GET /account]."""
    acls = words(data, "acls")
    may = not acls or "provisioning" in acls
    detail = "" if may else "this key may look, and not order: it lacks `provisioning`"
    return Account(text(data, "name") or "a Vultr account", detail)
