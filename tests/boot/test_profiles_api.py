"""Profiles and assignments, as an operator handles them."""

from typing import Any

import httpx
import pytest

from ktizo.boot import store
from ktizo.boot.builtin import BUILTIN
from ktizo.core.bootdb import boot_reader
from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.core.writer import Writer
from ktizo.devices.register import register
from ktizo.events import store as events
from ktizo.events.kinds import EVERYTHING, Event

pytestmark = pytest.mark.anyio
PROFILES = "/api/v1/boot/profiles"
ASSIGNMENTS = "/api/v1/boot/assignments"


async def version(db: Database) -> int:
    reader = boot_reader(db)
    try:
        return await reader.version()
    finally:
        reader.close()


async def told(db: Database, writer: Writer) -> list[Event]:
    assert await writer.flush()
    async with db.read() as session:
        return await events.between(session, 0, None, EVERYTHING, 1000)


async def make(api: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await api.post(PROFILES, json={"name": "deb", "type": "debian_preseed", **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def refused(answer: httpx.Response, status: int, code: str) -> str:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return answer.json()["message"]


async def test_a_new_profile_starts_with_the_defaults_of_its_type(api: httpx.AsyncClient):
    made = await make(api, cmdline="quiet")
    assert made["kernel"] == "linux"
    assert made["initrds"] == ["initrd.gz"]
    assert made["cmdline"] == "quiet"
    assert made["config_name"] == "preseed.cfg"
    assert made["config_template"].startswith("# Debian preseed for")
    assert made["parameters"]["locale"] == "en_US.UTF-8"
    assert made["missing"] == ["linux", "initrd.gz"]
    assert made["builtin"] is False


async def test_a_profile_is_found_by_name_and_by_number(api: httpx.AsyncClient):
    made = await make(api)
    assert (await api.get(f"{PROFILES}/deb")).json() == made
    assert (await api.get(f"{PROFILES}/{made['id']}")).json() == made
    assert (await api.get(PROFILES)).json() == [made]
    for key in ("nosuch", "999", "99999999999999999999", "²"):
        await refused(await api.get(f"{PROFILES}/{key}"), 404, "profile_not_found")


async def test_the_types_and_their_defaults_can_be_listed(api: httpx.AsyncClient):
    kinds = (await api.get(f"{PROFILES}/kinds")).json()
    assert [kind["type"] for kind in kinds] == [
        "local_disk",
        "menu",
        "talos_controlplane",
        "talos_worker",
        "debian_preseed",
        "ubuntu_autoinstall",
        "kickstart",
        "rescue",
        "custom",
    ]
    assert kinds[0]["installs"] is False
    assert kinds[4]["default_parameters"]["keyboard"] == "us"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cmdline": "a\n{{ x }}"}, "cmdline, line 2: no variable 'x'; there are: asset_base,"),
        ({"cmdline": "{{ hostname"}, "cmdline, line 1: unexpected end of template"),
        ({"cmdline": "quiet || shell"}, "the command line holds ||, && or ; standing alone"),
        ({"cmdline": "x" * 2040}, "the command line has 2040 bytes; the kernel reads 2023"),
        ({"config_template": "#\n\n{% include 'x' %}"}, "config_template, line 3: include is not"),
        ({"config_template": "#\n{{ 1 / 0 }}"}, "preseed.cfg, line 2: division by zero"),
        ({"config_name": "seed.cfg"}, "the installer asks for its config as 'preseed.cfg'"),
        ({"initrds": ["linux"]}, "an initrd, or the kernel, is named twice"),
        ({"type": "menu", "kernel": "linux"}, "menu boots no kernel: leave kernel, initrds"),
        ({"type": "custom", "config_template": "x"}, "a config template needs a config_name"),
        ({"name": "boot"}, "a profile cannot be called boot; choose another name"),
        ({"name": "12"}, "a profile cannot be called 12; choose another name"),
    ],
)
async def test_a_wrong_profile_is_refused_and_the_old_one_stays(
    api: httpx.AsyncClient, changes: dict[str, Any], message: str
):
    before = await make(api)
    body = {"name": "deb", "type": "debian_preseed", **changes}
    created = await api.post(PROFILES, json={**body, "name": changes.get("name", "other")})
    assert created.status_code == 422
    assert created.json()["message"].startswith(message)
    replaced = await api.put(f"{PROFILES}/deb", json=body)
    assert replaced.status_code == 422
    assert (await api.get(PROFILES)).json() == [before]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Deb"},
        {"name": "deb\n"},
        {"name": "../deb"},
        {"name": "-deb"},
        {"name": "d" * 64},
        {"kernel": "../linux"},
        {"kernel": "linux\n"},
        {"kernel": ".linux"},
        {"initrds": ["a b"]},
        {"initrds": [f"i{n}" for n in range(17)]},
        {"parameters": {"_x": "1"}},
        {"parameters": {"a-b": "1"}},
        {"parameters": {"a": "\x00"}},
        {"parameters": {"a": "x" * 8193}},
        {"parameters": {"a": 1}},
        {"parameters": {f"p{n}": "" for n in range(65)}},
        {"config_template": "x" * 131_073},
        {"type": "windows"},
        {"kernal": "linux"},
    ],
)
async def test_a_malformed_profile_is_refused(api: httpx.AsyncClient, changes: dict[str, Any]):
    body = {"name": "deb", "type": "debian_preseed", **changes}
    assert (await api.post(PROFILES, json=body)).status_code == 422


