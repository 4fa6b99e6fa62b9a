"""What a machine boots that an operator wants to look at: a build of the mirror, in memory."""

from ktizo.boot.chosen import Look
from ktizo.boot.decide import LookState
from ktizo.boot.files import FilesMissing, mirrored
from ktizo.boot.profiles import talos
from ktizo.boot.sinks import Sinks
from ktizo.boot.tickets import Tickets
from ktizo.core import urls
from ktizo.core.bootdb import BootReader
from ktizo.core.errors import Conflict, Invalid
from ktizo.devices.facts import DeviceFacts, InspectionFacts
from ktizo.images import cmdline as images
from ktizo.images import ready

# Our kernel finds an installed Talos on the disk and would come up as that node, of another
# version, with its config and its disks mounted (reference talos.md 8). With this it halts, and
# reboots after a while: what the limit on boots is for.
HALT = "talos.halt_if_installed=1"
CONFIG_FILE = "inspect.yaml"


async def look(
    reader: BootReader,
    tickets: Tickets,
    sinks: Sinks,
    device: DeviceFacts,
    inspection: InspectionFacts,
    arch: str | None,
    base: str,
) -> Look:
    """Return what boots `device` for its inspection, or why nothing can.

    `arch` is iPXE's word; a machine that did not say is taken for x86-64.
    """
    try:
        kind = ready.OF_IPXE.get(arch or "x86_64")
        if kind is None:
            raise FilesMissing(f"Talos does not run on {arch}")
        files = await mirrored(reader, inspection.schematic, inspection.version, kind)
        ticket = tickets.inspect(device.id, inspection)
        own = [
            f"talos.config={base}{urls.config(ticket, CONFIG_FILE)}",
            *sinks.arguments(base),
            HALT,
        ]
        # A plain release names no command line of its own.
        cmdline = images.command_line(files.line or talos.LINE, own)
    except (Conflict, Invalid) as error:
        return Look(LookState.BROKEN, error.message)
    return Look(LookState.READY, "", cmdline, files)
