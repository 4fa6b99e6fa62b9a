"""Clusters and their settings, as an operator handles them."""

import pytest

from clusters.office import CLUSTERS, MACHINES, join, make, refused
from ktizo.audit import store as audit
from ktizo.core.bootdb import boot_reader

pytestmark = pytest.mark.anyio
SETTINGS = "/api/v1/cluster/settings"


async def boot_version(db) -> int:
    reader = boot_reader(db)
    try:
        return await reader.version()
    finally:
        reader.close()


async def test_a_new_cluster_starts_with_what_talosctl_would_choose(api):
    made = await make(api)
    assert made["kubernetes_version"] == "1.35.4"
    assert made["install_disk"] == "/dev/sda"
    assert made["cni"] == "flannel"
    assert made["dns_domain"] == "cluster.local"
    assert made["has_secrets"] is True
    assert made["version"] == 1


async def test_the_default_settings_are_those_of_the_first_cluster(api):
    refused(await api.get(SETTINGS), 404, "cluster_not_found")
    body = {"name": "prod", "endpoint": "https://192.0.2.10:6443"}
    assert (await api.put(SETTINGS, json=body)).json()["version"] == 1
    await make(api, name="edge", endpoint="https://192.0.2.20:6443")
    assert (await api.get(SETTINGS)).json()["name"] == "prod"
    assert (await api.get(SETTINGS, params={"cluster": "edge"})).json()["name"] == "edge"
    body["dns_domain"] = "prod.local"
    assert (await api.put(SETTINGS, json=body)).json()["version"] == 2
    assert (await api.put(SETTINGS, json=body)).json()["version"] == 2, "nothing changed"
    assert (await api.get(f"{CLUSTERS}/prod")).json()["dns_domain"] == "prod.local"


async def test_a_cluster_is_found_by_name_and_by_number(api):
    made = await make(api)
    assert (await api.get(f"{CLUSTERS}/{made['id']}")).json() == made
    assert (await api.get(CLUSTERS)).json() == [made]
    for key in ("nosuch", "999", "99999999999999999999"):
        refused(await api.get(f"{CLUSTERS}/{key}"), 404, "cluster_not_found")


async def test_a_name_is_taken_once(api):
    await make(api)
    body = {"name": "prod", "endpoint": "https://192.0.2.20:6443"}
    refused(await api.post(CLUSTERS, json=body), 409, "cluster_exists")
    await make(api, name="edge", endpoint="https://192.0.2.20:6443")
    refused(await api.patch(f"{CLUSTERS}/edge", json={"name": "prod"}), 409, "cluster_exists")
    assert {one["name"] for one in (await api.get(CLUSTERS)).json()} == {"prod", "edge"}


async def test_naming_the_disk_one_way_ends_the_other(api):
    await make(api)
    selector = {"size": ">= 100GB", "type": "nvme"}
    answer = await api.patch(f"{CLUSTERS}/prod", json={"install_disk_selector": selector})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["install_disk"], answer.json()["install_disk_selector"]) == (
        None,
        selector,
    )
    answer = await api.patch(f"{CLUSTERS}/prod", json={"install_disk": "/dev/vda"})
    assert answer.json()["install_disk_selector"] == {}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"kubernetes_version": "1.29.0"}, "1.30 to 1.35"),
        ({"talos_version": "v1.8.0"}, "v1.9 to v1.14"),
        ({"endpoint": "http://192.0.2.10"}, "https://"),
        ({"colour": "blue"}, "colour"),
        ({"vip": "192.0.2.1", "gateway": "192.0.2.1"}, "VIP"),
        ({"pod_subnets": ["10.0.0.1/8"]}, "pod_subnets"),
        ({"cni": "custom"}, "manifest URLs"),
        ({"cni_urls": ["https://example.com/cni.yaml"]}, "CNI"),
        ({"install_disk_match": 'disk.transport == "nvme"'}, "v1.12"),
        ({"install_disk_selector": {"size": "some"}}, "diskSelector"),
        ({"install_disk_selector": {"colour": "blue"}}, "colour"),
        ({"install_disk": "/dev/sda\nroot"}, "install_disk"),
        ({"name": "42"}, "URL"),
        ({"nameservers": ["dns.example.org"]}, "nameservers"),
    ],
)
async def test_what_talos_would_refuse_is_refused_and_nothing_changes(api, machine, changes, word):
    before = await make(api)
    device = await machine()
    await join(api, device)
    sha256 = (await api.get(f"{MACHINES}/{device}/preview")).json()["sha256"]
    answer = await api.patch(f"{CLUSTERS}/prod", json=changes)
    assert answer.status_code == 422
    assert word in answer.text
    after = (await api.get(f"{CLUSTERS}/prod")).json()
    assert after | {"workers": 0} == before
    assert (await api.get(f"{MACHINES}/{device}/preview")).json()["sha256"] == sha256


