"""The mirror at work: what is wished for comes, once, whole, and a few files at a time."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from images.conftest import Naps, stored
from images.factory_double import (
    LINE,
    RELEASES,
    STORE,
    VANILLA,
    VERSION,
    FactoryDouble,
    Fault,
    content,
    sha256,
)
from ktizo.clusters.reading.store import of_session
from ktizo.core import shelf as shelf_of_assets
from ktizo.core.db import Database
from ktizo.core.errors import Unavailable
from ktizo.images import mirror as mirror_at_work
from ktizo.images import store
from ktizo.images.image import NETWORK_BOOT, RELEASE, Arch, Image, Part, files_of
from ktizo.images.keep import ChecksumPinned
from ktizo.images.ready import NotMirrored, network_boot
from ktizo.images.register import read, row_of
from ktizo.images.resume import Images
from ktizo.images.tables import FileRow
from ktizo.images.wish import altered, prune, wish

pytestmark = pytest.mark.anyio
BOOT = files_of(VANILLA, VERSION, [Arch.AMD64], NETWORK_BOOT)
KERNEL, INITRAMFS, CMDLINE = BOOT
ARGS = {"customization": {"extraKernelArgs": ["noapic", "nolapic"]}}


def of(image: Image) -> bytes:
    return content(image.schematic, image.version, image.name)


async def want(
    room: Images, db: Database, *images: Image, checksums: dict[str, str] | None = None
) -> list[int]:
    broken = await altered(db, images, room.verifier)
    async with db.write() as session:
        rows = await wish(session, images, checksums or {}, broken)
        return [row.id for row in rows]


async def bring(room: Images, db: Database, *images: Image, **more: Any) -> dict[str, FileRow]:
    """Want files, and wait until every one is there or given up."""
    await room.mirror.at_once(await want(room, db, *images, **more))
    await room.mirror.settled()
    return await rows(db)


async def rows(db: Database) -> dict[str, FileRow]:
    async with db.read() as session:
        return {row.name: row for row in await store.files(session)}


async def test_what_is_wished_for_comes_and_is_verified(
    room: Images, db: Database, tmp_path: Path, told: Any
):
    there = await bring(room, db, *BOOT)
    assert {name: row.sha256 for name, row in there.items()} == {
        image.name: sha256(of(image)) for image in BOOT
    }
    assert stored(tmp_path) == {sha256(of(image)) for image in BOOT}
    assert list((tmp_path / "assets" / "parts").iterdir()) == []
    assert {one["file"] for one in await told("image_stored")} == set(there)
    assert room.mirror.reached == {}


async def test_a_build_in_the_mirror_is_ready_to_boot(room: Images, db: Database):
    await bring(room, db, KERNEL, INITRAMFS)
    async with db.read() as session:
        with pytest.raises(NotMirrored) as caught:
            await network_boot(of_session(session), VANILLA, VERSION, Arch.AMD64)
    assert caught.value.detail == {"missing": ["cmdline-metal-amd64"]}
    await bring(room, db, CMDLINE)
    async with db.read() as session:
        ready = await network_boot(of_session(session), VANILLA, VERSION, Arch.AMD64)
        with pytest.raises(NotMirrored):
            await network_boot(of_session(session), VANILLA, VERSION, Arch.ARM64)
    assert (ready.kernel, ready.initramfs) == ("kernel-amd64", "initramfs-amd64.xz")
    assert ready.line == LINE


async def test_a_release_is_mirrored_by_its_own_checksums(
    room: Images, db: Database, factory: FactoryDouble
):
    files = files_of(RELEASE, VERSION, [Arch.AMD64], [Part.KERNEL, Part.INITRAMFS])
    there = await bring(room, db, *files)
    row = there["vmlinuz-amd64"]
    assert (row.sha256, row.expected_from) == (
        sha256(content(RELEASES, VERSION, "vmlinuz-amd64")),
        "listed",
    )
    assert {one.host for one in factory.asked} == {RELEASES}
    async with db.read() as session:
        assert (await network_boot(of_session(session), RELEASE, VERSION, Arch.AMD64)).line is None


async def test_a_release_that_does_not_have_what_it_lists_is_given_up(
    room: Images, db: Database, factory: FactoryDouble, tmp_path: Path, told: Any
):
    other = factory.altered["vmlinuz-amd64"] = b"\x7fother"
    files = files_of(RELEASE, VERSION, [Arch.AMD64], [Part.KERNEL])
    row = (await bring(room, db, *files))["vmlinuz-amd64"]
    assert (row.sha256, row.given_up) == (None, True)
    assert row.problem.startswith(f"the file's SHA-256 is {sha256(other)}, not ")
    assert stored(tmp_path) == set()
    assert (await told("image_failed"))[0]["again_s"] is None


async def test_a_first_sight_is_recorded_and_must_stay_the_same(
    room: Images, db: Database, factory: FactoryDouble, tmp_path: Path
):
    row = (await bring(room, db, KERNEL))["kernel-amd64"]
    assert (row.expected, row.expected_from) == (sha256(of(KERNEL)), "first")
    blob = room.shelf.path(sha256(of(KERNEL)))
    blob.chmod(0o644)
    blob.write_bytes(b"altered")
    factory.altered["kernel-amd64"] = b"\x7fanother one"
    row = (await bring(room, db, KERNEL))["kernel-amd64"]
    assert (row.sha256, row.given_up) == (None, True)
    factory.altered.clear()
    row = (await bring(room, db, KERNEL))["kernel-amd64"]
    assert (row.sha256, row.problem) == (sha256(of(KERNEL)), "")
    assert blob.read_bytes() == of(KERNEL)


async def test_a_checksum_the_operator_knows_is_insisted_on(
    room: Images, db: Database, factory: FactoryDouble
):
    right = {"kernel-amd64": sha256(of(KERNEL)).upper()}
    row = (await bring(room, db, KERNEL, checksums=right))["kernel-amd64"]
    assert (row.sha256, row.expected_from) == (sha256(of(KERNEL)), "operator")
    with pytest.raises(ChecksumPinned, match="delete the old first"):
        await want(room, db, KERNEL, checksums={"kernel-amd64": "a" * 64})
    wrong = {"initramfs-amd64.xz": "a" * 64}
    row = (await bring(room, db, INITRAMFS, checksums=wrong))["initramfs-amd64.xz"]
    assert row.given_up


async def test_a_private_factorys_checksum_is_insisted_on(
    room: Images, db: Database, factory: FactoryDouble
):
    factory.gives_checksums = True
    row = (await bring(room, db, KERNEL))["kernel-amd64"]
    assert (row.expected, row.expected_from) == (sha256(of(KERNEL)), "listed")


async def test_a_cmdline_file_that_is_none_is_not_taken(
    room: Images, db: Database, factory: FactoryDouble, tmp_path: Path
):
    for wrong in (b"talos.platform=aws pti=on slab_nomerge", b"x" * 5000):
        factory.altered["cmdline-metal-amd64"] = wrong
        row = (await bring(room, db, CMDLINE))["cmdline-metal-amd64"]
        assert (row.sha256, row.line, row.given_up) == (None, None, True)
    assert stored(tmp_path) == set()


async def test_only_a_few_come_at_once(
    room: Images, db: Database, factory: FactoryDouble, monkeypatch: pytest.MonkeyPatch
):
    factory.may_build.clear()
    images = files_of(VANILLA, VERSION, Arch, [*NETWORK_BOOT, Part.UKI, Part.DISK])
    await room.mirror.at_once(await want(room, db, *images))
    await factory.until_building(mirror_at_work.AT_ONCE)
    assert len(room.mirror.reached) == mirror_at_work.AT_ONCE
    assert factory.building == mirror_at_work.AT_ONCE
    factory.may_build.set()
    await room.mirror.settled()
    assert all(row.sha256 for row in (await rows(db)).values())


async def test_while_the_factory_is_away_it_is_tried_again_less_and_less_often(
    room: Images, db: Database, factory: FactoryDouble, rests: Naps, told: Any
):
    factory.away = True
    await room.mirror.at_once(await want(room, db, KERNEL))
    for expected in (30.0, 120.0, 600.0, 600.0):
        await rests.fell_asleep.wait()
        rests.fell_asleep.clear()
        assert rests.taken[-1] == expected
        row = (await rows(db))["kernel-amd64"]
        assert (row.given_up, "does not answer" in row.problem) == (False, True)
        assert room.mirror.reached == {}
        rests.wake.set()
        await asyncio.sleep(0)
        rests.wake.clear()
    await rests.fell_asleep.wait()
    factory.away = False
    rests.wake.set()
    await room.mirror.settled()
    assert (await rows(db))["kernel-amd64"].problem == ""
    assert {one["again_s"] for one in await told("image_failed")} == {30.0, 120.0, 600.0}


async def test_asking_again_does_not_wait_for_the_next_try(
    room: Images, db: Database, factory: FactoryDouble, rests: Naps
):
    factory.away = True
    ids = await want(room, db, KERNEL)
    await room.mirror.at_once(ids)
    await rests.fell_asleep.wait()
    factory.away = False
    await room.mirror.at_once(ids)
    await room.mirror.settled()
    assert (await rows(db))["kernel-amd64"].sha256


async def test_a_restart_goes_on_where_it_was(
    room: Images, db: Database, factory: FactoryDouble, rests: Naps, tmp_path: Path
):
    factory.fault(STORE, INITRAMFS.name, Fault(cut_after=1_200_000), *[Fault(refuse=True)] * 99)
    await room.mirror.at_once(await want(room, db, INITRAMFS))
    await rests.fell_asleep.wait()
    (tmp_path / "assets" / "parts" / "nobodys.part").write_bytes(b"x")
    await room.mirror.stop()
    factory.faults.clear()
    factory.asked.clear()
    await room.start()
    await room.mirror.settled()
    assert factory.gets(STORE)[0].headers["range"] == "bytes=1200000-"
    assert (await rows(db))[INITRAMFS.name].sha256 == sha256(of(INITRAMFS))
    assert list((tmp_path / "assets" / "parts").iterdir()) == []


async def test_what_is_there_is_not_fetched_again(
    room: Images, db: Database, factory: FactoryDouble
):
    await bring(room, db, KERNEL)
    factory.asked.clear()
    await bring(room, db, KERNEL)
    await room.start()
    await room.mirror.settled()
    assert factory.asked == []


async def test_a_schematic_the_factory_was_not_told_of_is_told_before_its_files_are_asked_for(
    room: Images, db: Database, factory: FactoryDouble
):
    known = read(ARGS)
    async with db.write() as session:
        await store.add_schematic(session, row_of("args", "", known))
    there = await bring(room, db, *files_of(known.schematic_id, VERSION, [Arch.AMD64], [Part.UKI]))
    assert there["metal-amd64-uki.efi"].sha256
    assert factory.asked[0].method == "POST"
    async with db.read() as session:
        assert (await store.schematic(session, "args")).registered_at is not None


async def test_a_factory_that_lost_a_schematic_is_told_again(
    room: Images, db: Database, factory: FactoryDouble
):
    known = read(ARGS)
    async with db.write() as session:
        row = await store.add_schematic(session, row_of("args", "", known))
        await store.registered(session, row.schematic_id, row.created_at)
    there = await bring(room, db, *files_of(known.schematic_id, VERSION, [Arch.AMD64], [Part.UKI]))
    assert there["metal-amd64-uki.efi"].sha256


async def test_what_no_factory_knows_is_given_up_with_its_words(
    room: Images, db: Database, factory: FactoryDouble
):
    there = await bring(room, db, *files_of("a" * 64, VERSION, [Arch.AMD64], [Part.UKI]))
    row = there["metal-amd64-uki.efi"]
    assert row.given_up
    assert row.problem == f"factory.test answered 404: schematic {'a' * 64} not found"


async def test_a_file_nobody_wants_any_more_is_let_go(
    room: Images, db: Database, factory: FactoryDouble, tmp_path: Path
):
    factory.may_build.clear()
    ids = await want(room, db, INITRAMFS)
    await room.mirror.at_once(ids)
    await factory.until_building()
    async with db.write() as session:
        await store.delete_files(session, ids)
    factory.may_build.set()
    await room.mirror.settled()
    assert stored(tmp_path) == set()
    assert await rows(db) == {}


async def test_a_full_disk_is_waited_for(
    room: Images, db: Database, rests: Naps, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shelf_of_assets, "RESERVE", 2**60)
    await room.mirror.at_once(await want(room, db, KERNEL))
    await rests.fell_asleep.wait()
    assert "free some space" in (await rows(db))["kernel-amd64"].problem
    monkeypatch.undo()
    rests.wake.set()
    await room.mirror.settled()
    assert (await rows(db))["kernel-amd64"].sha256


async def test_a_fault_of_ours_ends_one_file_and_not_the_mirror(
    room: Images, db: Database, monkeypatch: pytest.MonkeyPatch
):
    async def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(mirror_at_work, "keep", broken)
    row = (await bring(room, db, KERNEL))["kernel-amd64"]
    assert (row.given_up, row.problem) == (True, "a fault of Ktizo itself; its log says more")


async def test_without_a_database_the_mirror_tries_again(
    room: Images, db: Database, rests: Naps, monkeypatch: pytest.MonkeyPatch
):
    ids = await want(room, db, KERNEL)

    def gone() -> Any:
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(db, "read", gone)
    monkeypatch.setattr(db, "write", gone)
    await room.start()  # says so in the log, and the rest of Ktizo starts
    room.mirror.bring(ids)
    await rests.fell_asleep.wait()
    monkeypatch.undo()
    rests.wake.set()
    await room.mirror.settled()
    assert (await rows(db))["kernel-amd64"].sha256


async def test_pruning_never_takes_what_a_profile_or_cluster_uses(
    room: Images, db: Database, used: set[str], tmp_path: Path
):
    other = files_of(VANILLA, "v1.11.6", [Arch.AMD64], NETWORK_BOOT)
    await bring(room, db, *BOOT, *other)
    used.add(f"{VANILLA}/{VERSION}")
    none = timedelta(seconds=-1)
    async with db.write() as session:
        assert await prune(session, room.in_use, older_than=timedelta(days=1), dry_run=False) == []
        would = await prune(session, room.in_use, older_than=none, dry_run=True)
    assert {row.version for row in would} == {"v1.11.6"}
    assert len(await rows(db)) == 3  # by name: both versions are still there
    async with db.write() as session:
        await prune(session, room.in_use, older_than=none, dry_run=False)
    async with db.read() as session:
        assert {row.version for row in await store.files(session)} == {VERSION}
