"""Machines in clusters, and the patches that are theirs."""

import pytest

from clusters.office import CLUSTERS, MACHINES, join, make, refused
from ktizo.devices import store as devices

pytestmark = pytest.mark.anyio
MEMBERS = f"{CLUSTERS}/prod/members"


async def test_a_machine_joins_as_what_it_was_approved_for(api, machine):
    await make(api)
    device = await machine(1, role="controlplane")
    answer = await api.put(f"{MEMBERS}/{device}", json={})
    assert answer.json()["role"] == "controlplane"
    refused(await api.put(f"{MEMBERS}/{device}", json={"role": "worker"}), 409, "role_conflict")
    undecided = await machine(2)
    refused(await api.put(f"{MEMBERS}/{undecided}", json={}), 422, "role_missing")
    refused(await api.put(f"{MEMBERS}/999", json={}), 404, "device_not_found")


async def test_a_machine_belongs_to_one_cluster(api, machine):
    await make(api)
    await make(api, name="edge", endpoint="https://192.0.2.20:6443")
    device = await machine()
    await join(api, device)
    other = f"{CLUSTERS}/edge/members/{device}"
    refused(await api.put(other, json={"role": "worker"}), 409, "other_cluster")
    refused(await api.delete(other), 404, "not_a_member")
    refused(await api.get(other), 404, "not_a_member")
    assert (await api.get(f"{MEMBERS}/{device}")).json()["role"] == "worker"
    assert [one["device_id"] for one in (await api.get(MEMBERS)).json()] == [device]
    counts = {one["name"]: one["workers"] for one in (await api.get(CLUSTERS)).json()}
    assert counts == {"prod": 1, "edge": 0}


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("192.0.2.1/24", "address_unusable"),
        ("192.0.2.10/24", "address_unusable"),
        ("192.0.2.0/24", "address_unusable"),
        ("192.0.2.255/24", "address_unusable"),
        ("198.51.100.7/24", "address_unusable"),
        ("192.0.2.7", None),
        ("192.0.2.7/99", None),
        ("x", None),
    ],
)
async def test_an_address_no_machine_can_have_is_refused(api, machine, address, code):
    await make(api, gateway="192.0.2.1", vip="192.0.2.10")
    answer = await api.put(
        f"{MEMBERS}/{await machine()}", json={"role": "worker", "address": address}
    )
    assert answer.status_code == 422
    assert answer.json().get("code") == code


async def test_an_address_is_given_once_however_it_is_written(api, machine):
    await make(api)
    first, second = await machine(1), await machine(2)
    await join(api, first, address="192.0.2.11/24")
    body = {"role": "worker", "address": "192.0.2.11/16"}
    refused(await api.put(f"{MEMBERS}/{second}", json=body), 409, "address_taken")
    await join(api, first, address="192.0.2.12/24")
    await join(api, second, address="192.0.2.11/24")


async def test_the_address_goes_to_the_card_named_for_it(api, machine):
    await make(api)
    device = await machine()
    body = {"role": "worker", "address": "192.0.2.11/24", "mac": "52:54:00:99:99:99"}
    refused(await api.put(f"{MEMBERS}/{device}", json=body), 422, "address_unusable")
    await join(api, device, address="192.0.2.11/24", mac="52-54-00-00-00-01")
    shown = (await api.get(f"{MACHINES}/{device}/preview")).json()["config"]
    assert 'mac(link.permanent_addr) == "52:54:00:00:00:01"' in shown


async def test_patches_stay_unless_they_are_given(api, machine):
    await make(api)
    device = await machine()
    patch = "machine:\n    env:\n        A: b\n"
    await join(api, device, patches=[patch])
    await join(api, device, install_disk="/dev/vda")
    assert (await api.get(f"{MACHINES}/{device}/patches")).json() == [patch]
    assert (await api.get(f"{MEMBERS}/{device}")).json()["patches"] == 1
    await join(api, device, patches=[])
    assert (await api.get(f"{MACHINES}/{device}/patches")).json() == []


