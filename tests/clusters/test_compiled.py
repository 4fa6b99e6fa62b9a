"""compiled/talos/configs: the same configs, written down."""

import pytest

from clusters.office import CLUSTERS, exactly, join, make
from ktizo.devices import store as devices

pytestmark = pytest.mark.anyio
REGENERATE = "/api/v1/devices/regenerate"


async def test_files_are_what_machines_get_and_nobody_else_reads_them(house, api, machine):
    await make(api)
    device = await machine()
    await join(api, device)
    path = house.compiled.folder / "52-54-00-00-00-01.yaml"
    assert path.read_text() == await exactly(api, device), "written after the answer"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.parent.relative_to(house.settings.compiled_dir).as_posix() == "talos/configs"


async def test_only_what_changed_is_written(house, api, machine):
    await make(api)
    first, second = await machine(1), await machine(2)
    await join(api, first)
    await join(api, second)
    assert (await api.post(REGENERATE)).json()["written"] == 0
    times = {path: path.stat().st_mtime_ns for path in house.compiled.folder.iterdir()}
    await join(api, first, install_disk="/dev/vda")
    changed = [p.name for p, before in times.items() if p.stat().st_mtime_ns != before]
    assert changed == ["52-54-00-00-00-01.yaml"]
    house.compiled.path("52:54:00:00:00:02").unlink()
    assert (await api.post(REGENERATE)).json() | {"seconds": 0} == {
        "machines": 2,
        "written": 1,
        "failed": {},
        "seconds": 0,
    }


async def test_a_machine_that_left_leaves_no_file(house, api, machine):
    await make(api)
    device = await machine()
    await join(api, device)
    assert (await api.delete(f"{CLUSTERS}/prod/members/{device}")).status_code == 204
    assert list(house.compiled.folder.iterdir()) == []


async def test_one_machine_that_cannot_have_a_config_does_not_stop_the_others(house, api, machine):
    await make(api)
    first, second = await machine(1), await machine(2)
    await join(api, first)
    await join(api, second)
    async with house.db.write() as session:
        (await devices.get(session, first)).role = "controlplane"
    outcome = (await api.post(REGENERATE)).json()
    assert outcome["machines"] == 2
    assert list(outcome["failed"]) == [str(first)]
    assert [p.name for p in house.compiled.folder.iterdir()] == ["52-54-00-00-00-02.yaml"]


async def test_following_does_nothing_while_nothing_changes(house, api, machine):
    await make(api)
    await join(api, await machine())
    assert await house.regenerator.follow(house.reader) is None
    await api.patch(f"{CLUSTERS}/prod", json={"dns_domain": "other.local"})
    assert await house.regenerator.follow(house.reader) is None, "already done after the answer"
