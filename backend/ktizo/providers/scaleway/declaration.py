"""What Scaleway Elastic Metal is, and what an account needs."""

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, SecretStr

from ktizo.providers.base import Capability, Declaration, Settings

# Zones with Elastic Metal: developers site and SDK 2.12.0, read 2026-11-21.
ZONES = ("fr-par-1", "fr-par-2", "nl-ams-1", "nl-ams-2", "pl-waw-2", "pl-waw-3")
ZONE = r"^[a-z]{2}-[a-z]{3}-[0-9]$"
NO_IPXE = (
    "Scaleway Elastic Metal has no iPXE: a server gets Talos by Ktizo's rescue route, from the"
    " rescue system over SSH (docs/providers/scaleway.md); take that route, or a provider with"
    " ipxe_reinstall"
)


def _split(value: Any) -> Any:
    """`fr-par-2, nl-ams-1`, as a variable holds it."""
    return [one.strip() for one in value.split(",")] if isinstance(value, str) else value


class ScalewaySettings(Settings):
    """An API key and a project. The access key is the key's name, and is never sent."""

    model_config = ConfigDict(extra="forbid")

    secret_key: SecretStr = Field(title="Secret key")
    project_id: str = Field(pattern=r"^[0-9a-fA-F-]{36}$", title="Project ID")
    access_key: str = Field(
        default="", title="Access key", description="Not needed: this API takes the secret key only"
    )
    zones: Annotated[tuple[Annotated[str, Field(pattern=ZONE)], ...], BeforeValidator(_split)] = (
        Field(
            default=ZONES,
            min_length=1,
            title="Zones",
            description="Servers are looked for and ordered in these only",
        )
    )


DECLARATION = Declaration(
    name="scaleway",
    title="Scaleway Elastic Metal",
    url="https://www.scaleway.com/en/elastic-metal/",
    capabilities=frozenset(
        {Capability.NEEDS_SSH_RESCUE, Capability.DELETE_IMMEDIATE, Capability.HOURLY}
    ),
    settings=ScalewaySettings,
    environment={
        "SCALEWAY_SECRET_KEY": "secret_key",
        "SCALEWAY_PROJECT_ID": "project_id",
        "SCALEWAY_ACCESS_KEY": "access_key",
        "SCALEWAY_ZONE": "zones",
    },
    notes=(
        "Not checked against a live account.",
        "Talos is started from the rescue system over SSH, in memory, and installs itself then;"
        " after that the server is restarted once, to boot from its disk.",
        "Scaleway tells no host key of the rescue system: the first one that answers is pinned.",
        "Ordered by the hour only; the first hour is paid when it is ordered.",
    ),
)
