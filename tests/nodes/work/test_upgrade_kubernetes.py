"""Another Kubernetes, component by component: one image at a time, and nothing else on the way."""

import pytest
from grpclib.const import Status

from ktizo.clusters import store as clusters
from ktizo.core.errors import Conflict, Invalid
from ktizo.nodes.work import upgrade_kubernetes
from ktizo.nodes.work.images import image_in, same_image, version_of, with_image
from nodes.conftest import config_for
from nodes.work.conftest import CLUSTER, Yard
from nodes.work.running import KillAt, killed, orders, refused, running, said, states, wish
from nodes.work.test_apply_config import change, patch

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]
OF = {"v1.9.6": ("1.31.4", "1.32.4"), "v1.12.11": ("1.34.1", "1.35.4")}
OF |= {"v1.13.9": ("1.35.4", "1.36.3"), "v1.14.0-rc.1": ("1.36.3", "1.37.0")}
PARTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")


@pytest.mark.parametrize("version", OF)
async def test_every_component_of_every_node_and_then_the_cluster(yard: Yard, version: str):
    before, after = OF[version]
    ids = await running(yard, workers=1, version=version, kubernetes_version=before)
    boots = [yard.machines[one].boots for one in ids]
    row = await yard.ended(await wish(yard, "upgrade_kubernetes", version=f"v{after}"))
    assert set(states(row).values()) == {"done"}
    for one in ids:
        machine = yard.machines[one]
        assert machine.config is not None
        wanted = {*PARTS, "kubelet"} if machine.is_control_plane else {"kubelet"}
        tags = {name: image.rpartition(":")[2] for name, image in machine.config.images.items()}
        assert {name: tags[name] for name in wanted} == dict.fromkeys(wanted, f"v{after}")
        assert len(orders(machine, "ApplyConfiguration")) == 1 + len(wanted)
        seen = yard.nodes.news.of(one)
        assert seen is not None
        assert seen.drift == ()
    assert [yard.machines[one].boots for one in ids] == boots, "nobody rebooted"
    assert "set image daemonset/kube-proxy" in said(row)["kube-proxy"]
    async with yard.db.read() as session:
        assert (await clusters.cluster(session, CLUSTER)).kubernetes_version == after


async def test_what_else_was_changed_does_not_come_into_force_on_the_way(yard: Yard):
    ids = await running(yard, planes=1, workers=0, kubernetes_version="1.34.1")
    await change(yard, time_servers=["192.0.2.123"])
    row = await yard.ended(await wish(yard, "upgrade_kubernetes", version="1.35.4"))
    config = yard.machines[ids[0]].config
    assert config is not None
    assert "192.0.2.123" not in config.text
    assert "cp-1 differ in something else" in said(row)["setting"]


async def test_a_step_kubernetes_does_not_support_is_refused_at_once(yard: Yard):
    await running(yard, planes=1, workers=0, kubernetes_version="1.33.6")
    await refused(yard, "upgrade_kubernetes", Invalid, "next minor", version="1.35.4")
    await refused(yard, "upgrade_kubernetes", Invalid, "runs Kubernetes", version="1.36.3")
    await refused(yard, "upgrade_kubernetes", Invalid, "next minor", version="1.32.4")


async def test_a_patch_that_pins_an_image_stops_it_before_anything_is_sent(yard: Yard):
    ids = await running(yard, planes=1, workers=0, kubernetes_version="1.34.1")
    pinned = "cluster:\n  apiServer:\n    image: registry.k8s.io/kube-apiserver:v1.34.1\n"
    await patch(yard, ids[0], pinned)
    row = await yard.ended(await wish(yard, "upgrade_kubernetes", version="1.35.4"), "stopped")
    assert "a patch pins kube-apiserver" in row.said
    assert len(orders(yard.machines[ids[0]], "ApplyConfiguration")) == 1


