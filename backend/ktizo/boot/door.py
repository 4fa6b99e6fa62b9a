"""Whether a machine may come by the boot path it asks by: its own server's, or the LAN's."""

from ktizo.core.bootdb import BootReader
from ktizo.devices import store as devices
from ktizo.devices.facts import DeviceFacts
from ktizo.devices.identity import Claim
from ktizo.devices.lifecycle import UNDECIDED
from ktizo.providers.doors import DoorFacts


async def right_door(
    reader: BootReader, device: DeviceFacts | None, claim: Claim, door: DoorFacts | None
) -> bool:
    """Say whether `claim` came the right way.

    A machine that is a rented server is answered under that server's path only, so nobody on the
    LAN speaks for it; and a path answers one machine only, so a server that fell into other hands
    cannot speak for a machine of the LAN. Where the provider tells network cards, the machine
    has to have one of them.
    """
    if door is None:
        return device is None or device.door is None
    if door.macs and not set(door.macs) & set(claim.all_macs):
        return False
    if device is not None and not comes_back(device, claim, door):
        return device.door == door.server_id
    return await devices.id_at_door(reader, door.server_id) is None


def comes_back(device: DeviceFacts, claim: Claim, door: DoorFacts) -> bool:
    """Say whether this is hardware that was rented before, and is again.

    Only where the provider itself tells that card, and nobody has decided about the old record.
    """
    return device.door is None and device.state in UNDECIDED and claim.mac in door.macs


def own_door(door: int | None, base: str) -> DoorFacts | None:
    """Return the path a machine would come by if it came now, for who only wants to know."""
    return DoorFacts(door, base=base) if door is not None else None
