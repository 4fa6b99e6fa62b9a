"""Work on clusters: asking for it, watching it, trying it again, giving it up."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Path, Query

from ktizo.clusters import store as clusters
from ktizo.clusters.api.desk import Key, Reading, Writing
from ktizo.clusters.store import Cluster
from ktizo.core.db import AsyncSession
from ktizo.nodes import schemas, store
from ktizo.nodes.api.nodes import TheNodes
from ktizo.nodes.tables import WorkRow
from ktizo.nodes.view import work_view
from ktizo.nodes.work import begin, wishes

router = APIRouter(prefix="/api/v1")

WorkId = Annotated[int, Path(ge=1, lt=2**31)]


@router.post("/clusters/{key}/bring-up")
async def bring_up(
    key: Key, body: schemas.BringUp, desk: Writing, ours: TheNodes, after: BackgroundTasks
) -> schemas.WorkView:
    """Begin etcd on one control plane, exactly once, and see the cluster through to Ready."""
    cluster = await clusters.cluster(desk.session, key)
    row = await begin.begin(desk, cluster, "bring_up", **body.model_dump())
    after.add_task(_go_on, ours, row.id)
    return work_view(row, cluster.name)


@router.post("/clusters/{key}/upgrade-talos")
async def upgrade_talos(
    key: Key, body: schemas.UpgradeTalos, desk: Writing, ours: TheNodes, after: BackgroundTasks
) -> schemas.WorkView:
    """Bring every node to another Talos, one by one; stops at the first that does not come back."""
    cluster = await clusters.cluster(desk.session, key)
    row = await wishes.begin_upgrade_talos(desk, cluster, body, ours.news)
    after.add_task(_go_on, ours, row.id)
    return work_view(row, cluster.name)


@router.post("/clusters/{key}/upgrade-kubernetes")
async def upgrade_kubernetes(
    key: Key, body: schemas.UpgradeKubernetes, desk: Writing, ours: TheNodes, after: BackgroundTasks
) -> schemas.WorkView:
    """Bring a cluster to another Kubernetes, component by component."""
    cluster = await clusters.cluster(desk.session, key)
    row = await wishes.begin_upgrade_kubernetes(desk, cluster, body, ours.news)
    after.add_task(_go_on, ours, row.id)
    return work_view(row, cluster.name)


@router.post("/clusters/{key}/apply-config")
async def apply_config(
    key: Key, body: schemas.ApplyConfig, desk: Writing, ours: TheNodes, after: BackgroundTasks
) -> schemas.WorkView:
    """Give running nodes the config they should have, one at a time."""
    cluster = await clusters.cluster(desk.session, key)
    row = await wishes.begin_apply(desk, cluster, body, ours.news)
    after.add_task(_go_on, ours, row.id)
    return work_view(row, cluster.name)


@router.post("/clusters/{key}/remove-member")
async def remove_member(
    key: Key, body: schemas.RemoveMember, desk: Writing, ours: TheNodes, after: BackgroundTasks
) -> schemas.WorkView:
    """Take a node out: it leaves etcd, is wiped, and its place in the cluster is forgotten."""
    cluster = await clusters.cluster(desk.session, key)
    row = await wishes.begin_remove(desk, cluster, body, ours.news)
    after.add_task(_go_on, ours, row.id)
    return work_view(row, cluster.name)


@router.get("/clusters/{key}/works")
async def list_works(
    key: Key, desk: Reading, limit: Annotated[int, Query(ge=1, le=200)] = 20
) -> list[schemas.WorkView]:
    """List a cluster's works, newest first."""
    cluster = await clusters.cluster(desk.session, key)
    return [
        work_view(row, cluster.name) for row in await store.works(desk.session, cluster.id, limit)
    ]


@router.get("/works")
async def list_all_works(
    desk: Reading, limit: Annotated[int, Query(ge=1, le=200)] = 20
) -> list[schemas.WorkView]:
    """List the works on all clusters, newest first."""
    named = {one.id: one.name for one in await clusters.clusters(desk.session)}
    rows = await store.works(desk.session, None, limit)
    return [work_view(row, named[row.cluster_id]) for row in rows]


@router.get("/works/{work_id}")
async def show_work(work_id: WorkId, desk: Reading) -> schemas.WorkView:
    """Show one work and its steps."""
    row, cluster = await _both(desk.session, work_id)
    return work_view(row, cluster.name)


@router.post("/works/{work_id}/retry")
async def retry_work(
    work_id: WorkId, desk: Writing, ours: TheNodes, after: BackgroundTasks
) -> schemas.WorkView:
    """Let a work that stopped go on; it looks at everything again first."""
    row, cluster = await _both(desk.session, work_id)
    await begin.retry(desk, cluster, row)
    after.add_task(_go_on, ours, row.id)
    return work_view(row, cluster.name)


@router.post("/works/{work_id}/abandon")
async def abandon_work(
    work_id: WorkId, desk: Writing, ours: TheNodes, after: BackgroundTasks
) -> schemas.WorkView:
    """Give a work up where it stands; nothing is taken back."""
    row, cluster = await _both(desk.session, work_id)
    await begin.abandon(desk, cluster, row)
    after.add_task(ours.engine.let_go, row.id)
    return work_view(row, cluster.name)


async def _both(session: AsyncSession, work_id: int) -> tuple[WorkRow, Cluster]:
    row = await store.work(session, work_id)
    return row, await clusters.cluster(session, row.cluster_id)


async def _go_on(ours: TheNodes, work_id: int) -> None:
    # After the answer, and so after the commit: the engine reads the row.
    ours.engine.go_on(work_id)