async def test_every_change_reaches_machines_and_the_audit(api, db, machine):
    await make(api)
    device = await machine()
    versions = [await boot_version(db)]
    for method, path, body in (
        ("PUT", f"{CLUSTERS}/prod/members/{device}", {"role": "worker"}),
        ("PATCH", f"{CLUSTERS}/prod", {"time_servers": ["ntp.example.org"]}),
        ("PUT", f"{CLUSTERS}/prod/patches/worker", {"patches": ["machine: {env: {A: b}}"]}),
        ("PUT", f"{MACHINES}/{device}/patches", {"patches": ["machine: {env: {A: c}}"]}),
        ("POST", "/api/v1/volume/configs", {"name": "EPHEMERAL", "max_size": "9GB"}),
        ("PUT", f"{CLUSTERS}/prod/secrets", {"confirm": "prod", "reason": "a drill"}),
        ("DELETE", f"{CLUSTERS}/prod/members/{device}", None),
    ):
        answer = await api.request(method, path, json=body)
        assert answer.is_success, answer.text
        versions.append(await boot_version(db))
    assert versions == sorted(set(versions))
    async with db.read() as session:
        lines = await audit.page_after(session, 0, 100)
    assert [line.action.removeprefix("clusters.") for line in lines] == [
        "created",
        "joined",
        "changed",
        "patched",
        "patched",
        "volume_created",
        "secrets_replaced",
        "left",
    ]
    assert {line.actor for line in lines} == {"ada"}


async def test_a_cluster_with_machines_is_not_deleted(api, machine):
    await make(api)
    device = await machine()
    await join(api, device)
    message = refused(await api.delete(f"{CLUSTERS}/prod"), 409, "still_has_members")
    assert message.startswith("1 machines belong to prod")
    assert (await api.delete(f"{CLUSTERS}/prod/members/{device}")).status_code == 204
    assert (await api.delete(f"{CLUSTERS}/prod")).status_code == 204
    assert (await api.get(CLUSTERS)).json() == []


async def test_generating_shows_both_roles_without_their_secrets(api):
    refused(await api.post("/api/v1/cluster/config/generate"), 404, "cluster_not_found")
    await make(api)
    made = (await api.post("/api/v1/cluster/config/generate")).json()
    assert "type: controlplane" in made["controlplane"]
    assert "type: worker" in made["worker"]
    assert "(secret " in made["worker"]


async def test_an_unknown_kind_passes_and_says_so(api, machine):
    await make(api)
    device = await machine()
    await join(api, device)
    patch = "apiVersion: v1alpha1\nkind: FutureConfig\nname: x\nfield: on\n"
    answer = await api.put(f"{CLUSTERS}/prod/patches/cluster", json={"patches": [patch]})
    assert answer.status_code == 200, answer.text
    shown = (await api.get(f"{MACHINES}/{device}/preview")).json()
    assert "kind: FutureConfig" in shown["config"]
    assert any("FutureConfig" in line for line in shown["warnings"])
