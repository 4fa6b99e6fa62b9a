"""Wire shapes of providers, accounts and plans. A secret goes in and never comes out."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

# A letter first: in paths and orders a name stands where a number may stand as well.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")]
Amount = Annotated[Decimal, Field(ge=0, lt=100_000, max_digits=12, decimal_places=6)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Text = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Body(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class ProviderView(BaseModel):
    """A provider as it declares itself: forms and buttons are made from this."""

    name: str
    title: str
    url: str
    capabilities: list[str]
    settings_schema: dict[str, Any] = Field(
        description="JSON Schema of an account's settings; `writeOnly` marks a secret."
    )
    options_schema: dict[str, Any] | None = Field(description="JSON Schema of an order's options.")
    environment: dict[str, str] = Field(
        description="Environment variables of the CLI and the setting each one gives."
    )
    notes: list[str]


class Tested(BaseModel):
    """How the last test of an account's credentials went."""

    ok: bool
    name: str = Field("", description="Who the credentials belong to, as the provider says.")
    detail: str = ""
    message: str = Field("", description="What is wrong, and the way out.")


class AccountView(BaseModel):
    """An account at a provider."""

    id: int
    name: str
    provider: str
    title: str = Field(description="The provider's name for people.")
    capabilities: list[str]
    settings: dict[str, Any] = Field(description="Without secrets.")
    secrets: list[str] = Field(description="Which secrets are stored.")
    max_hourly: str | None = Field(description="None: nothing may be ordered.")
    max_setup: str
    currency: str
    enabled: bool
    tested_at: datetime | None
    tested: Tested | None
    servers: int = Field(description="Servers that may still cost something.")


class AddAccount(Body):
    """Add an account. Until there is one, no provider is ever asked anything."""

    provider: Text
    name: Name
    settings: dict[Text, Any] = Field(max_length=50)
    max_hourly: Amount | None = Field(
        None, description="The most a server may cost an hour. None: nothing may be ordered."
    )
    max_setup: Amount = Field(Decimal(0), description="The most that may be paid once.")
    currency: Currency = Field("EUR", description="Of both limits, ISO 4217.")


class ChangeAccount(Body):
    """Fields left out stay as they are; a setting left out stays, an empty text clears it."""

    name: Name | None = None
    settings: dict[Text, Any] | None = Field(None, max_length=50)
    max_hourly: Amount | None = Field(None, description="null: nothing may be ordered.")
    max_setup: Amount | None = None
    currency: Currency | None = None
    enabled: bool | None = Field(None, description="false: the provider is not asked anything.")


class PriceView(BaseModel):
    """What something costs, without VAT; amounts are texts, exactly as the provider has them."""

    currency: str
    hourly: str | None
    monthly: str | None
    setup: str


class OfferView(BaseModel):
    """A plan in one region."""

    region: str
    price: PriceView | None
    in_stock: bool | None = Field(description="None: the provider does not say.")


class PlanView(BaseModel):
    """A kind of server in the catalogue."""

    account_id: int
    account: str
    provider: str
    title: str
    id: str
    name: str
    kind: str = Field(description="metal or vm")
    cpu: str
    cores: int
    memory_gib: float
    disks: str
    talos: bool = Field(description="Whether Ktizo can boot Talos on it.")
    why: str = Field(description="Why not, or what it needs.")
    offers: list[OfferView]
    hourly: str | None = Field(description="The cheapest offer's hour; a month counts as 730.")
    currency: str | None
    in_stock: bool | None = Field(description="In any region; None: the provider does not say.")


class AccountTrouble(BaseModel):
    """An account that could not be asked."""

    account_id: int
    account: str
    code: str
    message: str


class Catalogue(BaseModel):
    """Plans across all accounts, cheapest first."""

    plans: list[PlanView]
    total: int
    troubles: list[AccountTrouble] = Field(description="Accounts whose plans are missing here.")
    asked_at: datetime = Field(description="When the oldest of these answers was given.")


class RegionView(BaseModel):
    """A place servers stand in."""

    id: str
    name: str
    country: str


class KeyView(BaseModel):
    """An SSH key the provider knows."""

    id: str
    name: str
    fingerprint: str


class FoundServer(BaseModel):
    """A server of an account, as the provider lists it."""

    vendor_id: str
    name: str
    status: str
    raw_status: str
    plan: str
    region: str
    addresses: list[str]
    macs: list[str]
    server_id: int | None = Field(description="Ktizo's number for it; None: not Ktizo's.")
