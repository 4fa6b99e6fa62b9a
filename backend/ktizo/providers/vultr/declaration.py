"""What Vultr is: the form of an account, the buttons, what an order may say."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from ktizo.providers.base import Capability, Declaration, Settings


class VultrSettings(Settings):
    """An account: a key."""

    api_key: SecretStr = Field(
        title="API key", description="allow Ktizo's address in its access control", min_length=1
    )


class Options(BaseModel):
    """What an order may say beside plan and region."""

    model_config = ConfigDict(extra="forbid")

    persistent_pxe: bool = Field(
        False,
        title="Ask the network at every boot",
        description="instead of the disk; bare metal only",
    )
    enable_ipv6: bool = Field(False, title="An IPv6 network, too")


DECLARATION = Declaration(
    name="vultr",
    title="Vultr",
    url="https://www.vultr.com",
    capabilities=frozenset(
        {
            Capability.IPXE_AT_CREATE,
            Capability.IPXE_REINSTALL,
            Capability.IPXE_PERSISTENT,
            Capability.DELETE_IMMEDIATE,
            Capability.HOURLY,
            Capability.VIRTUAL_MACHINE,
        }
    ),
    settings=VultrSettings,
    environment={"VULTR_API_KEY": "api_key"},
    options=Options,
    notes=(
        "Bare metal (bm/...) can be reinstalled; an instance (vm/...) boots from the network only "
        "when it is ordered.",
        "Vultr's iPXE does not take every TLS certificate: give Ktizo a plain HTTP address.",
        "A server that is switched off is still paid for; only deleting it ends that.",
        "Nothing was checked against a live account.",
    ),
)
