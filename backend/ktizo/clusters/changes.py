"""Carrying a change through: save it, look at what every machine would get, then note it.

What would be refused raises, the request's transaction goes back, and the config before stays.
"""

from dataclasses import dataclass
from typing import Any

from ktizo.accounts.tokens import Actor
from ktizo.audit.record import Entry, append
from ktizo.clusters import check, sealing
from ktizo.clusters.facts import MACHINE, ClusterFacts, MemberFacts, VolumeFacts
from ktizo.clusters.reading import store as reading
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession
from ktizo.core.seal import Sealer
from ktizo.core.writer import Writer
from ktizo.devices import store as devices
from ktizo.devices.facts import DeviceFacts
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.talos.secrets import Bundle

PAGE = 1000


@dataclass(frozen=True)
class Desk:
    """Where a person's request is worked on: what every change needs, gathered once."""

    session: AsyncSession
    sealer: Sealer
    writer: Writer
    actor: Actor
    address: str

    async def note(
        self, action: str, subject: str, device_id: int | None = None, **data: Any
    ) -> None:
        """Leave both traces of a change. Call it last; `data` must hold no secret."""
        entry = Entry(
            at=utc_now(),
            actor=self.actor.name,
            address=self.address,
            action=f"clusters.{action}",
            subject=subject,
            outcome="ok",
            data=data,
        )
        await append(self.session, entry)
        said = {"cluster": subject.removeprefix("cluster "), "change": action} | data
        record(
            self.writer,
            EventKind.CLUSTER_CHANGED,
            device_id=device_id,
            data=said | {"by": self.actor.name},
        )


async def facts_of(
    session: AsyncSession, sealer: Sealer, cluster_id: int
) -> tuple[ClusterFacts, Bundle]:
    """Return what a cluster's configs are made from, as this session sees it."""
    found = await reading.cluster(reading.of_session(session), sealer, cluster_id)
    if found is None:
        raise LookupError(f"cluster {cluster_id} is gone")
    return found[0], sealing.open_bundle(sealer, found[1], cluster_id)


async def check_all(session: AsyncSession, sealer: Sealer, cluster_id: int) -> None:
    """Look at what every machine of a cluster would get; raises ConfigRefused."""
    facts, bundle = await facts_of(session, sealer, cluster_id)
    check.cluster(facts, bundle, await special_members(session, sealer, cluster_id))


async def special_members(
    session: AsyncSession, sealer: Sealer, cluster_id: int
) -> list[MemberFacts]:
    """Return every member of a cluster with what is its own."""
    special: list[MemberFacts] = []
    after, page = 0, PAGE
    while page == PAGE:
        found = await reading.members(session, cluster_id=cluster_id, after=after, limit=PAGE)
        page = len(found)
        after = found[-1].device_id if found else after
        ids = [one.device_id for one in found]
        volumes = await reading.volumes_of_machines(session, ids)
        named = await devices.facts_of(session, ids)
        for one in found:
            own = volumes.get(one.device_id, ())
            special.append(member_facts(sealer, one, named.get(one.device_id), own))
    return special


async def check_one(session: AsyncSession, sealer: Sealer, device_id: int) -> None:
    """Look at what one machine would get; raises ConfigRefused."""
    member = await reading.member(reading.of_session(session), device_id)
    if member is None:
        return
    facts, bundle = await facts_of(session, sealer, member.cluster_id)
    shared = check.prepared(facts, bundle, member.role)
    check.machine(shared, await facts_of_member(session, sealer, member), bundle)


async def facts_of_member(
    session: AsyncSession, sealer: Sealer, member: reading.Membership
) -> MemberFacts:
    """Return a member as its config needs it, as this session sees it."""
    device = (await devices.facts_of(session, [member.device_id])).get(member.device_id)
    volumes = await reading.own_volumes(reading.of_session(session), member.device_id)
    return member_facts(sealer, member, device, volumes)


def member_facts(
    sealer: Sealer,
    member: reading.Membership,
    device: DeviceFacts | None,
    volumes: tuple[VolumeFacts, ...],
) -> MemberFacts:
    """Return a member as its config needs it; the card, which cannot be wrong, may stand in."""
    place = sealing.member_patches(member.device_id)
    card = member.mac or (device and device.boot_mac) or check.STAND_IN
    return MemberFacts(
        device_id=member.device_id,
        cluster_id=member.cluster_id,
        role=member.role,
        hostname=device.hostname if device else None,
        mac=card,
        address=member.address,
        install_disk=member.install_disk,
        patches=sealing.open_patches(sealer, member.patches, place).get(MACHINE, ()),
        volumes=volumes,
    )
