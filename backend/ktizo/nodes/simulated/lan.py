"""What simulated machines share: who signs for whom (trustd), and each cluster's etcd."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from ktizo.talos.pki import CertAndKey

if TYPE_CHECKING:
    from ktizo.nodes.simulated.node import SimulatedNode


@dataclass(frozen=True, slots=True)
class Member:
    """A member of etcd: which machine it is on, and its name."""

    uuid: str
    hostname: str


@dataclass
class Cluster:
    """Nodes with one Talos CA, and their etcd."""

    nodes: dict[str, "SimulatedNode"] = field(default_factory=dict)  # up and configured, by UUID
    members: dict[int, Member] = field(default_factory=dict)  # of etcd, by member id
    leader: int = 0
    bootstraps: list[str] = field(default_factory=list)  # every accepted one; two are a disaster
    signer: asyncio.Future[CertAndKey] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    _ids: Iterator[int] = field(default_factory=lambda: count(0x9A5F_0000_0000_0001))

    @property
    def alive(self) -> int:
        """Members whose node is up and still has their data."""
        return sum(self._up(member) for member in self.members)

    @property
    def quorum(self) -> bool:
        """Whether more than half of the members are up."""
        return self.alive > len(self.members) // 2

    def _up(self, member: int) -> bool:
        node = self.nodes.get(self.members[member].uuid)
        return node is not None and node.etcd_member == member

    def join(self, node: "SimulatedNode") -> None:
        """Make a control plane without etcd data a member, a new one."""
        if not node.etcd_member:
            node.etcd_member = next(self._ids)
            self.members[node.etcd_member] = Member(node.uuid, node.hostname)
            self.leader = self.leader or node.etcd_member

    def leave(self, member: int) -> None:
        """Take a member out; another leads when it led."""
        self.members.pop(member, None)
        if self.leader == member:
            self.leader = next(iter(self.members), 0)

    def refresh(self) -> None:
        """Let control planes that are up join, and every node see whether it is ready."""
        for node in list(self.nodes.values()):
            if self.quorum and node.is_control_plane and not node.left_etcd:
                self.join(node)
        for node in list(self.nodes.values()):
            node.look_around()


class Lan:
    """The network simulated machines are on."""

    def __init__(self) -> None:
        self.clusters: dict[str, Cluster] = {}

    def cluster(self, ca: CertAndKey) -> Cluster:
        """Return the cluster of a Talos CA."""
        return self.clusters.setdefault(ca.crt.strip(), Cluster())

    async def signing_ca(self, ca: CertAndKey) -> CertAndKey:
        """Return the CA with its key; a worker waits until a control plane of its cluster was up.

        A worker's config has no key: its API certificate comes from trustd there (talos.md §7).
        """
        cluster = self.cluster(ca)
        if ca.key and not cluster.signer.done():
            cluster.signer.set_result(ca)
        return await asyncio.shield(cluster.signer)
