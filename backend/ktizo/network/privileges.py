"""May we do DHCP here, and as whom: asked before dnsmasq is started, to say it in plain words."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from ktizo.network.errors import MissingPrivileges

# linux/capability.h; dnsmasq dies without any of them.
NEEDED = {"CAP_NET_BIND_SERVICE": 10, "CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13}
WAY_OUT = (
    "run ktizo as root, give the service AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW "
    "CAP_NET_BIND_SERVICE, or the container --cap-add NET_ADMIN,NET_RAW; or leave the LAN service "
    "off and let another DHCP server point at Ktizo"
)
USERS = ("dnsmasq", "nobody")


@dataclass(frozen=True, slots=True)
class RunAs:
    """`user` for dnsmasq's `user=` line; None when we are not root and it stays as we are."""

    user: str | None
    why: str


def missing(status: str, *, root: bool) -> list[str]:
    """Return the capabilities a child would lack; `status` is the text of /proc/self/status.

    A child of root keeps the effective set, a child of anyone else only the ambient one.
    """
    field = "CapEff:" if root else "CapAmb:"
    held = next((int(x.split()[1], 16) for x in status.splitlines() if x.startswith(field)), 0)
    return [name for name, bit in NEEDED.items() if not held >> bit & 1]


def require(program: Path) -> None:
    """Raise MissingPrivileges when dnsmasq, as our child, could not do DHCP."""
    status = Path("/proc/self/status").read_text()
    lacking = missing(status, root=os.geteuid() == 0)
    if lacking and not _has_own_capabilities(program):
        names = ", ".join(lacking)
        raise MissingPrivileges(f"dnsmasq would lack {names}: {WAY_OUT}", missing=lacking)


def _has_own_capabilities(program: Path) -> bool:
    try:
        return bool(os.getxattr(program, "security.capability"))
    except OSError:
        return False


def run_as(tftp: Path) -> RunAs:
    """Return whom dnsmasq becomes: someone harmless who can still read the TFTP folder."""
    if os.geteuid() != 0:
        return RunAs(None, "not root: dnsmasq runs as the user of ktizo")
    unreachable = []
    for name in USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        blocked = first_closed(tftp, entry.pw_uid, entry.pw_gid)
        if blocked is None:
            return RunAs(name, f"dnsmasq runs as {name}")
        unreachable.append(f"{name} cannot enter {blocked}")
    reason = "; ".join(unreachable) or "there is no user dnsmasq or nobody"
    return RunAs("root", f"dnsmasq stays root: {reason}")


def first_closed(folder: Path, uid: int, gid: int) -> Path | None:
    """Return the first folder on the way to `folder` that this user cannot enter, or None."""
    for place in (*reversed(folder.resolve().parents), folder.resolve()):
        try:
            info = place.stat()
        except OSError:
            return place
        if info.st_uid == uid:
            bit = stat.S_IXUSR
        elif info.st_gid == gid:
            bit = stat.S_IXGRP
        else:
            bit = stat.S_IXOTH
        if not info.st_mode & bit:
            return place
    return None
