"""The supervisor with the real dnsmasq: start, change, roll back, stop."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ktizo.network.errors import (
    DnsmasqDidNotStart,
    DnsmasqRefusedConfig,
)
from ktizo.network.lan import Mode
from ktizo.network.plan import Places
from ktizo.network.privileges import run_as
from ktizo.network.supervise import Status, Wanted
from lab.net import Lan
from lab.packets import PxeClient, tftp_read

from .bench import alive, bench, broken, filled, full, proxy
from .samples import a_lan, rendered
from .wire import SERVER, discover

pytestmark = pytest.mark.anyio


def owner(pid: int | None) -> int:
    return Path("/proc", str(pid)).stat().st_uid


async def test_it_starts_answers_and_stops(lan: Lan, places: Places) -> None:
    async with bench(places) as it:
        await it.dnsmasq.apply(proxy(places))

        status = it.dnsmasq.status
        assert status.running
        assert alive(status.pid)
        assert status.notes == ("as root",)
        assert await asyncio.to_thread(discover, lan, PxeClient(7)) is not None
        assert await asyncio.to_thread(tftp_read, lan, "undionly.kpxe") == b"loader" * 1000

        await it.dnsmasq.stop()

    assert not alive(status.pid)
    assert it.dnsmasq.status == Status()
    assert not places.state_file.exists()


@pytest.fixture
def open_places() -> Iterator[Places]:
    """Folders other users may enter; pytest's own are closed to them."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield filled(Places(Path(folder, "compiled"), Path(folder, "data")))


async def test_dnsmasq_as_its_own_user_serves_tftp_beside_a_private_data_folder(
    lan: Lan, open_places: Places
) -> None:
    user = run_as(open_places.tftp).user
    conf = rendered(a_lan(), places=open_places, user=user)

    async with bench(open_places) as it:
        await it.dnsmasq.apply(Wanted(conf, SERVER, "lan0", Mode.PROXY))

        assert await asyncio.to_thread(tftp_read, lan, "undionly.kpxe") == b"loader" * 1000
        assert user in {"dnsmasq", "nobody"}
        assert owner(it.dnsmasq.status.pid) != 0


async def test_a_file_dnsmasq_cannot_read_changes_nothing(lan: Lan, places: Places) -> None:
    async with bench(places) as it:
        await it.dnsmasq.apply(proxy(places))
        before = it.dnsmasq.status

        with pytest.raises(DnsmasqRefusedConfig, match=r"bad option at line \d+: no-such-option"):
            await it.dnsmasq.apply(
                Wanted(proxy(places).conf + "no-such-option=1\n", SERVER, "lan0", Mode.PROXY)
            )

        assert it.dnsmasq.status == before
        assert places.conf.read_text() == proxy(places).conf


async def test_a_file_that_does_not_come_up_is_rolled_back(lan: Lan, places: Places) -> None:
    async with bench(places) as it:
        await it.dnsmasq.apply(proxy(places))

        with pytest.raises(DnsmasqDidNotStart, match="TFTP directory /nowhere inaccessible"):
            await it.dnsmasq.apply(broken(places))

        assert it.dnsmasq.status.running
        assert places.conf.read_text() == proxy(places).conf
        assert await asyncio.to_thread(discover, lan, PxeClient(7)) is not None


async def test_the_file_before_the_last_change_is_kept(lan: Lan, places: Places) -> None:
    async with bench(places) as it:
        await it.dnsmasq.apply(proxy(places))
        await it.dnsmasq.apply(full(places))

        assert places.conf.read_text() == full(places).conf
        last_good = places.conf.with_name("dnsmasq.conf.last-good")
        assert last_good.read_text() == proxy(places).conf


async def test_the_same_wish_again_does_not_interrupt_a_transfer(lan: Lan, places: Places) -> None:
    async with bench(places) as it:
        await it.dnsmasq.apply(proxy(places))
        pid = it.dnsmasq.status.pid
        await it.dnsmasq.apply(proxy(places))

        assert it.dnsmasq.status.pid == pid


async def test_a_first_start_that_fails_leaves_it_off(lan: Lan, places: Places) -> None:
    async with bench(places) as it:
        with pytest.raises(DnsmasqDidNotStart):
            await it.dnsmasq.apply(broken(places))

        assert not it.dnsmasq.status.running
        assert not places.conf.exists()
        assert not places.state_file.exists()
