"""etcd on a simulated control plane, with its arithmetic."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from grpclib.const import Status
from grpclib.exceptions import GRPCError

from ktizo.nodes.simulated.asked import Asked
from ktizo.nodes.wire import envelope_pb2 as envelope
from ktizo.nodes.wire import etcd_pb2 as wire
from ktizo.nodes.wire import machine_pb2 as machine

if TYPE_CHECKING:
    from ktizo.nodes.simulated.lan import Cluster
    from ktizo.nodes.simulated.node import SimulatedNode

_PIECE = 32 << 10  # bytes, as Talos sends them


async def bootstrap(asked: Asked[machine.BootstrapRequest]) -> machine.BootstrapResponse:
    """Begin etcd here; refused on a worker, and where etcd has data."""
    if not asked.node.is_control_plane:
        raise GRPCError(Status.FAILED_PRECONDITION, "bootstrap can only be called on control plane")
    if asked.node.etcd_member:
        raise GRPCError(Status.ALREADY_EXISTS, "etcd data directory is not empty")
    asked.node.order("Bootstrap")
    cluster = asked.node.cluster
    cluster.bootstraps.append(asked.node.uuid)
    cluster.join(asked.node)
    cluster.refresh()
    return machine.BootstrapResponse(messages=[machine.Bootstrap()])


async def members(asked: Asked[wire.EtcdMemberListRequest]) -> wire.EtcdMemberListResponse:
    """List the members; without `query_local` only with a quorum."""
    cluster = _etcd(asked.node, quorum=not asked.request.query_local)
    found = [
        wire.EtcdMember(
            id=member,
            hostname=who.hostname,
            peer_urls=[f"https://{who.hostname}:2380"],
            client_urls=[f"https://{who.hostname}:2379"],
        )
        for member, who in cluster.members.items()
    ]
    return wire.EtcdMemberListResponse(messages=[wire.EtcdMembers(members=found)])


async def status(asked: Asked[Any]) -> wire.EtcdStatusResponse:
    """Say how the member here is."""
    cluster = _etcd(asked.node, quorum=False)
    found = wire.EtcdMemberStatus(
        member_id=asked.node.etcd_member,
        leader=cluster.leader if cluster.quorum else 0,
        db_size=asked.node.etcd_snapshot_bytes,
        db_size_in_use=asked.node.etcd_snapshot_bytes // 2,
        raft_index=1000,
        raft_term=2,
        raft_applied_index=1000,
        protocol_version="3.6.4",
        storage_version="3.6",
        errors=[] if cluster.quorum else ["etcdserver: no leader"],
    )
    return wire.EtcdStatusResponse(messages=[wire.EtcdStatus(member_status=found)])


async def snapshot(asked: Asked[Any]) -> AsyncGenerator[envelope.Data, None]:
    """Give a database of the size the node has, in pieces."""
    _etcd(asked.node, quorum=True)
    for begin in range(0, asked.node.etcd_snapshot_bytes, _PIECE):
        size = min(_PIECE, asked.node.etcd_snapshot_bytes - begin)
        yield envelope.Data(content=bytes([begin // _PIECE % 256]) * size)


async def leave(asked: Asked[Any]) -> wire.EtcdLeaveClusterResponse:
    """Take this member out."""
    cluster = _etcd(asked.node, quorum=True)
    asked.node.order("EtcdLeaveCluster")
    asked.node.leave_etcd()
    cluster.refresh()
    return wire.EtcdLeaveClusterResponse(messages=[wire.EtcdLeaveCluster()])


async def forfeit(asked: Asked[Any]) -> wire.EtcdForfeitLeadershipResponse:
    """Hand leadership to another member, if this one has it."""
    cluster = _etcd(asked.node, quorum=True)
    asked.node.order("EtcdForfeitLeadership")
    own, name = asked.node.etcd_member, ""
    others = [member for member in cluster.members if member != own]
    if cluster.leader == own and others:
        cluster.leader = others[0]
        name = cluster.members[cluster.leader].hostname
    found = wire.EtcdForfeitLeadership(member=name)
    return wire.EtcdForfeitLeadershipResponse(messages=[found])


async def remove(
    asked: Asked[wire.EtcdRemoveMemberByIDRequest],
) -> wire.EtcdRemoveMemberByIDResponse:
    """Take another member out."""
    cluster = _etcd(asked.node, quorum=True)
    gone = asked.request.member_id
    if gone not in cluster.members:
        raise GRPCError(Status.NOT_FOUND, "etcdserver: member not found")
    asked.node.order("EtcdRemoveMemberByID", member=asked.request.member_id)
    cluster.leave(gone)
    cluster.refresh()
    return wire.EtcdRemoveMemberByIDResponse(messages=[wire.EtcdRemoveMemberByID()])


def _etcd(node: "SimulatedNode", *, quorum: bool) -> "Cluster":
    """Return the cluster whose etcd runs here."""
    if not node.is_control_plane:
        raise GRPCError(Status.UNIMPLEMENTED, "etcd is only available on control plane nodes")
    if node.etcd_member not in node.cluster.members:
        raise GRPCError(Status.FAILED_PRECONDITION, "etcd is not running")
    if quorum and not node.cluster.quorum:
        raise GRPCError(Status.UNAVAILABLE, "etcdserver: no leader")
    return node.cluster
