"""The LAN's own router: dnsmasq as the ordinary DHCP server a site already has."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .child import Child
from .net import ADDRESSES, SUBNET, LabError, Lan


@dataclass(frozen=True)
class RouterSettings:
    """How this site's router behaves."""

    # Without a router advertisement iPXE waits for one, 4 to 16 s: a LAN without IPv6.
    advertises_ipv6: bool = True
    # A boot file name of its own (DHCP option 67), as left over from another PXE server.
    rival_boot_file: str | None = None


class Router:
    """dnsmasq in the namespace "router"."""

    def __init__(self, lan: Lan, folder: Path, settings: RouterSettings) -> None:
        """Write the configuration; `with` starts it."""
        self._lan = lan
        self._config = folder / "router.conf"
        self._config.write_text(configuration(settings, leases=folder / "router.leases"))

    def __enter__(self) -> Self:
        """Start, and wait until it answers."""
        argv = self._lan.command("router", "dnsmasq", "-k", "-C", self._config)
        self.console = Child("router dnsmasq", argv)
        try:
            self.console.wait(r"DHCP, IP range", timeout_s=10)
        except LabError:
            self.console.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.console.stop()


def configuration(settings: RouterSettings, *, leases: Path) -> str:
    """Return the router's dnsmasq.conf."""
    net = SUBNET.removesuffix(".0")
    lines = [
        # It answers DNS as well, with "no such name": an installer without a name server asks.
        "no-resolv",
        "no-hosts",
        # Two dnsmasq would race for one default pid file, and one of them die.
        "pid-file=",
        "user=root",
        "interface=lan0",
        "bind-interfaces",
        "log-dhcp",
        "log-facility=-",
        "dhcp-authoritative",
        "no-ping",  # else the first offer takes 3 s
        f"dhcp-leasefile={leases}",
        f"dhcp-range={net}.100,{net}.200,255.255.255.0,1h",
        f"dhcp-option=option:router,{ADDRESSES['router']}",
        f"dhcp-option=option:dns-server,{ADDRESSES['router']}",
    ]
    if settings.advertises_ipv6:
        lines += ["enable-ra", "dhcp-range=fd77::,ra-only"]
    if settings.rival_boot_file:
        lines += [
            f"dhcp-boot={settings.rival_boot_file},,{ADDRESSES['router']}",
            f"dhcp-option=66,{ADDRESSES['router']}",
        ]
    return "\n".join(lines) + "\n"
