"""What an editor is told beforehand: versions, document kinds, and whether patches would fit."""

import pytest

from clusters.office import CLUSTERS, join, make, refused

pytestmark = pytest.mark.anyio
DOCUMENTS = "/api/v1/cluster/documents"
GOOD = "machine:\n  sysctls:\n    net.core.somaxconn: '65535'\n"
WRONG = "machine:\n  sysctlz: {}\n"


async def documents(api, version):
    answer = await api.get(DOCUMENTS, params={"talos_version": version})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_versions_come_newest_first_with_the_kubernetes_they_run(api):
    found = (await api.get("/api/v1/cluster/versions")).json()
    assert [one["talos"] for one in found] == ["v1.14", "v1.13", "v1.12", "v1.11", "v1.10", "v1.9"]
    assert found[2] == {
        "talos": "v1.12",
        "default_kubernetes": "1.35.4",
        "kubernetes_from": "1.30",
        "kubernetes_to": "1.35",
    }


async def test_documents_are_those_of_the_version(api):
    old, new = await documents(api, "v1.11"), await documents(api, "v1.14.0")
    assert len(old["kinds"]) < len(new["kinds"])
    volume = next(one for one in new["kinds"] if one["kind"] == "VolumeConfig")
    assert volume["named"] is True
    fields = volume["content"]["fields"]
    assert list(fields)[:2] == ["name", "provisioning"]
    assert fields["provisioning"]["fields"]["grow"]["values"] == ["true", "false"]
    keys = fields["encryption"]["fields"]
    assert keys["provider"]["values"] == ["luks2", "none"]
    assert keys["keys"]["type"] == "list"
    assert "slot" in keys["keys"]["item"]["fields"]
    before = next(one for one in old["kinds"] if one["kind"] == "VolumeConfig")
    assert "trim" not in before["content"]["fields"], "known from 1.14 on"
    assert {"machine", "cluster"} <= set(new["legacy"]["fields"])


async def test_an_unknown_version_has_no_documents(api):
    answer = await api.get(DOCUMENTS, params={"talos_version": "v9.9"})
    refused(answer, 422, "invalid")


async def test_patches_are_tried_and_not_kept(api):
    await make(api)
    path = f"{CLUSTERS}/prod/patches/worker"
    good = (await api.post(f"{path}/check", json={"patches": [GOOD]})).json()
    assert good == {"ok": True, "message": "", "findings": [], "warnings": []}
    wrong = (await api.post(f"{path}/check", json={"patches": [WRONG]})).json()
    assert wrong["ok"] is False
    assert wrong["findings"][0]["path"] == "machine.sysctlz"
    assert "unknown key" in wrong["findings"][0]["reason"]
    assert "would be refused" in wrong["message"]
    saved = await api.put(path, json={"patches": [WRONG]})
    assert saved.json()["message"] == wrong["message"], "the same words as saving"
    assert (await api.get(f"{CLUSTERS}/prod")).json()["version"] == 1
    assert (await api.get(f"{CLUSTERS}/prod/patches")).json().get("worker", []) == []


async def test_a_machines_patches_are_tried_and_not_kept(api, machine):
    await make(api)
    device = await machine()
    await join(api, device)
    path = f"{CLUSTERS}/devices/{device}/patches"
    assert (await api.post(f"{path}/check", json={"patches": [GOOD]})).json()["ok"] is True
    broken = (await api.post(f"{path}/check", json={"patches": ["machine: ["]})).json()
    assert broken["ok"] is False
    assert broken["message"]
    assert (await api.get(path)).json() == []
    refused(
        await api.post(f"{CLUSTERS}/devices/999/patches/check", json={"patches": []}),
        404,
        "not_a_member",
    )
