"""What the mirror has of a build, for the rooms that boot machines from it."""

import re
from dataclasses import dataclass

from ktizo.core.bootdb import BootReader
from ktizo.core.db import AsyncSession
from ktizo.core.errors import Conflict
from ktizo.core.shelf import Stored
from ktizo.images import store
from ktizo.images.image import (
    NETWORK_BOOT,
    RELEASE,
    SCHEMATIC,
    Arch,
    Part,
    build_key,
    files_of,
    named,
    version_tag,
)

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
    names = _needed(schematic, version, arch)
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


async def newest(
    session: AsyncSession,
    ipxe_arch: str | None,
    schematic: str | None = None,
    version: str | None = None,
) -> tuple[str, str]:
    """Return schematic and version of the newest build that boots a machine of this processor.

    `schematic` (name, number or id) and `version` narrow the choice. A pre-release is only taken
    when there is nothing else. Raises NotMirrored, with the way out, when nothing is complete.
    """
    arch = OF_IPXE.get(ipxe_arch or "x86_64")
    if arch is None:
        raise NotMirrored(f"Talos does not run on {ipxe_arch}, so the machine cannot boot it")
    if schematic is not None and not re.fullmatch(SCHEMATIC, schematic):
        schematic = (await store.schematic(session, schematic)).schematic_id
    tag = version_tag(version) if version is not None else None
    builds: dict[tuple[str, str], set[str]] = {}
    for of, at, name in await store.mirrored(session):
        if schematic in {None, of} and tag in {None, at}:
            builds.setdefault((of, at), set()).add(name)
    whole = [b for b, names in builds.items() if names >= set(_needed(*b, arch).values())]
    if not whole:
        wanted = " of ".join(filter(None, [tag or "any Talos", schematic and f"{schematic[:12]}"]))
        raise NotMirrored(
            f"the mirror has no build of {wanted} that boots {arch} from the network; get one with "
            "`ktizo images mirror add`"
        )
    return max(whole, key=_age)


def _needed(schematic: str, version: str, arch: Arch) -> dict[Part, str]:
    """Return the names of the files a network boot of a build needs."""
    parts = [p for p in NETWORK_BOOT if schematic != RELEASE or p is not Part.CMDLINE]
    return {image.part: image.name for image in files_of(schematic, version, [arch], parts)}


def _age(build: tuple[str, str]) -> tuple[bool, tuple[int, ...], list[tuple[int, str]], str]:
    """Return what sorts the newest last: releases after pre-releases, then by number."""
    schematic, version = build
    number, _, early = version.removeprefix("v").partition("-")
    kind = [(int(part) if part.isdigit() else 0, part) for part in early.split(".")]
    return not early, tuple(map(int, number.split("."))), kind, schematic


async def find(reader: BootReader, schematic: str, version: str, name: str) -> Stored | None:
    """Return the content of a file of the mirror, for those who give it out; None: not there.

    Whoever gives it out checks it again (core/verify.py).
    """
    return await store.boot_file(reader, schematic, version, name)


def part_of(schematic: str, version: str, name: str) -> Part | None:
    """Return what a file of a build is for."""
    image = named(schematic, version, name)
    return image.part if image is not None else None
