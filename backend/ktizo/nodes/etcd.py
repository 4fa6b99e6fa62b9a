"""How etcd of a cluster is, asked of its control planes."""

from collections.abc import Mapping
from dataclasses import dataclass

from ktizo.nodes.client import NodeClient
from ktizo.nodes.client.results import EtcdMember, EtcdStatus
from ktizo.nodes.errors import NodeError
from ktizo.nodes.quorum import Voter, needed


@dataclass(frozen=True, slots=True)
class Etcd:
    """etcd as its nodes tell it. `status` is by machine; `refused` says why the others did not."""

    members: tuple[EtcdMember, ...]
    status: Mapping[int, EtcdStatus]
    refused: Mapping[int, str]

    @property
    def up(self) -> frozenset[int]:
        """Ids of the members that answered for themselves, know a leader and have no error."""
        return frozenset(
            one.member_id for one in self.status.values() if one.leader_id and not one.errors
        )

    @property
    def leader(self) -> int:
        """Id of the member that leads; 0 when nobody says."""
        return next((one.leader_id for one in self.status.values() if one.leader_id), 0)

    @property
    def voters(self) -> tuple[Voter, ...]:
        """The members with a vote, by the names etcd has for them."""
        return tuple(
            Voter(one.hostname or f"{one.id:x}", one.id in self.up)
            for one in self.members
            if not one.learner
        )

    @property
    def healthy(self) -> bool:
        """Whether there are members, a leader, and enough of them up."""
        voters = self.voters
        return bool(voters) and sum(one.up for one in voters) >= needed(len(voters))

    def machine_of(self, member_id: int) -> int | None:
        """Return the machine a member is on, as far as it answered."""
        found = (device for device, one in self.status.items() if one.member_id == member_id)
        return next(found, None)

    def member_on(self, device_id: int) -> EtcdMember | None:
        """Return the member on a machine that answered."""
        status = self.status.get(device_id)
        if status is None:
            return None
        return next((one for one in self.members if one.id == status.member_id), None)


async def ask(clients: Mapping[int, NodeClient]) -> Etcd:
    """Ask every control plane; those that cannot say are in `refused`. Never raises NodeError."""
    members: tuple[EtcdMember, ...] = ()
    status: dict[int, EtcdStatus] = {}
    refused: dict[int, str] = {}
    for device_id, client in clients.items():
        try:
            status[device_id] = await client.etcd.status()
            found = await client.etcd.members()
        except NodeError as error:
            refused[device_id] = error.message
            continue
        members = found if len(found) > len(members) else members
    return Etcd(members, status, refused)
