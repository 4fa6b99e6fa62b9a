"""Sealing again what an older key sealed, after `ktizo key rotate`; at start."""

from ktizo.clusters import sealing, store
from ktizo.core.db import AsyncSession
from ktizo.core.seal import Sealer


async def reseal(session: AsyncSession, sealer: Sealer) -> int:
    """Bring every sealed text of this room under the current key; return how many there were.

    What they say stays, so no machine is told anything else. Afterwards the old key may go.
    """
    again = 0
    clusters, members = await store.sealed(session)
    for cluster in clusters:
        place = sealing.cluster_secrets(cluster.id)
        cluster.secrets, moved = _again(sealer, cluster.secrets, place)
        again += moved
        place = sealing.cluster_patches(cluster.id)
        cluster.patches, moved = _again(sealer, cluster.patches, place)
        again += moved
    for member in members:
        place = sealing.member_patches(member.device_id)
        member.patches, moved = _again(sealer, member.patches, place)
        again += moved
    await session.flush()
    current = sealer.seal(b"", "").rpartition(".")[0]
    while served := await store.sealed_otherwise(session, current):
        for row in served:
            place = sealing.served_config(row.device_id, row.sha256)
            row.config, moved = _again(sealer, row.config, place)
            again += moved
        await session.flush()
        session.expunge_all()
    return again


def _again(sealer: Sealer, sealed: str, place: str) -> tuple[str, bool]:
    if not sealed or not sealer.needs_reseal(sealed):
        return sealed, False
    return sealer.seal(sealer.unseal(sealed, place), place), True
