"""What can be wrong on the LAN side, each with its own code; the message carries the way out."""

from ktizo.core.errors import Conflict, Invalid, NotFound, Unavailable


class LanNotSetUp(NotFound):
    """Nobody has said which network machines boot from."""


class LanFault(Invalid):
    """These settings cannot work on this host."""


class DnsmasqMissing(Unavailable):
    """The dnsmasq program is not there."""


class DnsmasqRefusedConfig(Invalid):
    """`dnsmasq --test` does not accept the file."""


class DnsmasqDidNotStart(Unavailable):
    """The file reads well, and dnsmasq still went away; its own words are in the message."""


class MissingPrivileges(Unavailable):
    """DHCP needs rights this process does not have."""


class PortTaken(Conflict):
    """Another program holds a port dnsmasq needs."""
