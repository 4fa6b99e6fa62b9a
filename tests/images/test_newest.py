"""Which build a machine boots when nobody names one."""

from typing import Any

import pytest

from images.factory_double import VANILLA
from ktizo.core.db import Database
from ktizo.images import ready, store
from ktizo.images.image import NETWORK_BOOT, RELEASE, Arch, Part, VersionRefused, files_of
from ktizo.images.ready import NotMirrored
from ktizo.images.store import SchematicNotFound

pytestmark = pytest.mark.anyio
OTHER = "a" * 64


async def mirror(
    db: Database,
    schematic: str,
    version: str,
    arch: Arch = Arch.AMD64,
    *,
    without: Part | None = None,
) -> None:
    parts = [p for p in NETWORK_BOOT if not (schematic == RELEASE and p is Part.CMDLINE)]
    async with db.write() as session:
        for image in files_of(schematic, version, [arch], parts):
            row = await store.wish(session, image)
            row.sha256 = None if image.part is without else "0" * 64


async def newest(db: Database, arch: str | None = "x86_64", **wanted: Any) -> tuple[str, str]:
    async with db.read() as session:
        return await ready.newest(session, arch, **wanted)


async def test_the_newest_whole_release_of_its_processor_is_taken(db: Database):
    await mirror(db, VANILLA, "v1.9.6")
    await mirror(db, VANILLA, "v1.12.11")
    await mirror(db, OTHER, "v1.12.9")
    await mirror(db, OTHER, "v1.13.0", without=Part.CMDLINE)
    await mirror(db, OTHER, "v1.14.0", Arch.ARM64)
    await mirror(db, OTHER, "v1.15.0-alpha.1")
    assert await newest(db) == (VANILLA, "v1.12.11")
    assert await newest(db, None) == (VANILLA, "v1.12.11"), "who did not say is taken for x86-64"
    assert await newest(db, "arm64") == (OTHER, "v1.14.0")
    assert await newest(db, schematic=OTHER) == (OTHER, "v1.12.9")
    assert await newest(db, version="1.9.6") == (VANILLA, "v1.9.6")
    assert await newest(db, version="v1.15.0-alpha.1") == (OTHER, "v1.15.0-alpha.1")


async def test_a_release_needs_no_line_and_a_pre_release_is_better_than_nothing(db: Database):
    await mirror(db, OTHER, "v1.13.0-alpha.2")
    await mirror(db, OTHER, "v1.13.0-alpha.10")
    assert await newest(db) == (OTHER, "v1.13.0-alpha.10")
    await mirror(db, RELEASE, "v1.12.11")
    assert await newest(db) == (RELEASE, "v1.12.11")


async def test_when_nothing_fits_the_way_out_is_said(db: Database):
    await mirror(db, VANILLA, "v1.12.11", without=Part.KERNEL)
    with pytest.raises(NotMirrored, match="ktizo images mirror add"):
        await newest(db)
    with pytest.raises(NotMirrored, match="Talos does not run on i386"):
        await newest(db, "i386")
    with pytest.raises(SchematicNotFound):
        await newest(db, schematic="nothing")
    with pytest.raises(VersionRefused):
        await newest(db, version="newest")
