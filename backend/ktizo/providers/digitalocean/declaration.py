"""What DigitalOcean is to Ktizo: settings, options of an order, what it can do."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ktizo.providers.base import Capability, Declaration, Settings


class DigitalOceanSettings(Settings):
    """One account (a team): its token, and the Talos image droplets are made from."""

    token: SecretStr = Field(title="API token")
    image: str = Field(
        "",
        title="Talos image",
        description="Name or number of the custom image made from digital-ocean-amd64.raw.gz.",
        max_length=255,
    )


class DigitalOceanOptions(BaseModel):
    """What an order may choose besides size and region."""

    model_config = ConfigDict(extra="forbid")

    image: str = Field("", title="Talos image", description="Empty: the account's.", max_length=255)
    vpc_uuid: str = Field(
        "",
        title="VPC",
        description="Empty: the region's own.",
        pattern=r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$",
    )


DECLARATION = Declaration(
    name="digitalocean",
    title="DigitalOcean",
    url="https://www.digitalocean.com",
    capabilities=frozenset(
        {
            Capability.IMAGE_REINSTALL,
            Capability.DELETE_IMMEDIATE,
            Capability.HOURLY,
            Capability.VIRTUAL_MACHINE,
        }
    ),
    settings=DigitalOceanSettings,
    environment={"DIGITALOCEAN_TOKEN": "token", "DIGITALOCEAN_IMAGE": "image"},
    options=DigitalOceanOptions,
    notes=(
        "Nothing was run against a live account.",
        "Droplets never boot from the network: they start from a custom image with Talos in it.",
        "A droplet that is switched off is billed like one that runs.",
        "Volumes, snapshots and reserved addresses stay, and are billed on, after a delete.",
    ),
)
