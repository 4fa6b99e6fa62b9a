"""From settings to the bytes a machine gets."""

from types import SimpleNamespace

import httpx
import pytest

from clusters.conftest import Register, bundle
from clusters.office import CLUSTERS, MACHINES, VOLUMES, exactly, join, make
from ktizo.clusters.history import ServedConfig
from ktizo.clusters.serve import RoleDiffers, machine_config, note_served
from ktizo.core import yaml
from ktizo.devices import store as devices
from ktizo.talos.validate import validate

pytestmark = pytest.mark.anyio


async def served(house: SimpleNamespace, device: int) -> ServedConfig:
    found = await machine_config(house.reader, house.sealer, device)
    assert found is not None
    return found


async def document(house: SimpleNamespace, device: int, kind: str) -> dict[str, object]:
    found = yaml.load_all((await served(house, device)).body)
    return next(one for one in found if one.get("kind") == kind)


async def test_a_machine_gets_the_very_bytes_the_preview_shows(house, api, machine):
    await make(api)
    device = await machine()
    await join(api, device, "controlplane", address="192.0.2.11/24")
    shown = (await api.get(f"{MACHINES}/{device}/preview")).json()
    config = await served(house, device)
    assert (await exactly(api, device)).encode() == config.body
    assert (shown["sha256"], shown["size"]) == (config.sha256, len(config.body))
    assert validate(config.body, "v1.12.11", on_node=True).ok


async def test_a_machine_in_no_cluster_gets_no_config_of_ours(house, api, machine):
    await make(api)
    assert await machine_config(house.reader, house.sealer, await machine()) is None
    assert await machine_config(house.reader, house.sealer, 999) is None


@pytest.mark.parametrize("version", ["v1.9.6", "v1.11.6", "v1.12.11", "v1.13.9", "v1.14.0"])
@pytest.mark.parametrize("role", ["controlplane", "worker"])
async def test_every_talos_takes_what_a_machine_with_everything_gets(
    house, api, machine, version, role
):
    await make(
        api,
        talos_version=version,
        vip="192.0.2.10",
        gateway="192.0.2.1",
        nameservers=["192.0.2.2"],
        time_servers=["ntp.example.org"],
        registry_mirrors={"docker.io": {"endpoints": ["http://192.0.2.3:5000"]}},
    )
    device = await machine()
    await join(api, device, role, address="192.0.2.11/24", install_disk="/dev/nvme0n1")
    body = {"name": "EPHEMERAL", "max_size": "100GB", "device_id": device}
    assert (await api.post(VOLUMES, json=body)).status_code == 201
    text = (await served(house, device)).body.decode()
    verdict = validate(text, version, on_node=True)
    assert verdict.ok, verdict.errors
    for word in ("node-1", "192.0.2.11/24", "/dev/nvme0n1", "maxSize: 100GB", "192.0.2.2"):
        assert word in text
    assert ("/dev/sda" in text) is False
    assert ("VIP" in text or "vip:" in text) is (role == "controlplane")


async def test_the_most_special_patch_has_the_last_word(house, api, machine):
    await make(api)
    device, other = await machine(1), await machine(2)
    await join(api, device)
    await join(api, other)

    def patch(value: str) -> dict[str, list[str]]:
        return {"patches": [f"machine:\n  sysctls:\n    vm.swappiness: '{value}'\n"]}

    async def swappiness(which: int) -> object:
        return yaml.load_all((await served(house, which)).body)[0]["machine"]["sysctls"]

    for scope, value in (("cluster", "1"), ("worker", "2")):
        answer = await api.put(f"{CLUSTERS}/prod/patches/{scope}", json=patch(value))
        assert answer.status_code == 200, answer.text
        assert await swappiness(device) == {"vm.swappiness": value}
    await api.put(f"{CLUSTERS}/prod/patches/controlplane", json=patch("3"))
    assert await swappiness(device) == {"vm.swappiness": "2"}
    answer = await api.put(f"{MACHINES}/{device}/patches", json=patch("4"))
    assert answer.status_code == 200, answer.text
    assert await swappiness(device) == {"vm.swappiness": "4"}
    assert await swappiness(other) == {"vm.swappiness": "2"}


