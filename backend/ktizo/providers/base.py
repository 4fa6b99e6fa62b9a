"""The one interface every provider has, and its nouns. Plain, frozen values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel


class Status(StrEnum):
    """Where a server stands, in one vocabulary; a vendor's own word is kept beside it."""

    ORDERED = "ordered"
    PROVISIONING = "provisioning"
    READY = "ready"  # the provider says it is delivered; whether Talos runs only the node shows
    OFF = "off"
    RESCUE = "rescue"
    FAILED = "failed"
    DELETING = "deleting"
    GONE = "gone"
    UNKNOWN = "unknown"  # a word nobody knew when this was written: keep waiting


class Capability(StrEnum):
    """What a provider can do; API, forms and buttons follow from these."""

    IPXE_AT_CREATE = "ipxe_at_create"
    IPXE_REINSTALL = "ipxe_reinstall"
    IPXE_PERSISTENT = "ipxe_persistent"  # asks the network at every boot
    NEEDS_SSH_RESCUE = "needs_ssh_rescue"
    IMAGE_REINSTALL = "image_reinstall"
    DRY_RUN = "dry_run"
    DELETE_IMMEDIATE = "delete_immediate"
    HOURLY = "hourly"
    VIRTUAL_MACHINE = "virtual_machine"


class PowerAction(StrEnum):
    """What can be done to a server's power."""

    ON = "on"
    OFF = "off"
    REBOOT = "reboot"


@dataclass(frozen=True, slots=True)
class Price:
    """What something costs; `currency` as ISO 4217, without VAT."""

    currency: str
    hourly: Decimal | None = None
    monthly: Decimal | None = None
    setup: Decimal = Decimal(0)

    @property
    def an_hour(self) -> Decimal | None:
        """What an hour costs; a month counts as 730 hours where nothing else is known."""
        if self.hourly is not None:
            return self.hourly
        return None if self.monthly is None else self.monthly / 730


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan in one region. `in_stock` None: the provider does not say."""

    region: str
    price: Price | None
    in_stock: bool | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A kind of server. `talos` says whether Ktizo can boot Talos on it, `why` why not."""

    id: str
    name: str
    kind: str  # metal or vm
    cpu: str
    cores: int
    memory_gib: float
    disks: str
    offers: tuple[Offer, ...]
    talos: bool = True
    why: str = ""


@dataclass(frozen=True, slots=True)
class Region:
    """A place servers stand in."""

    id: str
    name: str
    country: str = ""


@dataclass(frozen=True, slots=True)
class SshKey:
    """A public key the provider knows."""

    id: str
    name: str
    public_key: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """Who the credentials belong to, as far as the provider says; shown after a test."""

    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A server to be ordered. `regions` are tried in this order when one is out of stock.

    `tag` is ours alone and finds the server again when the answer to the order was lost.
    `boot_url`: what iPXE is to chain to; unguessable, and only this server's.
    """

    name: str
    plan: str
    regions: tuple[str, ...]
    tag: str
    boot_url: str = field(repr=False)
    ssh_keys: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)  # of the provider's own model


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server as the provider tells it. `id` is one text even where a vendor needs several."""

    id: str
    name: str
    status: Status
    raw_status: str
    plan: str = ""
    region: str = ""
    addresses: tuple[str, ...] = ()  # the main one first
    macs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    price: Price | None = None
    created_at: datetime | None = None
    pending: str = ""  # what a person still has to do, such as to give a mailed token


@dataclass(frozen=True, slots=True)
class Quote:
    """What an order would cost, before anything is ordered. `checked`: by the vendor's dry run."""

    price: Price
    lines: tuple[str, ...] = ()
    checked: bool = False


class Settings(BaseModel):
    """What an account needs; every provider has a model of its own. Secrets are SecretStr."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a provider is: the form and the buttons come from here."""

    name: str  # latitude
    title: str  # Latitude.sh
    url: str
    capabilities: frozenset[Capability]
    settings: type[Settings]
    environment: Mapping[str, str]  # variable of the seed -> field of `settings`
    options: type[BaseModel] | None = None  # of an order
    notes: tuple[str, ...] = ()  # what was not checked against a live account, and the like


class Client(Protocol):
    """The verbs of one account at one provider. Every error is one of `errors.py`.

    `create_server`, `reinstall_ipxe` and `delete_server` spend or destroy, and send their order at
    most once: a lost answer is OrderUnknown. They are only ever called by `guard.py`, which has
    looked for the tag, asked the price and insisted on a confirmation.
    """

    declaration: ClassVar[Declaration]

    async def check(self) -> Account:
        """Test the credentials without spending; raises CredentialsRefused."""

    async def plans(self) -> Sequence[Plan]:
        """Return every plan with prices and stock."""

    async def regions(self) -> Sequence[Region]:
        """Return every region."""

    async def ssh_keys(self) -> Sequence[SshKey]:
        """Return the account's SSH keys."""

    async def add_ssh_key(self, name: str, public_key: str) -> SshKey:
        """Add a key, or return the one that is there already."""

    async def price_of(self, wanted: Wanted) -> Quote:
        """Return what an order would cost; with the vendor's own dry run where it has one."""

    async def create_server(self, wanted: Wanted, region: str) -> Server:
        """Order one server, once; raises OutOfStock, Rejected or OrderUnknown."""

    async def get_server(self, server_id: str) -> Server:
        """Return a server; raises Gone."""

    async def list_servers(self) -> Sequence[Server]:
        """Return every server of the account."""

    async def reinstall_ipxe(self, server_id: str, boot_url: str) -> Server:
        """Boot a server from `boot_url` to be installed anew; raises Unsupported."""

    async def delete_server(self, server_id: str, token: str = "") -> Server:
        """Give a server back; `token` where the vendor mails one. Twice is the same as once."""

    async def power(self, server_id: str, action: PowerAction) -> None:
        """Switch a server."""

    async def boot_from_disk(self, server_id: str) -> None:
        """Let later boots come from the disk; called when Talos is on it. Nothing to do: nothing.

        Twice is the same as once. It never restarts a server that boots its disk already.
        """

    async def close(self) -> None:
        """Let go of every connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RescueLogin:
    """How to log in to a rescue system that runs, with the key that `enter_rescue` was given.

    `host_keys`: SHA-256 fingerprints the provider tells; empty where it tells none.
    """

    address: str
    user: str = "root"
    host_keys: tuple[str, ...] = ()


class Rescuer(Client, Protocol):
    """A provider with NEEDS_SSH_RESCUE: its servers get Talos from a rescue system, over SSH."""

    async def enter_rescue(self, server_id: str, key: SshKey) -> str:
        """Restart a server into its rescue system, where `key` may log in.

        Returns a mark for `rescue_login`, which tells this rescue boot from earlier ones.
        """

    async def rescue_login(self, server_id: str, mark: str) -> RescueLogin | None:
        """Return how to log in; None while it boots. Raises Failed or Gone."""


class Imager(Client, Protocol):
    """A provider with IMAGE_REINSTALL: its servers are written from an image by the provider."""

    async def reinstall_image(self, server_id: str, image: str) -> Server:
        """Write a server's disk anew from the provider's own image `image`."""
