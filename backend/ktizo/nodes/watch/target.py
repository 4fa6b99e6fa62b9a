"""Whom to watch, where, and with which key: read from what was decided and what was seen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ktizo.clusters import disks
from ktizo.clusters.reading import store as clusters
from ktizo.clusters.reading.store import Membership
from ktizo.core.db import AsyncSession
from ktizo.devices import store as devices
from ktizo.devices.facts import DeviceFacts
from ktizo.devices.lifecycle import MAY_INSTALL, PROVED, UNDECIDED, State
from ktizo.nodes import store
from ktizo.nodes.tables import FindingsRow
from ktizo.nodes.watch.keep import seen_of
from ktizo.nodes.watch.news import News
from ktizo.nodes.watch.state import NodeState, Seen

PAGE = 1000
# Its own system may run although nobody would let it install any more.
MAY_RUN = MAY_INSTALL | PROVED | {State.LAPSED, State.BOOT_LOOP}


@dataclass(frozen=True, slots=True)
class Target:
    """A machine to watch. Addresses are in the order in which they are to be tried."""

    device_id: int
    state: State
    uuid: str | None
    cluster_id: int | None
    edition: tuple[str, ...]  # changes with the config it should have
    configured_at: tuple[str, ...]  # where its API may be once it has its config
    maintenance_at: tuple[str, ...]  # where it may wait for one
    pin: str | None
    inspecting: bool  # it may be looked at, and was not yet

    @property
    def plan(self) -> object:
        """What a visit under way depends on; while it is the same there is no need to begin anew.

        Not the addresses of a configured node: the one it is visited at works.
        """
        maintenance = self.maintenance_at if self.state in MAY_INSTALL | UNDECIDED else ()
        who = self.cluster_id, self.edition, self.uuid
        return *who, maintenance, self.inspecting, self.state in MAY_RUN

    @property
    def is_member(self) -> bool:
        """Whether it belongs to a cluster."""
        return self.cluster_id is not None


async def targets(session: AsyncSession, news: News) -> tuple[dict[int, Target], dict[int, Seen]]:
    """Return every machine to watch, and what is stored of nodes; `news` is newer than that."""
    members = {one.device_id: one for one in await _members(session)}
    inspected = await devices.open_inspections(session)
    seen = {device_id: seen_of(row) for device_id, row in (await store.nodes(session)).items()}
    stored = seen
    seen = {device_id: news.of(device_id) or one for device_id, one in stored.items()}
    waiting = {one.device_id for one in seen.values() if one.state is NodeState.MAINTENANCE}
    ids = members.keys() | inspected.keys() | waiting
    facts = await devices.facts_of(session, ids)
    looked_at = await _looked_at(session, facts.values(), members)
    addresses = await devices.addresses(session, ids)
    found = {}
    for device_id, device in facts.items():
        target = _target(
            device,
            members.get(device_id),
            inspected.get(device_id),
            news.of(device_id) or seen.get(device_id),
            addresses.get(device_id),
            looked_at.get(device_id),
        )
        if target is not None:
            found[device_id] = target
    return found, stored


def _target(
    device: DeviceFacts,
    member: Membership | None,
    inspected_at: str | None,
    seen: Seen | None,
    asked_from: str | None,
    looked_at: FindingsRow | None,
) -> Target | None:
    """Return the machine as a target; None when there is nothing to be looked at."""
    fetched = device.lease.config_address if device.lease else None
    last = seen.address if seen else None
    in_memory = seen is not None and seen.state is NodeState.MAINTENANCE
    configured: tuple[str | None, ...] = ()
    maintenance: tuple[str | None, ...] = ()
    if member is not None and device.state in MAY_RUN:
        own = member.address.partition("/")[0] if member.address else None
        configured = (own, last, fetched, asked_from)
    if device.state in UNDECIDED:
        maintenance = (inspected_at, last if in_memory else None)
    elif device.state in MAY_INSTALL and member is not None:
        waits = disks.pinned(member.install_disk) is not None or device.door is not None
        waits_at = looked_at.address if looked_at else None
        # A server written from an image has asked for nothing: it waits where it was met.
        met_at = asked_from if device.door is not None else None
        maintenance = (fetched if waits else None, last if in_memory else None, waits_at, met_at)
    target = Target(
        device_id=device.id,
        state=device.state,
        uuid=device.uuid,
        cluster_id=member.cluster_id if member else None,
        edition=(member.cluster_edition, member.edition) if member else (),
        configured_at=_each(configured),
        maintenance_at=_each(maintenance),
        pin=(seen.pin if seen else None) or (looked_at.pin if looked_at else None),
        inspecting=inspected_at is not None and device.state in UNDECIDED,
    )
    return target if target.configured_at or target.maintenance_at else None


async def _looked_at(
    session: AsyncSession, facts: Iterable[DeviceFacts], members: Mapping[int, Membership]
) -> dict[int, FindingsRow]:
    """Return where machines were inspected that may wait there for their config.

    Not once one has asked for its installer's config: then it has booted again since.
    """
    waiting = [
        one.id
        for one in facts
        if one.id in members
        and one.state in MAY_INSTALL
        and one.lease is not None
        and one.lease.config_address is None
    ]
    return await store.pins(session, waiting)


def _each(addresses: tuple[str | None, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for one in addresses if one))


async def _members(session: AsyncSession) -> list[Membership]:
    found: list[Membership] = []
    after = 0
    while page := await clusters.members(session, after=after, limit=PAGE):
        found += page
        after = page[-1].device_id
    return found
