"""DHCPv4Config: ask for an IPv4 address on a link."""

from ktizo.talos.documents.dhcp_parts import IDENTITY, METRIC_AND_HOSTNAME, check_dhcp
from ktizo.talos.documents.kind import NAME, Kind
from ktizo.talos.documents.scalars import BOOL
from ktizo.talos.documents.shape import plain, since

KIND = Kind(
    "DHCPv4Config",
    "1.12",
    plain(
        {
            "name": NAME,
            **METRIC_AND_HOSTNAME,
            "ignoreRoutes": since("1.14", BOOL),
            **IDENTITY,
        }
    ),
    check_dhcp,
)
build = KIND.build
