"""A system to repair a machine with, by hand.

It writes nothing by itself, and still gives whoever sits there the machine's disks: so it needs
what an installer needs. The default is the rescue mode of Debian's installer.
"""

from ktizo.boot.profile import ProfileType
from ktizo.boot.profiles.kind import Kind

KIND = Kind(
    type=ProfileType.RESCUE,
    title="Rescue system",
    description="A system for repairs by hand; it can reach the disks, so it needs an approval.",
    default_kernel="linux",
    default_initrds=("initrd.gz",),
    default_cmdline=(
        "rescue/enable=true interface=auto BOOTIF=01-{{ mac | replace(':', '-') }}"
        " hostname={{ hostname }}"
    ),
)
