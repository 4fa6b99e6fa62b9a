"""Fedora, RHEL and their relatives, installed by Anaconda with a kickstart file.

`inst.repo` names an installation tree, for which there is no good default; dracut brings the
network up for it by itself. File names are those of images/pxeboot in that tree.
"""

from types import MappingProxyType

from ktizo.boot.profile import ProfileType
from ktizo.boot.profiles.kind import Kind, shipped

KIND = Kind(
    type=ProfileType.KICKSTART,
    title="Fedora, RHEL (kickstart)",
    description="The Anaconda installer, answered by a kickstart file.",
    config_files=("ks.cfg",),
    default_kernel="vmlinuz",
    default_initrds=("initrd.img",),
    default_cmdline=(
        "inst.ks={{ config_url }} inst.repo={{ parameters.repo }} ip=dhcp"
        " BOOTIF=01-{{ mac | replace(':', '-') }}"
    ),
    default_config=shipped("ks.cfg.j2"),
    default_parameters=MappingProxyType(
        {
            "locale": "en_US.UTF-8",
            "keyboard": "us",
            "timezone": "Etc/UTC",
            "ssh_key": "",
        }
    ),
)
