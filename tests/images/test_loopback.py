"""The same double behind real sockets: what the in-memory wire stands for is what HTTP does."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn

from images.factory_double import (
    FACTORY,
    STORE,
    VANILLA,
    VERSION,
    FactoryDouble,
    Fault,
    content,
    sha256,
)
from ktizo.core.http import Http
from ktizo.core.settings import Settings
from ktizo.core.shelf import Shelf
from ktizo.images.download import Claims, Wanted, fetch
from ktizo.images.factory import Factory
from ktizo.images.image import Arch, Image, Part

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]
IMAGE = Image(schematic=VANILLA, version=VERSION, arch=Arch.AMD64, part=Part.INITRAMFS)
SHA = sha256(content(VANILLA, VERSION, IMAGE.name))


@pytest.fixture
async def served(
    factory: FactoryDouble, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FactoryDouble]:
    """The double on two ports of this machine: one is the factory, the other its store."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    servers, tasks = [], []
    for host in (FACTORY, STORE):
        listening = socket.create_server(("127.0.0.1", 0))
        factory.hosts[host] = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(factory, log_level=60, lifespan="off", ws="none")
        servers.append(uvicorn.Server(config))
        tasks.append(asyncio.create_task(servers[-1].serve(sockets=[listening])))
    yield factory
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("redirects", [True, False])
async def test_a_download_that_breaks_off_is_whole_in_the_end(
    served: FactoryDouble, tmp_path: Path, redirects: bool
):
    served.redirects, served.token = redirects, "Bearer abc"
    cut = STORE if redirects else FACTORY
    served.fault(cut, IMAGE.name, Fault(cut_after=700_000), Fault(status=503), Fault())
    http, shelf = Http(sleep=lambda _: asyncio.sleep(0)), Shelf(tmp_path)
    factory = Factory(http, Settings(factory_url=served.hosts[FACTORY], factory_token="abc"))
    assert await factory.versions()
    wanted = Wanted("p", factory.place_of(IMAGE), 10_000_000, SHA)
    part = await fetch(http, shelf, wanted, Claims(shelf), lambda *_: None)
    assert part.sha256 == SHA
    part.discard()
    if redirects:
        came = served.gets(STORE, IMAGE.name)
        begun = [one.headers.get("range", "bytes=0-") for one in came]
        assert begun[0] == "bytes=0-"
        assert begun[-1] != "bytes=0-"  # gone on with, not begun anew
        assert all("authorization" not in one.headers for one in came)
    await http.close()
