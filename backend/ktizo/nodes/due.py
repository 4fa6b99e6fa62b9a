"""What must be true before a machine is given its config through its own API. Changes nothing.

Every condition ends in the same way when it is not met: with an outcome and a reason.
"""

from dataclasses import dataclass
from enum import StrEnum

from ktizo.boot import store as boot
from ktizo.boot.profile import TALOS
from ktizo.clusters import serve
from ktizo.clusters.history import ServedConfig
from ktizo.clusters.reading import store as members
from ktizo.clusters.reading.store import Membership
from ktizo.core.bootdb import BootReader
from ktizo.core.clock import utc_now
from ktizo.core.errors import Conflict, Invalid
from ktizo.core.seal import Sealer
from ktizo.devices import store as devices
from ktizo.devices.facts import DeviceFacts, LeaseFacts
from ktizo.devices.identity import parse_uuid, same_uuid
from ktizo.devices.lifecycle import MAY_INSTALL
from ktizo.nodes.inspect.found import Found
from ktizo.providers import store as providers


class Outcome(StrEnum):
    """What a hand-over came to."""

    GIVEN = "given"  # sent; its answer may have been lost
    NOT_DUE = "not_due"  # not now: nothing is wrong that a person would have to look at
    REFUSED = "refused"  # a person has to look


@dataclass(frozen=True, slots=True)
class Handed:
    """What a hand-over came to, and why, in an operator's words."""

    outcome: Outcome
    reason: str


class Stop(Exception):
    """Nothing is sent. `code` is for programs."""

    def __init__(self, outcome: Outcome, reason: str, code: str = "not_handed_over") -> None:
        super().__init__(reason)
        self.handed = Handed(outcome, reason)
        self.code = code


def not_due(reason: str) -> Stop:
    """Return what ends a hand-over that may come later, or never."""
    return Stop(Outcome.NOT_DUE, reason)


def refused(reason: str, code: str = "not_handed_over") -> Stop:
    """Return what ends a hand-over a person has to look at."""
    return Stop(Outcome.REFUSED, reason, code)


@dataclass(frozen=True, slots=True)
class Permitted:
    """A machine somebody lets install, and a live lease of it."""

    device: DeviceFacts
    lease: LeaseFacts


@dataclass(frozen=True, slots=True)
class Due(Permitted):
    """A machine that may be given this config."""

    macs: tuple[str, ...]
    member: Membership
    config: ServedConfig
    from_image: bool = False  # its provider wrote Talos to the disk: it is there already

    def still(self, device: DeviceFacts, member: Membership | None) -> bool:
        """Say whether the config is the one the machine should have, as things are now."""
        before = (self.device.role, self.device.hostname, self.device.boot_mac, self.member)
        return before == (device.role, device.hostname, device.boot_mac, member)


async def permitted(reader: BootReader, device_id: int) -> Permitted:
    """Return the machine, when an operator lets it install; raises Stop."""
    device = await devices.boot_facts_by_id(reader, device_id)
    if device is None:
        raise not_due("there is no such machine")
    if device.state not in MAY_INSTALL:
        raise not_due(f"the machine may not install: it is {device.state}")
    if device.lease is None or not device.lease.live(utc_now()):
        raise not_due("its permission to install has run out; approve it again")
    return Permitted(device, device.lease)


async def due(reader: BootReader, sealer: Sealer, found: Permitted) -> Due:
    """Return the machine with the config that is its own; raises Stop."""
    device = found.device
    member = await members.member(reader, device.id)
    if member is None:
        raise not_due("it belongs to no cluster")
    # As for a config by ticket (boot/machine/configs.py): the assigned profile, else its role's.
    assigned = await boot.assigned(reader, device.id, device.role)
    if assigned is None:
        raise not_due("no boot profile is assigned to it, and it has no role")
    if assigned[0].type not in TALOS:
        raise not_due(f"its boot profile {assigned[0].name} is not Talos")
    try:
        config = await serve.machine_config(reader, sealer, device.id)
    except (Conflict, Invalid) as error:  # no secrets, two roles, a patch that does not fit
        raise refused(error.message, error.code) from error
    if config is None:
        raise not_due("it belongs to no cluster")
    macs = await devices.boot_macs(reader, device.id)
    from_image = device.door is not None and await providers.written_from_image(reader, device.door)
    return Due(device, found.lease, macs, member, config, from_image)


def check_identity(due: Due, found: Found) -> None:
    """Raise Stop unless what was found is the machine on record, and has no Talos of its own."""
    try:
        uuid = parse_uuid(found.uuid)
    except ValueError:
        uuid = None
    if not same_uuid(due.device.uuid, uuid):
        raise refused(
            f"another machine answers there: its UUID is {uuid}, and {due.device.uuid} is on record"
        )
    if not found.macs & set(due.macs):
        seen = ", ".join(sorted(found.macs)[:4]) or "none"
        raise refused(f"another machine answers there: no network card on record is in it ({seen})")
    if found.system_disk and not due.from_image:
        raise refused(f"Talos is installed on {found.system_disk} already; wipe that first")
