"""Wire shapes of the LAN. Every value is a type: no free string reaches dnsmasq.conf."""

import re
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from ktizo.network.lan import DOMAIN, DOMAIN_MAX, INTERFACE, LEASE_TIME, Lan, Mode, UefiLoader

VLAN_NOTE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"


def _only_text(value: Any) -> Any:
    # ipaddress would read the number 5 as 0.0.0.5.
    if not isinstance(value, str):
        raise ValueError("write the address as text, like 192.168.1.10")
    return value


def _one_host(address: IPv4Address) -> IPv4Address:
    if address.is_multicast or address.is_unspecified or address.is_loopback or address.is_reserved:
        raise ValueError("not the address of one machine on a LAN")
    return address


def _lan_sized(subnet: IPv4Network) -> IPv4Network:
    if not 8 <= subnet.prefixlen <= 30:
        raise ValueError("a LAN's prefix is between /8 and /30")
    return subnet


def _plain_cidr(value: Any) -> Any:
    # IPv4Network alone would also take 10.0.0.0/255.0.0.0, /0.0.0.255 and a bare address.
    if not isinstance(value, str) or not re.fullmatch(r"[0-9.]{7,15}/[0-9]{1,2}", value):
        raise ValueError("write the subnet as 192.168.1.0/24")
    try:
        return IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"write the subnet as 192.168.1.0/24; {error}") from error


Address = Annotated[IPv4Address, BeforeValidator(_only_text), AfterValidator(_one_host)]
Subnet = Annotated[IPv4Network, BeforeValidator(_plain_cidr), AfterValidator(_lan_sized)]
Addresses = Annotated[list[Address], Field(max_length=8)]


class LanSettings(BaseModel):
    """The LAN as the operator writes it."""

    model_config = ConfigDict(extra="forbid")

    enabled: Annotated[
        bool, Field(strict=True, description="Run dnsmasq. Off until someone says so.")
    ] = False
    interface: Annotated[
        str,
        StringConstraints(strict=True, pattern=INTERFACE),
        Field(description="Network interface of this box that faces the machines."),
    ]
    server_address: Annotated[
        Address, Field(description="This box's own address there; machines fetch from it.")
    ]
    mode: Annotated[
        Mode,
        Field(
            description="proxy: the LAN's own DHCP server gives addresses, Ktizo adds only the "
            "loader. full: Ktizo is the DHCP server."
        ),
    ] = Mode.PROXY
    subnet: Annotated[Subnet, Field(description="The LAN, as 192.168.1.0/24.")]
    range_start: Annotated[Address | None, Field(description="First address; full mode.")] = None
    range_end: Annotated[Address | None, Field(description="Last address; full mode.")] = None
    lease_time: Annotated[
        str,
        StringConstraints(strict=True, pattern=LEASE_TIME),
        Field(description="How long an address is lent, as 30m or 12h; full mode."),
    ] = "12h"
    gateway: Annotated[
        Address | None,
        Field(description="Default router. Without one, machines are told of none; full mode."),
    ] = None
    dns: Annotated[Addresses, Field(description="DNS servers; full mode.")] = []
    ntp: Annotated[Addresses, Field(description="Time servers; full mode.")] = []
    domain: Annotated[
        str,
        StringConstraints(strict=True, pattern=rf"^$|{DOMAIN}", max_length=DOMAIN_MAX),
        Field(description="DNS domain of the LAN; full mode."),
    ] = ""
    vlan_note: Annotated[
        str,
        StringConstraints(strict=True, pattern=VLAN_NOTE, max_length=200),
        Field(description="For people: which VLAN this is. Used nowhere."),
    ] = ""
    uefi_loader: Annotated[
        UefiLoader,
        Field(
            description="x86-64 UEFI: ipxe.efi brings its own network drivers; snponly.efi uses "
            "the firmware's, for cards iPXE does not know."
        ),
    ] = UefiLoader.IPXE

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for problem in _contradictions(self):
            raise ValueError(problem)
        return self

    def lan(self) -> Lan:
        """Return the same as the room's own frozen noun."""
        fields = self.model_dump()
        return Lan(**fields | {"dns": tuple(self.dns), "ntp": tuple(self.ntp)})


def _contradictions(lan: LanSettings) -> list[str]:
    """Return what cannot be, whatever the host looks like."""
    net = lan.subnet
    edges = (net.network_address, net.broadcast_address)
    inside = {
        "server_address": lan.server_address,
        "range_start": lan.range_start,
        "range_end": lan.range_end,
        "gateway": lan.gateway,
    }
    problems = [
        f"{name} {address} is not a usable address of {net}"
        for name, address in inside.items()
        if address is not None and (address not in net or address in edges)
    ]
    return problems + _range_contradictions(lan)


def _range_contradictions(lan: LanSettings) -> list[str]:
    start, end = lan.range_start, lan.range_end
    if (start is None) != (end is None):
        return ["a range needs both its first and its last address"]
    if start is None or end is None:
        return ["full DHCP needs range_start and range_end"] if lan.mode is Mode.FULL else []
    if start > end:
        return [f"the range ends ({end}) before it starts ({start})"]
    taken = {"server_address": lan.server_address, "gateway": lan.gateway}
    problems = [
        f"{name} {address} lies inside the range; it would be given to a machine"
        for name, address in taken.items()
        if address is not None and start <= address <= end
    ]
    fixed = [one for one in (*lan.dns, *lan.ntp) if start <= one <= end]
    return problems + [f"the server {one} lies inside the range" for one in fixed]


class LanAnswer(LanSettings):
    """The stored LAN."""

    @classmethod
    def of(cls, lan: Lan) -> "LanAnswer":
        """Return the wire shape; not validated again, so that a stored oddity can be seen."""
        fields = {name: getattr(lan, name) for name in Lan.__dataclass_fields__}
        return cls.model_construct(**fields | {"dns": list(lan.dns), "ntp": list(lan.ntp)})


class FindingAnswer(BaseModel):
    """One remark on the settings. `blocking`: the LAN service will not be started with it."""

    code: str
    message: str
    blocking: bool


class ReplyAnswer(BaseModel):
    """What a firmware of one kind would be told by DHCP."""

    arch: int
    firmware: str
    ipxe: bool = Field(description="It is iPXE already.")
    next_server: str | None
    filename: str | None
    via: str
    why: str


class CheckAnswer(BaseModel):
    """What these settings would do, without doing it."""

    ok: bool
    dnsmasq_conf: str
    dnsmasq_says: str
    findings: list[FindingAnswer]
    replies: list[ReplyAnswer] = Field(description="As if the LAN service ran with it.")


class LoaderAnswer(BaseModel):
    """What one firmware architecture is offered."""

    arch: int
    label: str
    over: str
    file: str | None
    why: str
    present: bool
    size: int | None = None
    sha256: str | None = None
    source: str | None = None


class StatusAnswer(BaseModel):
    """How the LAN service is."""

    set_up: bool
    enabled: bool
    running: bool
    pid: int | None
    since: datetime | None
    restarts: int
    last_error: str | None
    notes: list[str]
    loaders: list[LoaderAnswer]


class InterfaceAnswer(BaseModel):
    """A network interface of this box."""

    name: str
    mac: str | None
    up: bool
    addresses: list[str]
