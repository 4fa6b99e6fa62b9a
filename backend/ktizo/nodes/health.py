"""How a cluster is, asked of its nodes now."""

from collections.abc import Mapping, Sequence

from ktizo.clusters.reading import store as clusters
from ktizo.core.db import AsyncSession
from ktizo.devices import store as devices
from ktizo.devices.facts import DeviceFacts
from ktizo.devices.lifecycle import MAY_INSTALL, PROVED
from ktizo.nodes import etcd, schemas, store
from ktizo.nodes.client import NodeClient
from ktizo.nodes.errors import NodeError
from ktizo.nodes.quorum import needed
from ktizo.nodes.reach import Reach, insist
from ktizo.nodes.watch.news import News

CONTROL_PLANE = "controlplane"


async def control_planes(
    session: AsyncSession, reach: Reach, news: News, cluster_id: int
) -> dict[int, NodeClient]:
    """Return clients of a cluster's control planes that answered lately; close every one."""
    members = await clusters.members(session, cluster_id=cluster_id)
    planes = [one.device_id for one in members if one.role == CONTROL_PLANE]
    access = await reach.access(cluster_id)
    found = {}
    for device_id in planes:
        seen = news.of(device_id)
        if seen is not None and seen.address is not None and seen.trouble is None:
            found[device_id] = reach.client(seen.address, access)
    return found


async def health(
    session: AsyncSession, reach: Reach, news: News, cluster_id: int
) -> schemas.Health:
    """Ask etcd through its control planes, and put that beside what is known of the nodes."""
    members = await clusters.members(session, cluster_id=cluster_id)
    facts = await devices.facts_of(session, [one.device_id for one in members])
    begun = await store.bootstrap(session, cluster_id)
    clients = await control_planes(session, reach, news, cluster_id)
    try:
        found = await etcd.ask(await _themselves(clients, facts))
    finally:
        for client in clients.values():
            await client.hang_up()
    expected = [one for one in facts.values() if one.state in MAY_INSTALL | PROVED]
    ready = [one for one in expected if (seen := news.of(one.id)) and seen.ready]
    problems = _problems(found, expected, news)
    return schemas.Health(
        bootstrapped=bool(found.members) or (begun is not None and begun.done_at is not None),
        etcd=[_member(found, one.id) for one in found.members],
        quorum=needed(len(found.voters)) if found.voters else 0,
        etcd_healthy=found.healthy,
        nodes_ready=len(ready),
        nodes=len(expected),
        healthy=found.healthy and len(ready) == len(expected),
        problems=problems,
    )


async def _themselves(
    clients: Mapping[int, NodeClient], facts: Mapping[int, DeviceFacts]
) -> dict[int, NodeClient]:
    """Return the clients that talk to the machine they are for."""
    found = {}
    for device_id, client in clients.items():
        device = facts.get(device_id)
        try:
            await insist(client, device.uuid if device else None)
        except NodeError:  # its state says so, with the reason
            continue
        found[device_id] = client
    return found


def _member(found: etcd.Etcd, member_id: int) -> schemas.EtcdMemberView:
    one = next(each for each in found.members if each.id == member_id)
    return schemas.EtcdMemberView(
        id=f"{member_id:016x}",
        hostname=one.hostname,
        device_id=found.machine_of(member_id),
        learner=one.learner,
        leader=member_id == found.leader,
        healthy=member_id in found.up,
    )


def _problems(found: etcd.Etcd, expected: Sequence[DeviceFacts], news: News) -> list[str]:
    said = []
    if found.members and not found.healthy:
        voters = found.voters
        up = sum(one.up for one in voters)
        said.append(f"etcd: {up} of {len(voters)} members are up, {needed(len(voters))} are needed")
    for device in expected:
        seen = news.of(device.id)
        name = device.hostname or f"machine {device.id}"
        if seen is None:
            said.append(f"{name} was never reached")
        elif seen.trouble is not None:
            said.append(f"{name}: {seen.trouble[1]}")
        elif not seen.ready:
            unmet = ", ".join(f"{what} ({why})" for what, why in seen.unmet)
            said.append(f"{name} is {seen.state}" + (f", waiting for {unmet}" if unmet else ""))
    return said[:100]