BAD_PATCHES = {
    "an unknown field": ("machine:\n  colour: blue\n", "colour"),
    "a wrong volume": (
        "apiVersion: v1alpha1\nkind: VolumeConfig\nname: META\n",
        "VolumeConfig/META",
    ),
    "a hostname beside the generated one": ("machine:\n  network:\n    hostname: x\n", "hostname"),
    "a stable hostname with a name": (
        "apiVersion: v1alpha1\nkind: HostnameConfig\nauto: stable\nhostname: x\n",
        "HostnameConfig",
    ),
    "min above max": (
        "apiVersion: v1alpha1\nkind: VolumeConfig\nname: EPHEMERAL\n"
        "provisioning: {minSize: 2GB, maxSize: 1GB}\n",
        "minSize",
    ),
    "a worker with a VIP": (
        "apiVersion: v1alpha1\nkind: Layer2VIPConfig\nname: 192.0.2.9\nlink: eth0\n",
        "Layer2VIPConfig",
    ),
    "a worker with a CA key": ("machine:\n  ca:\n    key: LS0tCg==\n", "machine.ca.key"),
    "a JSON patch": ('[{"op": "remove", "path": "/machine"}]', "JSON"),
    "no YAML": ("machine: [", "line 2, column 1"),
    "nothing": ("# nothing\n", "empty"),
    "a YAML bomb": (
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(
            f"{b}: &{b} [{','.join(['*' + a] * 10)}]\n"
            for a, b in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "alias",
    ),
    "a key twice": ("machine: {}\nmachine: {}\n", "machine"),
}


@pytest.mark.parametrize("scope", ["worker", "machine"])
@pytest.mark.parametrize("what", BAD_PATCHES)
async def test_a_patch_talos_would_refuse_leaves_the_good_config_in_force(
    api, machine, scope, what
):
    text, word = BAD_PATCHES[what]
    await make(api)
    device = await machine()
    await join(api, device, patches=["machine: {env: {A: b}}"])
    before = (await api.get(f"{MACHINES}/{device}/preview")).json()
    path = f"{MACHINES}/{device}" if scope == "machine" else f"{CLUSTERS}/prod"
    where = "" if scope == "machine" else "/worker"
    answer = await api.put(f"{path}/patches{where}", json={"patches": [text]})
    assert (answer.status_code, answer.json()["code"]) == (422, "config_refused"), answer.text
    assert word in answer.json()["message"]
    assert (await api.get(f"{MACHINES}/{device}/preview")).json() == before


async def test_a_patch_of_ten_megabytes_is_refused(api, machine):
    await make(api)
    device = await machine()
    await join(api, device)
    patch = "machine: {env: {A: " + "b" * 10_000_000 + "}}"
    answer = await api.put(f"{MACHINES}/{device}/patches", json={"patches": [patch]})
    assert answer.status_code == 422
    assert (await api.get(f"{MACHINES}/{device}/patches")).json() == []


async def test_a_machine_that_is_forgotten_leaves_its_cluster(api, db, machine):
    await make(api)
    device = await machine()
    await join(api, device, address="192.0.2.11/24")
    body = {"name": "EPHEMERAL", "max_size": "9GB", "device_id": device}
    assert (await api.post("/api/v1/volume/configs", json=body)).status_code == 201
    async with db.write() as session:
        await devices.delete(session, await devices.get(session, device))
    assert (await api.get(MEMBERS)).json() == []
    assert (await api.get("/api/v1/volume/configs")).json() == []


async def test_members_are_shown_by_the_name_people_know(api, machine):
    await make(api)
    device = await machine(7)
    await join(api, device)
    shown = (await api.get(f"{CLUSTERS}/prod/members")).json()[0]
    assert (shown["hostname"], shown["state"]) == ("node-7", "registered")
    assert shown == (await api.get(f"{CLUSTERS}/prod/members/{device}")).json()
