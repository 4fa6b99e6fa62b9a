"""`/api/v1/cluster/...`: the one cluster most installations have, without naming it."""

from fastapi import APIRouter

from ktizo.clusters import check, create, settings, store
from ktizo.clusters.api import shown
from ktizo.clusters.api.desk import Reading, Which, Writing
from ktizo.clusters.changes import facts_of
from ktizo.clusters.facts import ROLES
from ktizo.clusters.preview import REDACTING
from ktizo.clusters.redact import redacted
from ktizo.clusters.schemas import ClusterOut, Generated, NewCluster, SettingsIn
from ktizo.clusters.store import ClusterNotFound

router = APIRouter(prefix="/cluster")


@router.get("/settings")
async def show_settings(desk: Reading, cluster: Which = None) -> ClusterOut:
    """Show the settings of a cluster."""
    return await shown.cluster(desk, await store.cluster(desk.session, cluster))


@router.put("/settings")
async def replace_settings(body: SettingsIn, desk: Writing, cluster: Which = None) -> ClusterOut:
    """Replace the settings of a cluster; without any cluster, this makes the first."""
    try:
        row = await store.cluster(desk.session, cluster)
    except ClusterNotFound:
        if cluster is not None:
            raise
        row = await create.create(desk, NewCluster(**body.model_dump()))
        return await shown.cluster(desk, row)
    return await shown.cluster(desk, await settings.replace(desk, row, body))


@router.post("/config/generate")
async def generate_configs(desk: Reading, cluster: Which = None) -> Generated:
    """Make what all machines of each role share, check it, and show it without its secrets."""
    row = await store.cluster(desk.session, cluster)
    facts, bundle = await facts_of(desk.session, desk.sealer, row.id)
    texts, warnings = {}, dict[str, None]()
    for role, shared in check.cluster(facts, bundle).items():
        texts[role] = redacted(shared.base.text(), desk.sealer.subkey(REDACTING))
        found = check.machine(shared, check.stand_in(facts, role), bundle)
        warnings |= dict.fromkeys(found)
    controlplane, worker = (texts[role] for role in ROLES)
    return Generated(
        cluster=row.name,
        cluster_version=row.version,
        controlplane=controlplane,
        worker=worker,
        warnings=list(warnings),
    )
