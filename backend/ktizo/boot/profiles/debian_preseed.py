"""Debian, installed by its own installer with a preseed.

`auto=true` puts off the questions about language and keyboard until the preseed is there. The
network is set up before that, so its answers have to stand here: netcfg takes the card from BOOTIF,
which it reads with hyphens only, and keeps a host name given here over one from DHCP.
File names are those of netboot.tar.gz.
"""

from types import MappingProxyType

from ktizo.boot.profile import ProfileType
from ktizo.boot.profiles.kind import Kind, shipped

KIND = Kind(
    type=ProfileType.DEBIAN_PRESEED,
    title="Debian (preseed)",
    description="Debian's installer, answered by a preseed file.",
    config_files=("preseed.cfg",),
    default_kernel="linux",
    default_initrds=("initrd.gz",),
    default_cmdline=(
        "auto=true priority=critical url={{ config_url }} interface=auto"
        " BOOTIF=01-{{ mac | replace(':', '-') }} hostname={{ hostname }}"
        " domain={{ parameters.domain }}"
    ),
    default_config=shipped("preseed.cfg.j2"),
    default_parameters=MappingProxyType(
        {
            "disk": "",
            "domain": "",
            "locale": "en_US.UTF-8",
            "keyboard": "us",
            "timezone": "Etc/UTC",
            "mirror": "deb.debian.org",
            "ssh_key": "",
        }
    ),
)
