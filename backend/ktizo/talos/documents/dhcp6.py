"""DHCPv6Config: ask for an IPv6 address on a link."""

from ktizo.talos.documents.dhcp_parts import IDENTITY, METRIC_AND_HOSTNAME, check_dhcp
from ktizo.talos.documents.kind import NAME, Kind
from ktizo.talos.documents.shape import plain

KIND = Kind(
    "DHCPv6Config", "1.12", plain({"name": NAME, **METRIC_AND_HOSTNAME, **IDENTITY}), check_dhcp
)
build = KIND.build
