"""A stand-in for a build of Talos: tiny files under the names of real ones.

No machine here looks into a kernel; everything around it, names, checksums and command line, is
what a real build has.
"""

import hashlib
from pathlib import Path
from typing import Any

from ktizo.cli.simulation.office import Office, Refused
from ktizo.images.image import RELEASE

# Nobody's: a schematic's id is a hash of its YAML, and no YAML has this one.
SCHEMATIC = "51" * 32
CMDLINE = (
    "talos.platform=metal console=tty0 init_on_alloc=1 slab_nomerge pti=on consoleblank=0 "
    "nvme_core.io_timeout=4294967295 printk.devkmsg=on selinux=1 module.sig_enforce=1"
)
FOLDER = "simulated"
NETWORK_BOOT = {"kernel", "initramfs", "cmdline"}


def write(data: Path, version: str) -> None:
    """Lay the build into data/import, as from a USB stick."""
    folder = data / "import" / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "kernel-amd64": f"a kernel that is none, Talos {version}\n" * 1000,
        "initramfs-amd64.xz": f"an initramfs that is none, Talos {version}\n" * 1000,
        "cmdline-metal-amd64": CMDLINE,
    }
    sums = []
    for name, content in files.items():
        (folder / name).write_text(content)
        sums.append(f"{hashlib.sha256(content.encode()).hexdigest()}  {name}\n")
    (folder / "SHA256SUMS").write_text("".join(sums))


async def take_in(office: Office, version: str) -> str:
    """Take what `write` laid down into the mirror; return the build's schematic."""
    body = {"path": FOLDER, "schematic": SCHEMATIC, "version": version}
    taken: dict[str, Any] = await office.post("images/mirror/import", body)
    if taken["refused"]:
        raise Refused(422, "; ".join(f"{one['name']}: {one['reason']}" for one in taken["refused"]))
    return SCHEMATIC


async def find(office: Office, version: str) -> str:
    """Return the schematic of a build of this version that is in the mirror already."""
    files = (await office.get("images/mirror"))["files"]
    builds: dict[str, set[str]] = {}
    for one in files:
        mine = one["version"] == version and one["arch"] == "amd64" and not one["secureboot"]
        if mine and one["state"] == "stored" and one["schematic"] != RELEASE:
            builds.setdefault(one["schematic"], set()).add(one["part"])
    for schematic, parts in sorted(builds.items()):
        if parts >= NETWORK_BOOT:
            return schematic
    raise Refused(
        404,
        f"the mirror has no build of Talos {version} for amd64; get one with "
        "`ktizo images mirror add`, or give --talos",
    )
