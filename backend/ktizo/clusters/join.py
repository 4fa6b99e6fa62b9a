"""Machines coming into a cluster, changing their place in it, and leaving."""

from ipaddress import ip_address, ip_interface

from ktizo.clusters import patches, store
from ktizo.clusters.changes import Desk, check_one
from ktizo.clusters.schemas import MemberIn
from ktizo.clusters.tables import ClusterRow, MemberRow
from ktizo.core.clock import utc_now
from ktizo.core.errors import Conflict, Invalid
from ktizo.devices import store as devices


class RoleMissing(Invalid):
    """Neither the request nor the machine says what it is to be."""


class RoleConflict(Conflict):
    """The machine was approved for the other role."""


class OtherCluster(Conflict):
    """The machine belongs to another cluster."""


class AddressUnusable(Invalid):
    """The address is somebody else's, or the gateway cannot be reached from it."""


async def join(desk: Desk, cluster: ClusterRow, device_id: int, wanted: MemberIn) -> MemberRow:
    """Make a machine a member, or change the member it is; what is null goes back to default.

    Refused when its config would be.
    """
    device = await devices.get(desk.session, device_id)
    row = await store.find_member(desk.session, device_id)
    if row is not None and row.cluster_id != cluster.id:
        raise OtherCluster(f"machine {device_id} belongs to another cluster; take it out first")
    news = row is None
    if row is None:
        row = MemberRow(
            device_id=device_id, cluster_id=cluster.id, patches="", created_at=utc_now()
        )
    row.role = _role(device_id, wanted.role or (None if news else row.role), device.role)
    _check_address(cluster, wanted.address)
    if wanted.mac is not None:
        owner = (await devices.by_macs(desk.session, [wanted.mac])).get(wanted.mac)
        if owner is None or owner.id != device_id:
            raise AddressUnusable(f"{wanted.mac} is no card of machine {device_id}")
    row.address, row.mac, row.install_disk = wanted.address, wanted.mac, wanted.install_disk
    row.ip = None if wanted.address is None else str(ip_interface(wanted.address).ip)
    if wanted.patches is not None:
        patches.put(desk.sealer, row, wanted.patches)
    await store.save_member(desk.session, row)
    await check_one(desk.session, desk.sealer, device_id)
    action = "joined" if news else "member_changed"
    what = {"device": device_id, "role": row.role, "address": row.address}
    await desk.note(action, f"cluster {cluster.name}", device_id, **what)
    return row


async def join_by_name(desk: Desk, cluster: str, device_id: int, install_disk: str | None) -> None:
    """Take a machine in as an approval does: in its own role, everything else as it was."""
    row = await store.cluster(desk.session, cluster)
    held = await store.find_member(desk.session, device_id)
    device = await devices.get(desk.session, device_id)
    wanted = MemberIn.model_validate(
        {
            "role": device.role,
            "address": held.address if held else None,
            "mac": held.mac if held else None,
            "install_disk": install_disk or (held.install_disk if held else None),
        }
    )
    await join(desk, row, device_id, wanted)


async def leave(desk: Desk, cluster: ClusterRow, device_id: int) -> None:
    """Take a machine out; it then gets its boot profile's own config, or none."""
    row = await store.member(desk.session, device_id)
    if row.cluster_id != cluster.id:
        raise store.NotAMember(f"machine {device_id} does not belong to {cluster.name}")
    await store.delete_member(desk.session, row)
    await desk.note("left", f"cluster {cluster.name}", device_id, device=device_id)


def _role(device_id: int, wanted: str | None, approved: str | None) -> str:
    role = wanted or approved
    if role is None:
        raise RoleMissing(f"say what machine {device_id} is to be: controlplane or worker")
    if approved is not None and approved != role:
        raise RoleConflict(
            f"machine {device_id} is a {approved}; change its role first, or join it as that"
        )
    return role


def _check_address(cluster: ClusterRow, address: str | None) -> None:
    if address is None:
        return
    own = ip_interface(address)
    if str(own.ip) in {cluster.gateway, cluster.vip}:
        raise AddressUnusable(f"{own.ip} is the gateway or the VIP of {cluster.name}")
    if own.network.num_addresses > 2 and own.ip in {
        own.network.network_address,
        own.network.broadcast_address,
    }:
        raise AddressUnusable(f"{address} is the address of a network, not of a machine in it")
    if cluster.gateway is None:
        return
    gateway = ip_address(cluster.gateway)
    if gateway.version == own.version and gateway not in own.network:
        raise AddressUnusable(f"the gateway {gateway} cannot be reached from {address}")