async def test_a_parameter_a_template_asks_for_may_come_from_the_machine(
    api: httpx.AsyncClient, machine: int
):
    await make(api, cmdline="ip={{ parameters.ip }}")
    answer = await api.put(f"{ASSIGNMENTS}/{machine}", json={"profile": "deb"})
    message = await refused(answer, 422, "value_missing")
    assert message == "command line, line 1: parameter 'ip' is not given to this machine"
    answer = await api.put(
        f"{ASSIGNMENTS}/{machine}", json={"profile": "deb", "parameters": {"ip": "10.0.0.5"}}
    )
    assert answer.status_code == 200


async def test_parameters_left_out_are_those_of_the_type(api: httpx.AsyncClient, machine: int):
    made = await make(api, parameters={"disk": "/dev/sda"})
    assert made["parameters"] == {"disk": "/dev/sda"}
    answer = await api.put(f"{ASSIGNMENTS}/{machine}", json={"profile": "deb"})
    assert answer.status_code == 200  # the default preseed asks for `locale` too


async def test_two_profiles_cannot_have_one_name(api: httpx.AsyncClient):
    await make(api)
    await make(api, name="other")
    body = {"name": "deb", "type": "custom"}
    await refused(await api.post(PROFILES, json=body), 409, "profile_exists")
    await refused(await api.put(f"{PROFILES}/other", json=body), 409, "profile_exists")
    assert (await api.get(f"{PROFILES}/other")).json()["type"] == "debian_preseed"


async def test_a_profile_is_replaced_whole(api: httpx.AsyncClient):
    made = await make(api, cmdline="quiet", parameters={"a": "1"})
    body = {"name": "deb2", "type": "custom", "kernel": "vmlinuz", "config_name": "user-data"}
    changed = (await api.put(f"{PROFILES}/deb", json=body)).json()
    assert changed["id"] == made["id"]
    assert (changed["name"], changed["type"], changed["cmdline"]) == ("deb2", "custom", "")
    assert (changed["parameters"], changed["initrds"]) == ({}, [])
    assert changed["created_at"] == made["created_at"]


async def test_the_profiles_ktizo_starts_with(api: httpx.AsyncClient, db: Database):
    await make(api, name="ubuntu", type="custom")
    for _ in range(2):
        async with db.write() as session:
            await store.ensure_builtin(session)
    found = {row["name"]: row for row in (await api.get(PROFILES)).json()}
    assert found.keys() == BUILTIN.keys()
    # A name that was taken is left alone.
    assert [name for name, row in found.items() if not row["builtin"]] == ["ubuntu"]
    await refused(await api.delete(f"{PROFILES}/debian"), 409, "builtin_profile")
    renamed = await api.put(f"{PROFILES}/debian", json={"name": "d", "type": "debian_preseed"})
    await refused(renamed, 409, "builtin_profile")
    edited = {"name": "debian", "type": "debian_preseed", "cmdline": "quiet"}
    assert (await api.put(f"{PROFILES}/debian", json=edited)).json()["cmdline"] == "quiet"


async def test_a_profile_in_use_is_not_deleted_and_the_answer_names_its_machines(
    api: httpx.AsyncClient, db: Database, machine: int
):
    await make(api)
    async with db.write() as session:
        other = await register(session, ["52:54:00:00:00:02"], utc_now())
    for device_id in (machine, other.id):
        body = {"device_id": device_id, "profile": "deb"}
        assert (await api.post(ASSIGNMENTS, json=body)).status_code == 201
    message = await refused(await api.delete(f"{PROFILES}/deb"), 409, "profile_in_use")
    assert message == (
        "deb is assigned to edge-1, 52:54:00:00:00:02; give them another profile first"
    )
    for device_id in (machine, other.id):
        assert (await api.delete(f"{ASSIGNMENTS}/{device_id}")).status_code == 204
    assert (await api.delete(f"{PROFILES}/deb")).status_code == 204
    assert (await api.get(PROFILES)).json() == []


async def test_a_machine_gets_one_profile_until_it_is_given_another(
    api: httpx.AsyncClient, machine: int
):
    await make(api)
    await make(api, name="other")
    first = {"device_id": machine, "profile": "deb", "parameters": {"disk": "/dev/vda"}}
    made = (await api.post(ASSIGNMENTS, json=first)).json()
    assert (made["profile"], made["parameters"]) == ("deb", {"disk": "/dev/vda"})
    await refused(await api.post(ASSIGNMENTS, json=first), 409, "already_assigned")
    changed = (await api.put(f"{ASSIGNMENTS}/{machine}", json={"profile": "other"})).json()
    assert (changed["profile"], changed["parameters"]) == ("other", {})
    assert (await api.get(ASSIGNMENTS)).json() == [changed]
    assert (await api.get(ASSIGNMENTS, params={"profile": "deb"})).json() == []
    assert (await api.get(f"{ASSIGNMENTS}/{machine}")).json() == changed
    assert (await api.get(ASSIGNMENTS, params={"device_id": machine})).json() == [changed]
    assert (await api.get(ASSIGNMENTS, params={"device_id": machine + 1})).json() == []
    assert (await api.delete(f"{ASSIGNMENTS}/{machine}")).status_code == 204
    gone = await api.delete(f"{ASSIGNMENTS}/{machine}")
    await refused(gone, 404, "assignment_not_found")
    for other in (machine, 999):
        none = await api.get(f"{ASSIGNMENTS}/{other}")
        await refused(none, 404, "assignment_not_found")


