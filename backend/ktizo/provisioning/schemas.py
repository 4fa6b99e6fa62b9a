"""Wire shapes of rented servers. A boot path is a secret, and is in none of them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from ktizo.devices.schemas import Approve, Hostname
from ktizo.providers.schemas import Body, PriceView, Text

Confirm = Annotated[str, StringConstraints(max_length=1000)]
VendorId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[!-~]+$")]


class Wish(Body):
    """A server that somebody would like to have."""

    account: Annotated[str, StringConstraints(min_length=1, max_length=63)] = Field(
        description="Name or number of an account."
    )
    name: Hostname
    plan: Annotated[Text, Field(min_length=1)]
    regions: list[Annotated[Text, Field(min_length=1)]] = Field(
        min_length=1, max_length=20, description="Tried in this order while there is no stock."
    )
    ssh_keys: list[Text] = Field(
        default=[], max_length=20, description="Ids of keys; some providers insist on one."
    )
    options: dict[Text, Any] = Field(
        default={}, max_length=50, description="As the provider's options_schema says."
    )
    approve: Approve | None = Field(
        None,
        description="Approve the machine as soon as it asks under its boot path: it installs "
        "without another question. None: it waits for an approval.",
    )


class OrderServer(Wish):
    """Order a server: this costs money."""

    confirm: Confirm = Field(description="The text `echo` of a preview, word for word.")
    unreached: bool = Field(
        False,
        description="Order although Ktizo cannot reach itself at its public URL: some routers do "
        "not let their own LAN in that way.",
    )


class Reachability(BaseModel):
    """Whether a machine out there can reach this Ktizo, as far as it can be seen from here."""

    ok: bool
    url: str | None = Field(description="KTIZO_PUBLIC_URL.")
    problem: str = Field(description="What is wrong, and the way out.")
    certain: bool = Field(description="false: `unreached` orders nevertheless.")


class OrderPreview(BaseModel):
    """What an order would cost and do. Nothing is ordered."""

    price: PriceView
    lines: list[str]
    checked: bool = Field(description="By the provider's own dry run.")
    echo: str = Field(description="To be repeated as `confirm`.")
    allowed: bool
    refusal: str = Field(description="Why it may not be ordered, and the way out.")
    reachability: Reachability
    warnings: list[str]


class ServerView(BaseModel):
    """A rented server."""

    id: int
    account_id: int
    account: str
    provider: str
    title: str
    capabilities: list[str]
    name: str
    vendor_id: str | None
    stage: str = Field(description="wanted, unsure, refused, ordered, delivered, failed, ...")
    status: str = Field(description="The provider's status, in one vocabulary.")
    raw_status: str
    plan: str
    region: str
    regions: list[str]
    ssh_keys: list[str]
    options: dict[str, Any]
    addresses: list[str]
    macs: list[str]
    price: PriceView | None
    pending: str = Field(description="What a person still has to do.")
    problem: str = Field(description="What went wrong, and the way out.")
    step: str = Field(description="What Ktizo is doing, in words.")
    device_id: int | None = Field(description="The machine that asked under its boot path.")
    device_state: str | None
    hostname: str | None
    approve: dict[str, Any] | None
    ordered_by: str
    created_at: datetime
    asked_at: datetime | None
    ended_at: datetime | None
    echo_reinstall: str = Field(description="What confirms a reinstall.")
    echo_delete: str = Field(description="What confirms giving it back.")


class ServerList(BaseModel):
    """Rented servers, newest first."""

    servers: list[ServerView]
    total: int


class Confirmed(Body):
    """Something that erases."""

    confirm: Confirm = Field(description="The server's `echo_reinstall` or `echo_delete`.")


class ReinstallServer(Confirmed):
    """Erase a server and boot it from Ktizo again."""

    approve: Approve | None = None


class DeleteServer(Confirmed):
    """Give a server back."""

    token: Annotated[str, StringConstraints(max_length=200, pattern=r"^[!-~]*$")] = Field(
        "", description="Where the provider mails one (OVHcloud)."
    )


class OrderAgain(Body):
    """Order under the same tag again: what the provider has under it is adopted instead."""

    confirm: Confirm = Field(description="The text `echo` of a preview, word for word.")


class SwitchPower(Body):
    """Switch a server."""

    action: Literal["on", "off", "reboot"]


class AdoptServer(Body):
    """Take a server into the list that Ktizo did not order. Nothing is done to it."""

    account: Annotated[str, StringConstraints(min_length=1, max_length=63)]
    vendor_id: VendorId
