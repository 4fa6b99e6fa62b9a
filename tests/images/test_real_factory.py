"""Opt-in: the real Image Factory still is what the double pretends to be.

KTIZO_TEST_FACTORY=1 (or an address) runs it; it reads, and registers the vanilla schematic only.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from images.factory_double import VANILLA
from ktizo.core.http import Http
from ktizo.core.settings import Settings
from ktizo.core.shelf import Shelf
from ktizo.images.cmdline import command_line
from ktizo.images.download import Claims, Wanted, fetch
from ktizo.images.factory import Factory
from ktizo.images.image import RELEASE, Arch, Image, Part
from ktizo.images.register import read, register

WHERE = os.environ.get("KTIZO_TEST_FACTORY")  # noqa: TID251 - a setting of the tests, not ours
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.enable_socket,
    pytest.mark.slow,
    pytest.mark.skipif(not WHERE, reason="KTIZO_TEST_FACTORY is not set"),
]


@pytest.fixture
async def real_http() -> AsyncIterator[Http]:
    http = Http()
    yield http
    await http.close()


async def test_the_real_factory_builds_what_we_ask_for(real_http: Http, tmp_path: Path):
    settings = Settings(factory_url=WHERE) if str(WHERE).startswith("http") else Settings()
    factory, shelf = Factory(real_http, settings), Shelf(tmp_path)
    versions = [one for one in await factory.versions() if "-" not in one]
    version = versions[-1]
    names = {one.name for one in await factory.extensions(version)}
    assert "siderolabs/qemu-guest-agent" in names
    assert await factory.overlays(version)
    assert (await register(factory, read({}))).schematic_id == VANILLA
    for arch in Arch:
        image = Image(schematic=VANILLA, version=version, arch=arch, part=Part.CMDLINE)
        wanted = Wanted("p", factory.place_of(image), 10_000, await factory.checksum(image))
        part = await fetch(real_http, shelf, wanted, Claims(shelf), lambda *_: None)
        assert command_line(part.path.read_text())
        part.discard()
    kernel = Image(schematic=RELEASE, version=version, arch=Arch.AMD64, part=Part.KERNEL)
    wanted = Wanted("k", factory.place_of(kernel), 2**30, await factory.checksum(kernel))
    assert wanted.expected
    part = await fetch(real_http, shelf, wanted, Claims(shelf), lambda *_: None)
    assert part.size > 1_000_000
    part.discard()
