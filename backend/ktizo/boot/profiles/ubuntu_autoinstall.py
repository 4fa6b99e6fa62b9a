"""Ubuntu Server, installed by its live installer with an autoinstall document.

The initrd downloads the whole ISO to memory (`url=`), so a machine needs some 5 GB of it.
cloud-init reads `url=` too, and would download the ISO once more without a `cloud-config-url=`.
The `;` in `ds=` needs no backslash: iPXE hands it on as it is (GRUB would not). Every cloud-init
knows the name `nocloud-net`, also those that call it deprecated (24.1); a URL after plain `nocloud`
is understood by newer ones only.
"""

from types import MappingProxyType

from ktizo.boot.profile import ProfileType
from ktizo.boot.profiles.kind import Kind, shipped

KIND = Kind(
    type=ProfileType.UBUNTU_AUTOINSTALL,
    title="Ubuntu Server (autoinstall)",
    description="Ubuntu's live server installer, answered by an autoinstall document.",
    config_files=("user-data", "meta-data", "vendor-data", "network-config"),
    default_kernel="vmlinuz",
    default_initrds=("initrd",),
    default_cmdline=(
        "ip=dhcp url={{ asset_base }}/{{ parameters.iso }} cloud-config-url=/dev/null"
        " autoinstall ds=nocloud-net;s={{ config_base }}/"
    ),
    default_config=shipped("user-data.j2"),
    default_parameters=MappingProxyType(
        {
            "iso": "ubuntu-24.04-live-server-amd64.iso",
            "locale": "en_US.UTF-8",
            "keyboard": "us",
            "timezone": "Etc/UTC",
            "user": "ubuntu",
            "password_hash": "!",
            "ssh_key": "",
        }
    ),
)
