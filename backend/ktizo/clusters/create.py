"""Making a cluster, and making sure of its secrets."""

import asyncio

from ktizo.clusters import sealing, store
from ktizo.clusters.changes import Desk, check_all
from ktizo.clusters.schemas import NewCluster, SettingsIn
from ktizo.clusters.settings import write
from ktizo.clusters.tables import ClusterRow
from ktizo.core.clock import utc_now
from ktizo.core.errors import Conflict
from ktizo.talos import secrets
from ktizo.talos.contracts import contract
from ktizo.talos.secrets import Bundle


class StillHasMembers(Conflict):
    """Machines belong to the cluster."""


async def fresh_bundle(talos_version: str) -> Bundle:
    """Generate secrets, in a thread: a 4096-bit RSA key takes up to seconds of processor time.

    Call it before the transaction writes anything, or the only writer waits as long.
    """
    now = utc_now()
    return await asyncio.to_thread(secrets.generate, contract(talos_version), now=now)


async def create(desk: Desk, wanted: NewCluster) -> ClusterRow:
    """Make a cluster with its secrets, the given ones or fresh ones."""
    if wanted.secrets is None:
        bundle = await fresh_bundle(wanted.talos_version)
    else:
        bundle = await asyncio.to_thread(secrets.load, wanted.secrets)
    row = ClusterRow(created_at=utc_now(), patches="", secrets="")
    write(row, SettingsIn(**wanted.model_dump(exclude={"secrets"})))
    await store.save_cluster(desk.session, row)
    row.secrets = sealing.seal_bundle(desk.sealer, bundle, row.id)
    row.secrets_at = utc_now()
    await desk.session.flush()
    await check_all(desk.session, desk.sealer, row.id)
    given = "given" if wanted.secrets else "generated"
    await desk.note("created", f"cluster {row.name}", secrets=given)
    return row


async def delete(desk: Desk, row: ClusterRow) -> None:
    """Forget a cluster; its machines must have left it."""
    counts = await store.member_counts(desk.session)
    members = sum(count for (cluster_id, _), count in counts.items() if cluster_id == row.id)
    if members:
        raise StillHasMembers(
            f"{members} machines belong to {row.name}; take them out first, their secrets die "
            "with it"
        )
    await store.delete_cluster(desk.session, row)
    await desk.note("deleted", f"cluster {row.name}")
