"""What people see of images: offers, schematics, the mirror."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from images.conftest import Naps, stored
from images.factory_double import FACTORY, VANILLA, VERSION, FactoryDouble, Fault, content, sha256
from ktizo.audit import store as audit
from ktizo.boot import keep as boot_keep
from ktizo.core.db import Database, bump_boot_version
from ktizo.core.shelf import Shelf
from ktizo.devices import store as _devices  # noqa: F401 - boot's tables refer to its
from ktizo.images.resume import Images

pytestmark = pytest.mark.anyio
API = "/api/v1/images"
NOAPIC = "9cba8e32753f91a16c1837ab8abf356af021706ef284aef07380780177d9a06c"
ARGS = {"customization": {"extraKernelArgs": ["noapic", "nolapic"]}}
KERNEL = sha256(content(VANILLA, VERSION, "kernel-amd64"))


async def make(api: httpx.AsyncClient, name: str = "args", schematic: Any = ARGS) -> httpx.Response:
    return await api.post(f"{API}/schematics", json={"name": name, "schematic": schematic})


async def add(api: httpx.AsyncClient, schematic: str = VANILLA, **more: Any) -> httpx.Response:
    body = {"schematic": schematic, "version": VERSION, **more}
    return await api.post(f"{API}/mirror", json=body)


async def bring(api: httpx.AsyncClient, room: Images, **more: Any) -> dict[str, dict]:
    answer = await add(api, **more)
    assert answer.status_code == 202, answer.text
    await room.mirror.settled()
    return await files(api)


async def files(api: httpx.AsyncClient) -> dict[str, dict]:
    return {one["name"]: one for one in (await api.get(f"{API}/mirror")).json()["files"]}


async def audited(db: Database) -> list[tuple[str, str]]:
    async with db.read() as session:
        lines = await audit.page_after(session, 0, 100)
    return [(line.action, line.subject) for line in lines]


async def test_offers_say_whether_they_are_old(api: httpx.AsyncClient, factory: FactoryDouble):
    found = (await api.get(f"{API}/versions")).json()
    assert found["items"] == ["v1.11.6", VERSION, "v1.13.9"]
    assert (found["stale"], found["problem"]) == (False, "")
    for kind, name in (("extensions", "siderolabs/drbd"), ("overlays", "rpi_generic")):
        found = (await api.get(f"{API}/{kind}", params={"version": "1.12.11"})).json()
        assert [one["name"] for one in found["items"]] == [name]
        assert (await api.get(f"{API}/{kind}", params={"version": "1/../x"})).status_code == 422
    factory.away = True
    answer = await api.get(f"{API}/extensions", params={"version": "v1.13.9"})
    assert (answer.status_code, answer.json()["code"]) == (503, "upstream_away")


async def test_a_schematic_is_made_once_and_found_by_name_number_and_id(
    api: httpx.AsyncClient, factory: FactoryDouble, db: Database, told: Any
):
    made = await make(api)
    assert made.status_code == 201
    shown = made.json()
    assert (shown["schematic_id"], shown["problem"]) == (NOAPIC, "")
    assert shown["registered_at"] is not None
    assert NOAPIC in factory.known
    for key in ("args", str(shown["id"]), NOAPIC):
        assert (await api.get(f"{API}/schematics/{key}")).json() == shown
    assert (await api.get(f"{API}/schematics")).json() == [shown]
    same = await make(api, "other")
    assert (same.status_code, same.json()["message"]) == (
        409,
        "this is args already; use that one",
    )
    named = await make(api, "args", {})
    assert (named.status_code, named.json()["code"]) == (409, "schematic_exists")
    assert await audited(db) == [("images.schematic_created", "schematic args")]
    assert [one["change"] for one in await told("schematic_changed")] == ["created"]


async def test_a_schematic_made_without_internet_is_told_to_the_factory_later(
    api: httpx.AsyncClient, factory: FactoryDouble
):
    factory.away = True
    shown = (await make(api)).json()
    assert shown["registered_at"] is None
    assert "does not answer" in shown["problem"]
    again = await api.post(f"{API}/schematics/args/register")
    assert (again.status_code, again.json()["code"]) == (503, "upstream_away")
    factory.away = False
    again = await api.post(f"{API}/schematics/args/register")
    assert again.json()["registered_at"] is not None


@pytest.mark.parametrize(
    ("name", "schematic", "code"),
    [
        ("release", {}, "invalid"),
        ("123", {}, "validation_failed"),
        ("a/b", {}, "validation_failed"),
        ("x", "nonsense: 1", "invalid"),
        ("x", "[", "unreadable_yaml"),
        ("x", {"customization": {"extraKernelArgs": ["a.password=x"]}}, "secret_in_schematic"),
    ],
)
async def test_what_is_no_schematic_is_refused(
    api: httpx.AsyncClient, factory: FactoryDouble, name: str, schematic: Any, code: str
):
    answer = await make(api, name, schematic)
    assert answer.status_code == 422
    assert answer.json().get("code", "validation_failed") == code
    assert factory.asked == []


async def test_a_schematic_the_factory_refuses_is_not_kept(
    api: httpx.AsyncClient, factory: FactoryDouble
):
    factory.token = "Bearer x"
    answer = await make(api)
    assert (answer.status_code, answer.json()["code"]) == (502, "upstream_refused")
    assert (await api.get(f"{API}/schematics")).json() == []


async def test_a_schematic_in_use_stays(
    api: httpx.AsyncClient, room: Images, used: set[str], db: Database
):
    await make(api)
    await bring(api, room, schematic="args", parts=["uki"])
    answer = await api.delete(f"{API}/schematics/args")
    assert (answer.status_code, answer.json()["code"]) == (409, "schematic_in_use")
    assert f"{VERSION}/metal-amd64-uki.efi" in answer.json()["message"]
    number = (await files(api))["metal-amd64-uki.efi"]["id"]
    assert (await api.delete(f"{API}/mirror/{number}")).status_code == 204
    used.add(f"{NOAPIC}/{VERSION}")
    assert (await api.delete(f"{API}/schematics/args")).status_code == 409
    used.clear()
    assert (await api.delete(f"{API}/schematics/args")).status_code == 204
    assert (await api.get(f"{API}/schematics/args")).status_code == 404
    assert (await api.delete(f"{API}/schematics/args")).status_code == 404


async def test_files_come_in_the_background_and_can_be_watched(
    api: httpx.AsyncClient, room: Images, factory: FactoryDouble, told: Any, db: Database
):
    factory.may_build.clear()
    answer = await add(api)
    assert answer.status_code == 202
    assert [one["name"] for one in answer.json()] == [
        "kernel-amd64",
        "initramfs-amd64.xz",
        "cmdline-metal-amd64",
    ]
    await factory.until_building(3)
    assert {one["state"] for one in (await files(api)).values()} == {"coming"}
    factory.may_build.set()
    await room.mirror.settled()
    found = await files(api)
    assert {one["state"] for one in found.values()} == {"stored"}
    assert found["kernel-amd64"]["sha256"] == KERNEL
    assert found["kernel-amd64"]["checksum_from"] == "first"
    assert await told("image_progress")
    assert await audited(db) == [("images.mirror_added", f"{VANILLA}/{VERSION}")]


async def test_the_room_on_the_disk_is_shown(api: httpx.AsyncClient, room: Images):
    await bring(api, room, parts=["kernel"])
    shown = (await api.get(f"{API}/mirror")).json()["room"]
    assert shown["used_by_mirror"] == 400_000
    assert shown["free"] > 0


async def test_a_file_is_given_up_and_asked_for_again(
    api: httpx.AsyncClient, room: Images, factory: FactoryDouble
):
    factory.fault(FACTORY, "kernel-amd64", Fault(status=403))
    found = (await bring(api, room, parts=["kernel"]))["kernel-amd64"]
    assert found["state"] == "given_up"
    assert "look at the token" in found["problem"]
    found = (await bring(api, room, parts=["kernel"]))["kernel-amd64"]
    assert (found["state"], found["problem"]) == ("stored", "")


async def test_a_file_that_waits_says_why(
    api: httpx.AsyncClient, room: Images, factory: FactoryDouble, rests: Naps
):
    factory.away = True
    await add(api, parts=["kernel"])
    await rests.fell_asleep.wait()
    found = (await files(api))["kernel-amd64"]
    assert (found["state"], "does not answer" in found["problem"]) == ("waiting", True)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"schematic": "nosuch"}, "schematic_not_found"),
        ({"schematic": "release", "parts": ["cmdline"]}, "no_such_file"),
        ({"version": "latest"}, None),
        ({"parts": ["floppy"]}, None),
        ({"arches": ["riscv64"]}, None),
        ({"arches": []}, None),
        ({"checksums": {"kernel-amd64": "abc"}}, None),
        ({"checksums": {"other": "a" * 64}}, "invalid"),
        ({"typo": 1}, None),
    ],
)
async def test_what_cannot_be_mirrored_is_refused_at_once(
    api: httpx.AsyncClient, factory: FactoryDouble, more: dict, code: str | None
):
    answer = await api.post(
        f"{API}/mirror", json={"schematic": VANILLA, "version": VERSION, **more}
    )
    assert answer.status_code in {404, 422}
    assert answer.json().get("code") == code
    assert await files(api) == {}


async def test_a_file_is_given_out_and_an_altered_one_is_withheld_and_mended(
    api: httpx.AsyncClient, room: Images, told: Any, factory: FactoryDouble
):
    factory.may_build.clear()
    await add(api, parts=["kernel"])
    number = (await files(api))["kernel-amd64"]["id"]
    early = await api.get(f"{API}/mirror/{number}/content")
    assert (early.status_code, early.json()["code"]) == (404, "file_withheld")
    factory.may_build.set()
    await room.mirror.settled()
    answer = await api.get(f"{API}/mirror/{number}/content")
    assert sha256(answer.content) == KERNEL
    assert answer.headers["etag"] == f'"{KERNEL}"'
    assert 'filename="kernel-amd64"' in answer.headers["content-disposition"]
    part = await api.get(f"{API}/mirror/{number}/content", headers={"range": "bytes=0-0"})
    assert (part.status_code, part.content) == (206, b"\x7f")
    blob = room.shelf.path(KERNEL)
    blob.chmod(0o644)
    blob.write_bytes(b"\x7faltered")
    for _ in range(2):
        answer = await api.get(f"{API}/mirror/{number}/content")
        assert (answer.status_code, answer.json()["code"]) == (404, "file_withheld")
    assert len(await told("image_altered")) == 1
    await bring(api, room, parts=["kernel"])
    answer = await api.get(f"{API}/mirror/{number}/content")
    assert sha256(answer.content) == KERNEL


async def test_a_file_in_use_is_not_removed(
    api: httpx.AsyncClient, room: Images, used: set[str], tmp_path: Path, told: Any
):
    number = (await bring(api, room, parts=["kernel"]))["kernel-amd64"]["id"]
    for name in (KERNEL, VANILLA, f"{VANILLA}/{VERSION}"):
        used.add(name)
        answer = await api.delete(f"{API}/mirror/{number}")
        assert (answer.status_code, answer.json()["code"]) == (409, "file_in_use")
        used.clear()
    assert (await api.delete(f"{API}/mirror/{number}")).status_code == 204
    assert stored(tmp_path) == set()
    assert (await api.delete(f"{API}/mirror/{number}")).status_code == 404
    assert [one["file"] for one in await told("image_removed")] == ["kernel-amd64"]


async def test_removing_a_file_ends_its_download(
    api: httpx.AsyncClient, room: Images, factory: FactoryDouble, tmp_path: Path
):
    factory.fault("store.test", "kernel-amd64", Fault(cut_after=300_000), *[Fault(refuse=True)] * 9)
    factory.may_build.clear()
    await add(api, parts=["kernel", "initramfs"])
    await factory.until_building(2)
    number = (await files(api))["kernel-amd64"]["id"]
    assert (await api.delete(f"{API}/mirror/{number}")).status_code == 204
    factory.may_build.set()
    await room.mirror.settled()
    assert (await files(api)).keys() == {"initramfs-amd64.xz"}
    assert len(stored(tmp_path)) == 1
    assert list((tmp_path / "assets" / "parts").iterdir()) == []


async def test_pruning_says_what_it_would_do_and_does_it(
    api: httpx.AsyncClient, room: Images, used: set[str], tmp_path: Path, db: Database
):
    await bring(api, room)
    await bring(api, room, arches=["arm64"], parts=["kernel", "initramfs"])
    used |= {KERNEL, sha256(content(VANILLA, VERSION, "initramfs-amd64.xz"))}
    new = await api.post(f"{API}/mirror/prune", json={"older_than_days": 1})
    assert new.json()["files"] == []
    would = (await api.post(f"{API}/mirror/prune", json={"dry_run": True})).json()
    assert [one["name"] for one in would["files"]] == ["initramfs-arm64.xz", "kernel-arm64"]
    assert would["bytes"] == 1_900_000
    assert len(await files(api)) == 5
    assert (await api.post(f"{API}/mirror/prune", json={})).json() == would
    assert (await files(api)).keys() == {
        *("kernel-amd64", "initramfs-amd64.xz", "cmdline-metal-amd64")
    }
    assert len(stored(tmp_path)) == 3
    assert ("images.mirror_pruned", "mirror") in await audited(db)


async def test_a_content_two_builds_share_goes_with_the_last_of_them(
    api: httpx.AsyncClient, room: Images, tmp_path: Path
):
    await make(api)
    await bring(api, room, parts=["kernel"])
    await bring(api, room, schematic="args", parts=["kernel"])
    assert stored(tmp_path) == {KERNEL}
    shown = (await api.get(f"{API}/mirror")).json()
    assert shown["room"]["used_by_mirror"] == 400_000
    first, second = (one["id"] for one in shown["files"])
    assert (await api.delete(f"{API}/mirror/{first}")).status_code == 204
    assert stored(tmp_path) == {KERNEL}
    assert (await api.delete(f"{API}/mirror/{second}")).status_code == 204
    assert stored(tmp_path) == set()


async def test_boot_profiles_and_the_mirror_never_take_contents_from_each_other(
    api: httpx.AsyncClient, room: Images, used: set[str], tmp_path: Path, db: Database
):
    await bring(api, room, parts=["kernel"])
    shelf = Shelf(tmp_path)
    assert await boot_keep.tidy(db, shelf) == 0  # at the next start of Ktizo
    await boot_keep.clear(db, shelf, {KERNEL})  # a profile with the same kernel is deleted
    assert stored(tmp_path) == {KERNEL}
    used.add(KERNEL)  # now a profile has it, and the mirror's row goes another way
    number = (await files(api))["kernel-amd64"]["id"]
    assert (await api.delete(f"{API}/mirror/{number}")).status_code == 409
    assert stored(tmp_path) == {KERNEL}


async def test_many_people_may_ask_for_the_same_at_once(
    api: httpx.AsyncClient, room: Images, tmp_path: Path, db: Database
):
    async with db.write() as session:
        await bump_boot_version(session)  # as every start does; the row is what is locked
    answers = await asyncio.gather(*(add(api) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {202}
    await room.mirror.settled()
    assert {one["state"] for one in (await files(api)).values()} == {"stored"}
    assert len(stored(tmp_path)) == 3
