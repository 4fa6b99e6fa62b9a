"""What the mirror has of a build, for the rooms that boot machines from it."""

from dataclasses import dataclass

from ktizo.core.bootdb import BootReader
from ktizo.core.errors import Conflict
from ktizo.core.shelf import Stored
from ktizo.images import store
from ktizo.images.image import NETWORK_BOOT, RELEASE, Arch, Part, build_key, files_of, named

# iPXE's names of processors (`${buildarch}`, corrected by boot.ipxe) in Talos' words. Talos has no
# 32-bit build.
OF_IPXE = {"x86_64": Arch.AMD64, "arm64": Arch.ARM64}


class NotMirrored(Conflict):
    """Files a network boot needs are not in the mirror (yet)."""


@dataclass(frozen=True, kw_only=True)
class NetworkBoot:
    """A build's files for one architecture, by name; each was verified as it came.

    `line`: the build's own part of the command line, for `cmdline.command_line`; a release has
    none, and then it is the profile's. Whoever gives a content out checks it again
    (core/verify.py).
    """

    schematic: str
    version: str
    kernel: str
    initramfs: str
    line: str | None


async def network_boot(reader: BootReader, schematic: str, version: str, arch: Arch) -> NetworkBoot:
    """Return what boots this build from the network; raises NotMirrored, naming what is missing."""
    rows = await store.boot_files(reader, schematic, version)
    parts = [p for p in NETWORK_BOOT if schematic != RELEASE or p is not Part.CMDLINE]
    names = {image.part: image.name for image in files_of(schematic, version, [arch], parts)}
    missing = [name for name in names.values() if name not in rows]
    if missing:
        raise NotMirrored(
            f"the mirror lacks {', '.join(missing)} of {build_key(schematic, version)}; "
            "see `ktizo images mirror add`",
            missing=missing,
        )
    line = rows[names[Part.CMDLINE]] if Part.CMDLINE in names else None
    return NetworkBoot(
        schematic=schematic,
        version=version,
        kernel=names[Part.KERNEL],
        initramfs=names[Part.INITRAMFS],
        line=line,
    )


async def find(reader: BootReader, schematic: str, version: str, name: str) -> Stored | None:
    """Return the content of a file of the mirror, for those who give it out; None: not there.

    Whoever gives it out checks it again (core/verify.py).
    """
    return await store.boot_file(reader, schematic, version, name)


def part_of(schematic: str, version: str, name: str) -> Part | None:
    """Return what a file of a build is for."""
    image = named(schematic, version, name)
    return image.part if image is not None else None