async def test_only_machines_and_profiles_that_exist_are_assigned(
    api: httpx.AsyncClient, machine: int
):
    await make(api)
    stranger = await api.put(f"{ASSIGNMENTS}/{machine + 1}", json={"profile": "deb"})
    await refused(stranger, 404, "device_not_found")
    nosuch = await api.put(f"{ASSIGNMENTS}/{machine}", json={"profile": "nosuch"})
    await refused(nosuch, 404, "profile_not_found")
    assert (await api.put(f"{ASSIGNMENTS}/0", json={"profile": "deb"})).status_code == 422


async def test_parameters_that_break_the_command_line_are_not_assigned(
    api: httpx.AsyncClient, machine: int
):
    await make(api, cmdline="x={{ parameters.x }}", parameters={"x": "1"})
    body = {"profile": "deb", "parameters": {"x": "1\nimgfree"}}
    answer = await api.put(f"{ASSIGNMENTS}/{machine}", json=body)
    await refused(answer, 422, "command_line_refused")
    assert (await api.get(ASSIGNMENTS)).json() == []


async def test_everything_a_machine_would_be_told_moves_the_boot_version(
    api: httpx.AsyncClient, db: Database, machine: int
):
    seen = [await version(db)]

    async def moved(answer: httpx.Response) -> None:
        assert answer.is_success, answer.text
        seen.append(await version(db))
        assert seen[-1] > seen[-2]

    body = {"name": "deb", "type": "debian_preseed"}
    await moved(await api.post(PROFILES, json=body))
    await moved(await api.put(f"{PROFILES}/deb", json=body))
    await moved(await api.put(f"{PROFILES}/deb/assets/linux", content=b"kernel"))
    await moved(await api.put(f"{ASSIGNMENTS}/{machine}", json={"profile": "deb"}))
    await moved(await api.delete(f"{ASSIGNMENTS}/{machine}"))
    await moved(await api.delete(f"{PROFILES}/deb/assets/linux"))
    await moved(await api.delete(f"{PROFILES}/deb"))


async def test_changes_are_told(api: httpx.AsyncClient, db: Database, writer: Writer, machine: int):
    await make(api)
    await api.put(f"{ASSIGNMENTS}/{machine}", json={"profile": "deb"})
    changed, assigned = await told(db, writer)
    assert changed.kind == "profile_changed"
    assert changed.data == {"profile": "deb", "change": "created"}
    assert (assigned.kind, assigned.device_id) == ("assigned", machine)
    assert assigned.data == {"profile": "deb"}


async def test_the_boot_path_reads_what_people_wrote(
    api: httpx.AsyncClient, db: Database, machine: int
):
    async with db.write() as session:
        await store.ensure_builtin(session)
    await make(api, parameters={"disk": "/dev/sda", "domain": ""}, initrds=[])
    reader = boot_reader(db)
    assert await store.assigned(reader, machine, None) is None
    assert await store.assigned(reader, machine, "stranger") is None
    by_role = await store.assigned(reader, machine, "worker")
    assert by_role is not None
    assert by_role[0].name == "talos-worker"
    body = {"profile": "deb", "parameters": {"disk": "/dev/vda"}}
    assert (await api.put(f"{ASSIGNMENTS}/{machine}", json=body)).status_code == 200
    own = await store.assigned(reader, machine, "worker")
    assert own is not None
    assert (own[0].name, own[1]) == ("deb", {"disk": "/dev/vda", "domain": ""})
    assert own[0] == await store.by_name(reader, "deb")
    assert await store.by_name(reader, "nosuch") is None

    assert await store.bootable(reader) == []
    assert await store.asset_names(reader, own[0].id) == set()
    await api.put(f"{PROFILES}/deb/assets/linux", content=b"kernel")
    assert await store.asset_names(reader, own[0].id) == {"linux"}
    assert await store.bootable(reader) == [("deb", "debian_preseed")]
    reader.close()


async def test_a_machine_that_is_forgotten_takes_its_assignment_with_it(
    api: httpx.AsyncClient, db: Database, machine: int
):
    await make(api)
    await api.put(f"{ASSIGNMENTS}/{machine}", json={"profile": "deb"})
    from ktizo.devices import store as devices

    async with db.write() as session:
        await devices.delete(session, await devices.get(session, machine))
    assert (await api.get(ASSIGNMENTS)).json() == []
