"""A machine's place in a cluster."""

from datetime import datetime

from pydantic import Field

from ktizo.clusters.schemas.words import Address, MemberDisk, Patches, Role, Wire
from ktizo.core.mac import Mac
from ktizo.devices.lifecycle import State


class MemberIn(Wire):
    """A machine's place in a cluster."""

    role: Role | None = Field(None, description="Default: the role it was approved for.")
    address: Address | None = Field(None, description="Default: DHCP.")
    mac: Mac | None = Field(None, description="The card for it. Default: the one it boots from.")
    install_disk: MemberDisk | None = Field(
        None,
        description="A path, or wwid:... or serial:... for one disk wherever it is plugged.",
        examples=["/dev/nvme0n1", "wwid:naa.5002538e40b5cc1a"],
    )
    patches: Patches | None = Field(None, repr=False, description="Left out: they stay.")


class MemberOut(Wire):
    """A machine of a cluster."""

    device_id: int
    hostname: str | None
    boot_mac: str | None = Field(description="The card it last booted from.")
    state: State | None
    cluster_id: int
    role: str
    address: str | None
    mac: str | None
    install_disk: str | None
    patches: int = 0
    updated_at: datetime


class Place(Wire):
    """Where a machine belongs."""

    device_id: int
    cluster_id: int
    cluster: str
    role: str
