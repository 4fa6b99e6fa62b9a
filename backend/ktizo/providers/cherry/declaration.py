"""What Cherry Servers is to Ktizo: settings, options of an order, what it can do."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ktizo.providers.base import Capability, Declaration, Settings

NUMBER = r"^[0-9]{1,18}$"


class CherrySettings(Settings):
    """One account: the key, the project servers stand in, and the team whose prices count."""

    api_key: SecretStr = Field(title="API key")
    project_id: str = Field(title="Project", description="Its number.", pattern=NUMBER)
    team_id: str = Field(
        "",
        title="Team",
        description="Its number; with it the team's own prices are shown.",
        pattern=r"^[0-9]{0,18}$",
    )


class CherryOptions(BaseModel):
    """What an order may choose besides plan and region."""

    model_config = ConfigDict(extra="forbid")

    persist_ipxe: bool = Field(
        False, title="Ask the network at every boot", description="Else only in the first minutes."
    )


DECLARATION = Declaration(
    name="cherry",
    title="Cherry Servers",
    url="https://www.cherryservers.com",
    capabilities=frozenset(
        {
            Capability.IPXE_AT_CREATE,
            Capability.IPXE_REINSTALL,
            Capability.IPXE_PERSISTENT,
            Capability.DELETE_IMMEDIATE,
            Capability.HOURLY,
        }
    ),
    settings=CherrySettings,
    environment={
        "CHERRY_API_KEY": "api_key",
        "CHERRY_PROJECT_ID": "project_id",
        "CHERRY_TEAM_ID": "team_id",
    },
    options=CherryOptions,
    notes=(
        "Nothing was run against a live account.",
        "Their client calls a reinstall 'reinstall', their reference 'rebuild': both are tried.",
        "SSH keys are not sent: they exclude iPXE.",
        "Extra addresses and storage are billed on after a server is given back.",
    ),
)