async def test_the_most_special_volume_counts(house, api, machine):
    await make(api)
    device = await machine()
    await join(api, device)
    for place, size in (({}, "1GB"), ({"role": "worker"}, "2GB"), ({"device_id": device}, "3GB")):
        body = {"name": "EPHEMERAL", "max_size": size, **place}
        assert (await api.post(VOLUMES, json=body)).status_code == 201
        found = await document(house, device, "VolumeConfig")
        assert found["provisioning"] == {"maxSize": size}


async def test_a_change_is_in_the_next_answer(house, api, machine):
    await make(api)
    device, other = await machine(1), await machine(2)
    await join(api, device)
    await join(api, other)
    before, same = await served(house, device), await served(house, other)
    await join(api, device, install_disk="/dev/vda")
    assert (await served(house, device)).sha256 != before.sha256
    assert await served(house, other) is same, "changing one machine computes one"
    await api.patch(f"{CLUSTERS}/prod", json={"nameservers": ["192.0.2.53"]})
    assert b"192.0.2.53" in (await served(house, other)).body


async def test_a_new_hostname_reaches_the_config(house, api, machine):
    await make(api)
    device = await machine()
    await join(api, device)
    assert (await document(house, device, "HostnameConfig"))["hostname"] == "node-1"
    async with house.db.write() as session:
        (await devices.get(session, device)).hostname = "renamed"
    assert (await document(house, device, "HostnameConfig"))["hostname"] == "renamed"


async def test_a_machine_approved_as_something_else_gets_nothing(house, api, machine):
    await make(api)
    device = await machine()
    await join(api, device, "controlplane")
    async with house.db.write() as session:
        (await devices.get(session, device)).role = "worker"
    with pytest.raises(RoleDiffers, match="change one of the two"):
        await served(house, device)


async def test_a_worker_never_gets_a_key_of_the_cluster(house, api, machine):
    await make(api)
    device = await machine()
    await join(api, device)
    text = (await served(house, device)).body.decode()
    assert "PRIVATE KEY" not in text
    assert bundle().secretbox_secret not in text


async def test_what_a_machine_was_given_is_kept_and_compared(
    house, api: httpx.AsyncClient, machine: Register
):
    await make(api)
    device = await machine()
    await join(api, device)
    assert (await api.get(f"{MACHINES}/{device}/diff")).status_code == 404
    config = await served(house, device)
    for _ in range(3):
        note_served(house.writer, house.sealer, config, lease_id=7, address="192.0.2.11")
    assert await house.writer.flush()
    note_served(house.writer, house.sealer, config, lease_id=7, address="192.0.2.11")
    assert await house.writer.flush()
    history = (await api.get(f"{MACHINES}/{device}/history")).json()
    assert [(one["times"], one["sha256"]) for one in history] == [(4, config.sha256)]
    assert (await api.get(f"{MACHINES}/{device}/diff")).json()["diff"] == ""
    await join(api, device, install_disk="/dev/vda")
    found = (await api.get(f"{MACHINES}/{device}/diff")).json()
    assert found["same"] is False
    changed = [line for line in found["diff"].splitlines() if line[:1] in "+-"][2:]
    assert [line.strip("+- ") for line in changed] == ["disk: /dev/sda", "disk: /dev/vda"]


async def test_history_is_bounded_and_ends_with_its_machine(house, api, machine):
    await make(api)
    device = await machine()
    await join(api, device)
    for number in range(25):
        await join(api, device, install_disk=f"/dev/vd{number}")
        note_served(house.writer, house.sealer, await served(house, device), lease_id=1)
        assert await house.writer.flush()
    history = (await api.get(f"{MACHINES}/{device}/history", params={"limit": 100})).json()
    assert len(history) == 20
    config = await served(house, device)
    async with house.db.write() as session:
        await devices.delete(session, await devices.get(session, device))
    note_served(house.writer, house.sealer, config, lease_id=1)
    assert await house.writer.flush()
    assert house.writer.dropped == 0
    assert (await api.get(f"{MACHINES}/{device}/history")).status_code == 404
