"""etcd on a control plane: who is in it, how it is, a copy of it, and leaving it."""

from collections.abc import AsyncGenerator

from ktizo.nodes.client import reading
from ktizo.nodes.client.caller import Caller
from ktizo.nodes.client.results import EtcdMember, EtcdStatus
from ktizo.nodes.wire import etcd_pb2 as wire
from ktizo.nodes.wire import methods

CHANGE_S = 60.0  # etcd waits for its own quorum
SNAPSHOT_S = 900.0


class Etcd:
    """The etcd verbs of one node; none works in maintenance mode or on a worker."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def members(self, *, local: bool = False) -> tuple[EtcdMember, ...]:
        """Return the members; with `local` as this node alone sees them, quorum or not."""
        request = wire.EtcdMemberListRequest(query_local=local)
        reply = await self._caller.unary(methods.ETCD_MEMBERS, request)
        found = reading.only(reply.messages, "EtcdMemberList")
        return tuple(reading.etcd_member(one) for one in found.members)

    async def status(self) -> EtcdStatus:
        """Return how etcd on this node is."""
        reply = await self._caller.unary(methods.ETCD_STATUS, methods.ETCD_STATUS.request())
        return reading.etcd_status(reading.only(reply.messages, "EtcdStatus").member_status)

    async def snapshot(self, *, timeout_s: float = SNAPSHOT_S) -> AsyncGenerator[bytes, None]:
        """Give a snapshot of the database in pieces; hundreds of megabytes are usual.

        It is whole only when the stream ends without an error.
        """
        request = wire.EtcdSnapshotRequest()
        async for data in self._caller.stream(methods.ETCD_SNAPSHOT, request, timeout_s=timeout_s):
            reading.check(data.metadata, "EtcdSnapshot")
            yield data.content

    async def forfeit_leadership(self) -> str:
        """Make another member the leader; return its name, empty when this one did not lead."""
        request = wire.EtcdForfeitLeadershipRequest()
        reply = await self._caller.unary(methods.ETCD_FORFEIT, request, timeout_s=CHANGE_S)
        return reading.only(reply.messages, "EtcdForfeitLeadership").member

    async def leave(self) -> None:
        """Take this node out of etcd and stop its member; its data goes with the next reset."""
        request = wire.EtcdLeaveClusterRequest()
        reply = await self._caller.unary(methods.ETCD_LEAVE, request, timeout_s=CHANGE_S)
        reading.only(reply.messages, "EtcdLeaveCluster")

    async def remove(self, member_id: int) -> None:
        """Take another member, one that does not answer any more, out of etcd."""
        request = wire.EtcdRemoveMemberByIDRequest(member_id=member_id)
        reply = await self._caller.unary(methods.ETCD_REMOVE, request, timeout_s=CHANGE_S)
        reading.only(reply.messages, "EtcdRemoveMemberByID")
