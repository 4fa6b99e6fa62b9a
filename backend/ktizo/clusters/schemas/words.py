"""The small types all shapes are made of, each with its bounds."""

from ipaddress import ip_address, ip_interface, ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from ktizo.clusters.disks import PIN


def _ip(text: str) -> str:
    return str(ip_address(text.strip()))


def _subnet(text: str) -> str:
    return str(ip_network(text.strip(), strict=True))


def _interface(text: str) -> str:
    if "/" not in text:
        raise ValueError("write the address with its prefix, as 192.0.2.11/24")
    return str(ip_interface(text.strip()))


def _talos(text: str) -> str:
    return f"v{text.removeprefix('v')}"


def _no_number(text: str) -> str:
    if text.isdecimal() or text == "devices":
        raise ValueError("this name means something else in a URL; take another")
    return text


_VERSION = r"^v?\d{1,3}\.\d{1,3}\.\d{1,3}(-[0-9A-Za-z.-]{1,20})?$"

ClusterName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"),
    AfterValidator(_no_number),
]
Ip = Annotated[str, AfterValidator(_ip), Field(max_length=45)]
Subnet = Annotated[str, AfterValidator(_subnet), Field(max_length=49)]
Address = Annotated[
    str, AfterValidator(_interface), Field(max_length=49, examples=["192.0.2.11/24"])
]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]
Disk = Annotated[str, StringConstraints(pattern=r"^/dev/[A-Za-z0-9._:@+=/-]{1,240}$")]
# Of one machine: a path, or a pin (clusters/disks.py).
MemberDisk = Annotated[
    str, StringConstraints(pattern=rf"^(/dev/[A-Za-z0-9._:@+=/-]{{1,240}}|{PIN})$")
]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s\"']{1,240}$")]
Registry = Annotated[str, StringConstraints(pattern=r"^(\*|[A-Za-z0-9.:_-]{1,253})$")]
TalosVersion = Annotated[str, StringConstraints(pattern=_VERSION), AfterValidator(_talos)]
KubernetesVersion = Annotated[
    str, StringConstraints(pattern=_VERSION), AfterValidator(lambda text: text.removeprefix("v"))
]
Patch = Annotated[str, StringConstraints(min_length=1, max_length=1 << 20)]
Patches = Annotated[list[Patch], Field(max_length=50)]
Role = Literal["controlplane", "worker"]
Scope = Literal["cluster", "controlplane", "worker"]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=200),
    Field(description="Why; it is written into the audit."),
]


class Wire(BaseModel):
    """A body of this room: unknown fields are refused, so a typing error is never ignored."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)
