"""What the mirror has of a build, for the rooms that boot machines from it."""

from dataclasses import dataclass

from ktizo.core.db import AsyncSession
from ktizo.core.errors import Conflict
from ktizo.core.shelf import Stored
from ktizo.images import store
from ktizo.images.image import NETWORK_BOOT, RELEASE, Arch, Part, build_key, files_of


class NotMirrored(Conflict):
    """Files a network boot needs are not in the mirror (yet)."""


@dataclass(frozen=True, kw_only=True)
class NetworkBoot:
    """A build's files for one architecture, each verified as it came.

    `line`: the build's own part of the command line, for `cmdline.command_line`; a release has
    none, and then it is the profile's. Whoever gives a content out checks it again
    (core/verify.py).
    """

    kernel: Stored
    kernel_name: str
    initramfs: Stored
    initramfs_name: str
    line: str | None


async def network_boot(
    session: AsyncSession, schematic: str, version: str, arch: Arch
) -> NetworkBoot:
    """Return what boots this build from the network; raises NotMirrored, naming what is missing."""
    parts = [p for p in NETWORK_BOOT if schematic != RELEASE or p is not Part.CMDLINE]
    there: dict[Part, tuple[str, Stored, str | None]] = {}
    missing = []
    for image in files_of(schematic, version, [arch], parts):
        row = await store.find(session, image)
        stored = store.stored_of(row) if row is not None else None
        if row is None or stored is None:
            missing.append(image.name)
        else:
            there[image.part] = (row.name, stored, row.line)
    if missing:
        raise NotMirrored(
            f"the mirror lacks {', '.join(missing)} of {build_key(schematic, version)}; "
            "see `ktizo images mirror add`",
            missing=missing,
        )
    kernel_name, kernel, _ = there[Part.KERNEL]
    initramfs_name, initramfs, _ = there[Part.INITRAMFS]
    return NetworkBoot(
        kernel=kernel,
        kernel_name=kernel_name,
        initramfs=initramfs,
        initramfs_name=initramfs_name,
        line=there[Part.CMDLINE][2] if Part.CMDLINE in there else None,
    )
