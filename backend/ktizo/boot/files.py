"""Which kernel and initrds a machine is given: its cluster's build of Talos, or the profile's own.

A machine of a cluster boots, from the mirror, the very build its installer comes from, so one
profile serves clusters of different versions. Files uploaded to the profile are the way out while
the mirror lacks that build.
"""

from dataclasses import dataclass

from ktizo.boot import store
from ktizo.boot.profile import TALOS, Profile
from ktizo.clusters import build
from ktizo.core import urls
from ktizo.core.bootdb import BootReader
from ktizo.core.errors import Invalid
from ktizo.images import ready
from ktizo.images.image import Arch, build_key


class FilesMissing(Invalid):
    """The kernel or an initrd is not there."""


@dataclass(frozen=True)
class Files:
    """Paths below the address machines use. `line`: the build's own part of the command line.

    `source` says in words where they come from.
    """

    kernel: str
    initrds: tuple[str, ...]
    source: str
    line: str | None = None


async def files_for(
    reader: BootReader, profile: Profile, device_id: int, arch: str | None
) -> Files:
    """Return what `profile` boots on this machine; raises FilesMissing, saying what to do.

    `arch` is iPXE's word; a machine that did not say is taken for x86-64.
    """
    wanted = await build.of_machine(reader, device_id) if profile.type in TALOS else None
    if wanted is None:
        return await _own(reader, profile)
    kind = ready.OF_IPXE.get(arch or "x86_64")
    if (
        kind is None
    ):  # nor would it with the profile's files: a wrong kernel hangs, and no disk boots
        raise FilesMissing(f"Talos does not run on {arch}")
    try:
        return await mirrored(reader, *wanted, kind)
    except ready.NotMirrored as missing:
        try:
            return await _own(reader, profile)
        except FilesMissing:
            raise FilesMissing(missing.message) from missing


async def mirrored(reader: BootReader, schematic: str, version: str, arch: Arch) -> Files:
    """Return the files of a build of the mirror; raises NotMirrored, naming what is missing."""
    found = await ready.network_boot(reader, schematic, version, arch)
    return Files(
        kernel=urls.image(schematic, version, found.kernel),
        initrds=(urls.image(schematic, version, found.initramfs),),
        source=f"mirror, build {build_key(schematic, version)}",
        line=found.line,
    )


async def _own(reader: BootReader, profile: Profile) -> Files:
    if not profile.kernel:
        raise FilesMissing(f"profile {profile.name} has no kernel")
    there = await store.asset_names(reader, profile.id)
    missing = [name for name in (profile.kernel, *profile.initrds) if name not in there]
    if missing:
        raise FilesMissing(f"profile {profile.name} lacks {', '.join(missing)}")
    return Files(
        kernel=urls.asset(profile.name, profile.kernel),
        initrds=tuple(urls.asset(profile.name, name) for name in profile.initrds),
        source=f"files of profile {profile.name}",
    )
