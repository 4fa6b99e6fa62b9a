"""A cluster that runs, and what the tests of changes to it ask of it."""

from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest

from ktizo.clusters import store as clusters
from ktizo.core.clock import utc_now
from ktizo.core.errors import KtizoError
from ktizo.nodes import schemas
from ktizo.nodes.client.caller import Caller
from ktizo.nodes.simulated import SimulatedNode
from ktizo.nodes.tables import BootstrapRow, WorkRow
from ktizo.nodes.work import wishes
from ktizo.nodes.work.work import Work
from nodes.work.conftest import CLUSTER, Yard

OLD, NEXT = "v1.12.11", "v1.13.9"
STEPS_OLD, STEPS_NEXT = "v1.13.8", "v1.13.9"  # both have the way in steps
WISHES = {
    "upgrade_talos": (wishes.begin_upgrade_talos, schemas.UpgradeTalos),
    "upgrade_kubernetes": (wishes.begin_upgrade_kubernetes, schemas.UpgradeKubernetes),
    "apply_config": (wishes.begin_apply, schemas.ApplyConfig),
    "remove_member": (wishes.begin_remove, schemas.RemoveMember),
}


class Killed(BaseException):
    """The process is gone at this very line."""


async def running(
    yard: Yard, *, planes: int = 3, workers: int = 1, version: str = OLD, **more: Any
) -> list[int]:
    """Bring a cluster up; its machines, control planes first."""
    await yard.cluster(version, **more)
    found = [await yard.member(version=version) for _ in range(planes)]
    found += [await yard.member("worker", version) for _ in range(workers)]
    first = yard.machines[found[0]]
    first.cluster.bootstraps.append(first.uuid)
    first.cluster.join(first)
    first.cluster.refresh()
    now = utc_now() - timedelta(minutes=5)
    async with yard.db.write() as session:
        cluster = await clusters.cluster(session, CLUSTER)
        session.add(
            BootstrapRow(
                cluster_id=cluster.id,
                device_id=found[0],
                asked_by="ada",
                chosen_at=now,
                sent_at=now,
                done_at=now,
            )
        )
    await yard.until("every node is ready", lambda: _all_ready(yard, found))
    await yard.writer.flush()  # what was seen is on disk, as it is after a moment
    return found


async def _all_ready(yard: Yard, ids: list[int]) -> bool:
    seen = [yard.nodes.news.of(one) for one in ids]
    states = [await yard.state(one) for one in ids]
    return all(one is not None and one.ready for one in seen) and set(states) == {"running"}


async def wish(yard: Yard, kind: str, **body: Any) -> int:
    """Ask for something as the API does; the work's number."""
    begin, schema = WISHES[kind]
    async with yard.db.write() as session:
        cluster = await clusters.cluster(session, CLUSTER)
        desk = yard.desk(session)
        row = await begin(desk, cluster, schema(**body), yard.nodes.news)  # type: ignore[operator]
    yard.nodes.engine.go_on(row.id)
    return row.id


async def refused(yard: Yard, kind: str, error: type[KtizoError], match: str, **body: Any) -> None:
    """Ask for something that is refused at once, and changes nothing."""
    async with yard.db.read() as session:
        before = (await clusters.cluster(session, CLUSTER)).version
    with pytest.raises(error, match=match):
        await wish(yard, kind, **body)
    async with yard.db.read() as session:
        assert (await clusters.cluster(session, CLUSTER)).version == before


def orders(machine: SimulatedNode, *names: str) -> list[str]:
    """The orders a machine carried out, those of `names`."""
    return [name for name, _ in machine.orders if not names or name in names]


def states(row: WorkRow) -> dict[str, str]:
    return {one["name"]: one["state"] for one in row.steps}


def said(row: WorkRow) -> dict[str, str]:
    return {one["name"]: one["said"] for one in row.steps}


class KillAt:
    """Ends the engine at one of a work's durable notes, before or after it is on disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int, *, after: bool) -> None:
        self.saves = 0
        self.hit = False
        real = Work._save
        kill = self

        async def save(work: Work) -> None:
            kill.saves += 1
            here = kill.saves == number
            kill.hit |= here
            if here and not after:
                raise Killed
            await real(work)
            if here:
                raise Killed

        monkeypatch.setattr(Work, "_save", save)


async def killed(yard: Yard, work_id: int) -> bool:
    """Wait until a work was killed, and begin Ktizo anew; False: it went through before that."""
    task = yard.nodes.engine._tasks.get(work_id)
    try:
        if task is not None:
            await task
    except Killed:
        await yard.killed()
        return True
    await yard.killed()
    return False


class KillIn:
    """Ends the engine at the first call of one method: before it is sent, or with its answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, path: str, *, after: bool) -> None:
        self.hit = False
        unary, stream = Caller.unary, Caller.stream
        kill = self

        def at(method: Any, now: bool) -> None:
            if method.path.endswith(path) and now is after and not kill.hit:
                kill.hit = True
                raise Killed

        async def one(caller: Caller, method: Any, *what: Any, **more: Any) -> Any:
            at(method, now=False)
            reply = await unary(caller, method, *what, **more)
            at(method, now=True)
            return reply

        async def many(caller: Caller, method: Any, *what: Any, **more: Any) -> Any:
            at(method, now=False)
            async with aclosing(stream(caller, method, *what, **more)) as replies:
                async for reply in replies:
                    yield reply
            at(method, now=True)

        monkeypatch.setattr(Caller, "unary", one)
        monkeypatch.setattr(Caller, "stream", many)
