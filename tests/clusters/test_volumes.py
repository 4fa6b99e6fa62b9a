"""Volume configs, as the seed's endpoints have them, and by role and machine."""

import pytest

from clusters.office import CLUSTERS, MACHINES, VOLUMES, join, make, refused

pytestmark = pytest.mark.anyio
EPHEMERAL = {"name": "EPHEMERAL", "min_size": "2GB", "max_size": "100GB", "grow": True}


async def test_a_volume_config_is_made_read_changed_and_deleted(api):
    assert (await api.get(VOLUMES)).json() == []
    refused(await api.post(VOLUMES, json=EPHEMERAL), 404, "cluster_not_found")
    await make(api)
    answer = await api.post(VOLUMES, json=EPHEMERAL)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["place"], made["kind"]) == ("cluster", "system")
    assert (await api.get(f"{VOLUMES}/name/EPHEMERAL")).json() == made
    assert (await api.get(f"{VOLUMES}/{made['id']}")).json() == made
    assert (await api.get(VOLUMES)).json() == [made]
    refused(await api.post(VOLUMES, json=EPHEMERAL), 409, "volume_exists")
    answer = await api.put(f"{VOLUMES}/{made['id']}", json={"name": "EPHEMERAL", "min_size": "5GB"})
    assert (answer.json()["min_size"], answer.json()["max_size"]) == ("5GB", None)
    assert (await api.delete(f"{VOLUMES}/{made['id']}")).status_code == 204
    refused(await api.get(f"{VOLUMES}/name/EPHEMERAL"), 404, "volume_not_found")
    refused(await api.get(f"{VOLUMES}/{made['id']}"), 404, "volume_not_found")


async def test_the_seed_s_name_of_the_image_cache_is_written_as_talos_has_it(api, machine):
    await make(api)
    device = await machine()
    await join(api, device)
    body = {"name": "IMAGE-CACHE", "max_size": "20GB"}
    assert (await api.post(VOLUMES, json=body)).json()["name"] == "IMAGECACHE"
    assert (await api.get(f"{VOLUMES}/name/IMAGE-CACHE")).json()["name"] == "IMAGECACHE"
    shown = (await api.get(f"{MACHINES}/{device}/preview")).json()["config"]
    assert "name: IMAGECACHE" in shown


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"name": "META"}, "only STATE, EPHEMERAL"),
        ({"name": "EPHEMERAL", "min_size": "2GB", "max_size": "1GB"}, "greater than max size"),
        ({"name": "EPHEMERAL", "max_size": "lots"}, "maxSize"),
        ({"name": "EPHEMERAL", "disk_selector_match": "disk.size > 100"}, "selector"),
        ({"name": "EPHEMERAL", "disk_selector_match": "disk.colour == 'red'"}, "colour"),
        ({"name": "data", "kind": "user"}, "UserVolumeConfig/data"),
        ({"name": "data", "kind": "raw", "max_size": "1GB"}, "RawVolumeConfig/data"),
        ({"name": "data/../x", "kind": "user"}, "name"),
        ({"name": "EPHEMERAL", "role": "worker", "device_id": 1}, "not both"),
        ({"name": "EPHEMERAL", "colour": "blue"}, "colour"),
    ],
)
async def test_a_volume_talos_would_refuse_is_not_saved(api, body, word):
    await make(api)
    answer = await api.post(VOLUMES, json=body)
    assert answer.status_code == 422, answer.text
    assert word in answer.text
    assert (await api.get(VOLUMES)).json() == []


async def test_sizes_in_percent_need_talos_1_12(api):
    await make(api, talos_version="v1.11.6", name="old")
    body = {"name": "EPHEMERAL", "max_size": "80%"}
    answer = await api.post(VOLUMES, json=body)
    assert answer.status_code == 422
    assert "maxSize" in answer.text
    answer = await api.patch(
        f"{CLUSTERS}/old", json={"talos_version": "v1.12.11", "kubernetes_version": "1.34.1"}
    )
    assert answer.status_code == 200, answer.text
    assert (await api.post(VOLUMES, json=body)).status_code == 201
    answer = await api.patch(f"{CLUSTERS}/old", json={"talos_version": "v1.11.6"})
    assert (answer.status_code, answer.json()["code"]) == (422, "config_refused")


async def test_volumes_in_force_are_shown_with_where_they_come_from(api, machine):
    await make(api)
    device = await machine()
    await join(api, device)
    data = {"name": "data", "kind": "user", "max_size": "5GB"}
    data["disk_selector_match"] = 'disk.transport == "nvme"'
    for place in ({}, {"role": "controlplane"}, {"device_id": device}):
        assert (await api.post(VOLUMES, json=EPHEMERAL | place)).status_code == 201
    assert (await api.post(VOLUMES, json=data | {"role": "worker"})).status_code == 201
    found = (await api.get(f"{MACHINES}/{device}/volumes")).json()
    assert {(one["name"], one["place"]) for one in found} == {
        ("EPHEMERAL", f"device:{device}"),
        ("data", "worker"),
    }
    own = {"device_id": device}
    named = (await api.get(f"{VOLUMES}/name/EPHEMERAL", params=own)).json()
    assert named["place"] == f"device:{device}"


async def test_a_volume_config_stays_where_it_is(api, machine):
    await make(api)
    await make(api, name="edge", endpoint="https://192.0.2.20:6443")
    made = (await api.post(VOLUMES, json=EPHEMERAL)).json()
    path = f"{VOLUMES}/{made['id']}"
    refused(await api.put(path, json=EPHEMERAL | {"role": "worker"}), 422, "cannot_move")
    refused(await api.put(path, json=EPHEMERAL | {"cluster": "edge"}), 422, "cannot_move")
    stranger = {"device_id": await machine()}
    refused(await api.post(VOLUMES, json=EPHEMERAL | stranger), 404, "not_a_member")
