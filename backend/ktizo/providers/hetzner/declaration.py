"""What Hetzner Robot is, what an account needs and what an order may carry."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ktizo.providers.base import Capability, Declaration, Settings

NO_IPXE = (
    "Hetzner has no iPXE: a server gets Talos by Ktizo's rescue route, from the rescue system over"
    " SSH (docs/providers/hetzner.md); take that route, or a provider with ipxe_reinstall"
)


class HetznerSettings(Settings):
    """A web service user: Robot, Settings, "Web service and app settings"; not the Robot login."""

    model_config = ConfigDict(extra="forbid")

    user: str = Field(min_length=1, title="Web service user")
    password: SecretStr = Field(title="Web service password")
    cancellation_reason: str = Field(
        default="",
        title="Reason for giving servers back",
        description="One of Robot's own list; empty: the first of that list",
    )


class HetznerOptions(BaseModel):
    """What an order may carry. A comment is left out: it would make a person process the order."""

    model_config = ConfigDict(extra="forbid")

    primary_ipv4: bool = Field(
        default=True, title="Primary IPv4", description="Without it the server has IPv6 only"
    )


DECLARATION = Declaration(
    name="hetzner",
    title="Hetzner Robot",
    url="https://www.hetzner.com/dedicated-rootserver/",
    capabilities=frozenset({Capability.NEEDS_SSH_RESCUE, Capability.DRY_RUN, Capability.HOURLY}),
    settings=HetznerSettings,
    environment={"HETZNER_ROBOT_USER": "user", "HETZNER_ROBOT_PASSWORD": "password"},
    options=HetznerOptions,
    notes=(
        "Not checked against a live account.",
        "Talos is started from the rescue system over SSH, in memory, and installs itself then.",
        "20 orders a day, dry runs included.",
        "How Robot says that a location is sold out is not documented; INVALID_INPUT naming"
        " `location` or `product_id` is taken for it.",
    ),
)