@pytest.mark.parametrize("component", ["kube-apiserver", "kube-scheduler", "kubelet"])
async def test_it_stops_at_the_first_node_that_does_not_become_ready(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, component: str
):
    ids = await running(yard, planes=2, workers=0, kubernetes_version="1.34.1")
    monkeypatch.setattr(upgrade_kubernetes, "POD_S", 1.5)
    first = yard.machines[ids[0]]
    first.faults.never_ready.add(component)
    work_id = await wish(yard, "upgrade_kubernetes", version="1.35.4")
    row = await yard.ended(work_id, "stopped")
    assert "cp-1" in row.said
    second = yard.machines[ids[1]].config
    assert second is not None
    assert second.images[component].endswith("v1.34.1"), "the next one was not touched"
    async with yard.db.read() as session:
        assert (await clusters.cluster(session, CLUSTER)).kubernetes_version == "1.34.1"
    first.faults.never_ready.clear()
    first.refresh_resources()
    first.cluster.refresh()
    monkeypatch.setattr(upgrade_kubernetes, "POD_S", 30.0)
    await yard.retry(work_id)
    await yard.ended(work_id)
    assert len(orders(first, "ApplyConfiguration")) == 6, "each image was given once"


async def test_a_config_a_node_refuses_ends_it(yard: Yard):
    ids = await running(yard, planes=1, workers=0, kubernetes_version="1.34.1")
    machine = yard.machines[ids[0]]
    machine.faults.answers["ApplyConfiguration"] = [(Status.INVALID_ARGUMENT, "image is wrong")]
    row = await yard.ended(await wish(yard, "upgrade_kubernetes", version="1.35.4"), "stopped")
    assert "cp-1 refuses" in row.said


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["crashes_before", "drop_after", "reboots_in"])
async def test_a_node_may_fail_at_an_order(yard: Yard, fault: str):
    ids = await running(yard, planes=1, workers=0, kubernetes_version="1.34.1")
    machine = yard.machines[ids[0]]
    boots = machine.boots
    if fault == "drop_after":
        machine.faults.drop_after["ApplyConfiguration"] = 0
    else:
        getattr(machine.faults, fault).add("ApplyConfiguration")
    work_id = await wish(yard, "upgrade_kubernetes", version="1.35.4")
    if fault != "drop_after":
        await machine.until_boot(boots + 1)
    machine.faults.crashes_before.clear()
    machine.faults.reboots_in.clear()
    await yard.ended(work_id)
    assert len(orders(machine, "ApplyConfiguration")) == 6


@pytest.mark.slow
@pytest.mark.parametrize("durable", [False, True])
@pytest.mark.parametrize("number", range(2, 30, 3))
async def test_a_kill_at_any_note_gives_each_image_once(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, number: int, durable: bool
):
    ids = await running(yard, planes=1, workers=0, kubernetes_version="1.34.1")
    KillAt(monkeypatch, number, after=durable)
    work_id = await wish(yard, "upgrade_kubernetes", version="1.35.4")
    await killed(yard, work_id)
    await yard.ended(work_id)
    assert len(orders(yard.machines[ids[0]], "ApplyConfiguration")) == 6


async def test_no_upgrade_without_a_node(yard: Yard):
    await yard.cluster()
    await refused(yard, "upgrade_kubernetes", Conflict, "is installed", version="1.35.4")


@pytest.mark.parametrize("version", OF)
@pytest.mark.parametrize("component", [*PARTS, "kubelet"])
def test_one_image_changes_and_nothing_else(bundle, version: str, component: str):
    config = config_for(bundle, version=version).decode()
    before = image_in(config, component)
    assert before is not None
    other = before.rpartition(":")[0] + ":v1.99.0"
    changed = with_image(config, component, other)
    assert image_in(changed, component) == other
    assert with_image(changed, component, before) == with_image(config, component, before)


def test_images_are_told_apart():
    assert version_of("registry.k8s.io/kube-proxy:v1.35.4@sha256:00") == (1, 35, 4)
    assert version_of("registry:5000/kube-proxy") is None
    assert same_image("mirror.local/k8s/kube-proxy:v1.35.4", "registry.k8s.io/kube-proxy:v1.35.4")
    assert not same_image("kube-proxy:v1.35.3", "kube-proxy:v1.35.4")
