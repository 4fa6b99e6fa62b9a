"""Wire shapes of machines. Bounds are here, so no rule below has to think of them."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from ktizo.core.mac import Mac
from ktizo.devices.lifecycle import State
from ktizo.devices.register import Keep

# RFC 1123 2.1 label: what both DNS and Kubernetes node names take.
Hostname = Annotated[
    str, StringConstraints(to_lower=True, pattern=r"^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$")
]
Tag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._=/-]{0,62}$")]
# PostgreSQL takes no NUL, in no text.
Notes = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00]*$")]
ProfileName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
ClusterName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
]  # or its number
# A path, or one disk by a mark of its own; what a mark may hold: clusters/disks.py.
InstallDisk = Annotated[
    str,
    StringConstraints(
        pattern=r"^(/dev/[A-Za-z0-9._:@+=/-]{1,240}"
        r"|(wwid|serial):[ -)+->@-Z^-z|~]{1,240})$"
    ),
]
LeaseMinutes = Annotated[int, Field(ge=5, le=43_200)]
Role = Literal["controlplane", "worker"]
# iPXE's word for what it runs on; a machine entered by hand has neither until it is seen.
Arch = Literal["x86_64", "i386", "arm64"]
Firmware = Literal["bios", "uefi"]
Handover = Literal["sanboot", "exit", "http_404"]


class Body(BaseModel):
    """A request body: unknown fields are refused, so a typing error is never silently ignored."""

    model_config = ConfigDict(extra="forbid")


class LeaseView(BaseModel):
    """An open permission to install."""

    model_config = ConfigDict(from_attributes=True)

    reason: str
    granted_by: str
    granted_at: datetime
    expires_at: datetime
    offers: int = Field(description="How many times the installer was handed out.")


class DeviceView(BaseModel):
    """A machine as the API shows it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    state: State
    macs: list[str] = Field(description="Its network cards; the one it last booted from first.")
    uuid: str | None
    serial: str | None
    vendor: str | None
    product: str | None
    asset: str | None
    firmware: str | None
    arch: str | None
    address: str | None
    hostname: str | None
    role: str | None
    notes: str
    tags: list[str]
    handover: str
    pairing_code: str = Field(description="What it shows on its screen while it is held.")
    first_seen: datetime | None
    last_seen: datetime | None
    approved_at: datetime | None
    approved_by: str | None
    conflict: dict[str, object] | None
    lease: LeaseView | None
    server_id: int | None = Field(
        description="The rented server this machine is; None: it is on the LAN."
    )


class DevicePage(BaseModel):
    """One page of machines."""

    items: list[DeviceView]
    total: int
    by_state: dict[str, int]


class Register(Body):
    """Enter a machine before it is first switched on."""

    mac: Mac | None = None
    macs: list[Mac] = Field(default=[], max_length=16)
    hostname: Hostname | None = None
    role: Role | None = None
    notes: Notes = ""
    tags: list[Tag] = Field(default=[], max_length=50)
    handover: Handover = "sanboot"

    @model_validator(mode="after")
    def _some_mac(self) -> Self:
        if not self.all_macs:
            raise ValueError("give `mac` or `macs`")
        return self

    @property
    def all_macs(self) -> list[str]:
        """Every card once, in the order given."""
        return list(dict.fromkeys([*([self.mac] if self.mac else []), *self.macs]))


class Change(Body):
    """What an operator may change; fields left out stay as they are."""

    hostname: Hostname | None = None
    role: Role | None = None
    notes: Notes | None = None
    tags: list[Tag] | None = Field(default=None, max_length=50)
    handover: Handover | None = None


class Approve(Body):
    """Let a machine install, once, for a while."""

    role: Role | None = None
    hostname: Hostname | None = None
    profile: ProfileName | None = Field(None, description="Boot profile; default: by role.")
    cluster: ClusterName | None = Field(None, description="Join this cluster; default: none.")
    install_disk: InstallDisk | None = Field(
        None,
        description="In place of the cluster's own choice; wwid:... or serial:... pins one disk.",
        examples=["/dev/nvme0n1", "wwid:naa.5002538e40b5cc1a"],
    )
    lease_minutes: LeaseMinutes | None = None


class Reinstall(Body):
    """Let an installed machine be erased and installed again."""

    confirm: str = Field(max_length=64, description="Its hostname, or a MAC when it has none.")
    profile: ProfileName | None = None
    lease_minutes: LeaseMinutes | None = None


class Resolve(Body):
    """Settle a contested identity."""

    keep: Keep


class Bulk(Body):
    """One action on many machines; each one's outcome is reported."""

    ids: list[Annotated[int, Field(ge=1, lt=2**31)]] = Field(min_length=1, max_length=1000)
    action: Literal["approve", "reject", "restore", "tag", "untag", "delete"]
    role: Role | None = None
    profile: ProfileName | None = None
    cluster: ClusterName | None = None
    lease_minutes: LeaseMinutes | None = None
    tags: list[Tag] = Field(default=[], max_length=50)


class BulkResult(BaseModel):
    """What became of one machine of a bulk action."""

    id: int
    ok: bool
    state: str | None = None
    code: str | None = None
    message: str | None = None
