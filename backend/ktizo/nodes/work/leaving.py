"""etcd's side of taking a member out: which one it is, what is left without it, and the vote."""

from ktizo.nodes import etcd, store
from ktizo.nodes.client.results import EtcdMember
from ktizo.nodes.errors import NodeError
from ktizo.nodes.quorum import QuorumLost, insist_removal
from ktizo.nodes.work.work import Node, Stopped, Work


async def insist(work: Work, node: Node, found: etcd.Etcd) -> str:
    """Return what is left; raises Stopped with the arithmetic when that is too little."""
    if not found.members:
        if await never_began(work):
            return "etcd has not begun"
        raise Stopped("no control plane says who is in etcd; bring one up first")
    own = member_on(found, node)
    if own is None:
        nameless = await unknown(work, node, found)
        if nameless and node.id not in found.status:
            raise Stopped(
                f"{node.name} does not answer, and nobody knows on which machine etcd's member "
                f"{nameless} is; bring {node.name} up first"
            )
        return f"{node.name} is no member of etcd"
    try:
        insist_removal(found.voters, own.hostname or f"{own.id:x}")
    except QuorumLost as error:
        raise Stopped(f"{error.message}; nothing was sent to {node.name}") from error
    up = sum(one.up for one in found.voters if one.name != (own.hostname or f"{own.id:x}"))
    return f"etcd has {len(found.voters)} members; without {node.name} {up} are up"


def member_on(found: etcd.Etcd, node: Node) -> EtcdMember | None:
    """Return the member on a machine: by its own word, else by its name or address."""
    own = found.member_on(node.id)
    if own is not None:
        return own
    address = node.seen.address if node.seen else None
    fits = [
        one
        for one in found.members
        if one.hostname == node.name
        or (address and any(f"//{address}:" in url for url in one.peer_urls))
    ]
    return fits[0] if len(fits) == 1 else None


async def unknown(work: Work, node: Node, found: etcd.Etcd) -> str:
    """Return the members that may be on this machine although nothing says so."""
    planes = await work.nodes(control_planes=True)
    others = {one.name for one in planes if one.id != node.id}
    return ", ".join(
        f"{one.hostname or 'without a name'} ({one.id:x})"
        for one in found.members
        if found.machine_of(one.id) is None and one.hostname not in others
    )


async def never_began(work: Work) -> bool:
    """Say whether Ktizo never had etcd begin."""
    async with work.site.database.read() as session:
        return await store.bootstrap(session, work.cluster_id) is None


async def asked(work: Work, but: int | None = None) -> etcd.Etcd:
    """Ask every control plane that can be reached, but for machine `but`."""
    planes = [one for one in await work.nodes(control_planes=True) if one.id != but]
    return await etcd.ask(await work.clients(planes))


async def unlisted(work: Work, node: Node) -> bool:
    """Say whether the others' etcd is sure not to have the machine among its members."""
    found = await asked(work, but=node.id)
    listed = member_on(found, node) is not None or await unknown(work, node, found)
    return bool(found.members) and not listed


async def vote_out(work: Work, node: Node, found: etcd.Etcd, own: EtcdMember) -> str:
    """Have another member vote a dead one out; the vote cannot be done twice."""
    await insist(work, node, found)
    planes = await work.nodes(control_planes=True)
    for device_id, client in (await work.clients(planes)).items():
        if device_id not in found.status or device_id == node.id:
            continue
        try:
            await client.etcd.remove(own.id)
        except NodeError as error:
            return error.message
        return f"{node.name} ({own.id:x}) was voted out"
    return "no other control plane answers"
