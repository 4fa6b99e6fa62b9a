"""What Latitude.sh is: the form of an account, the buttons, what an order may say."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ktizo.providers.base import Capability, Declaration, Settings


class LatitudeSettings(Settings):
    """An account: a key, and the project that servers are ordered into."""

    api_key: SecretStr = Field(title="API key", min_length=1)
    project: str = Field(title="Project", description="its ID (proj_...) or slug", min_length=1)


class Options(BaseModel):
    """What an order may say beside plan and region."""

    model_config = ConfigDict(extra="forbid")

    persistent_netboot: bool = Field(
        False, title="Ask the network at every boot", description="instead of the disk"
    )


DECLARATION = Declaration(
    name="latitude",
    title="Latitude.sh",
    url="https://www.latitude.sh",
    capabilities=frozenset(
        {
            Capability.IPXE_AT_CREATE,
            Capability.IPXE_REINSTALL,
            Capability.IPXE_PERSISTENT,
            Capability.DELETE_IMMEDIATE,
            Capability.HOURLY,
        }
    ),
    settings=LatitudeSettings,
    environment={"LATITUDE_API_KEY": "api_key", "LATITUDE_PROJECT": "project"},
    options=Options,
    notes=(
        "Our tag is the end of the hostname, after two hyphens: Latitude.sh takes no tags with an "
        "order. Who renames a server there makes it a stranger here.",
        "Nothing was checked against a live account.",
    ),
)
