"""The supervisor when things go wrong around it: ports, deaths, kill -9, disks."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ktizo.core.errors import Unavailable
from ktizo.events.kinds import EventKind
from ktizo.network import leftover
from ktizo.network.errors import (
    DnsmasqDidNotStart,
    DnsmasqMissing,
    PortTaken,
)
from ktizo.network.plan import Places
from ktizo.network.supervise import Status, Supervisor, backoff_s
from ktizo.network.watch import Watch
from lab.net import Lan
from lab.packets import PxeClient, tftp_read

from .bench import alive, bench, broken, full, proxy
from .wire import SERVER, discover, tftp_abort

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("port", [67, 69, 4011])
async def test_a_taken_port_is_named_with_its_holder(lan: Lan, places: Places, port: int) -> None:
    holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with closing(holder):
        holder.bind(("0.0.0.0", port))
        async with bench(places) as it:
            with pytest.raises(PortTaken, match=rf"UDP port {port} by \S+ \(pid {os.getpid()}\)"):
                await it.dnsmasq.apply(proxy(places))


async def test_a_port_shared_on_another_interface_is_only_a_remark(
    lan: Lan, places: Places
) -> None:
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with closing(other):
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            other.setsockopt(socket.SOL_SOCKET, option, 1)
        other.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        other.bind(("0.0.0.0", 67))
        async with bench(places) as it:
            await it.dnsmasq.apply(proxy(places))

            assert [note for note in it.dnsmasq.status.notes if "shared: UDP port 67" in note]


async def test_a_dnsmasq_that_dies_is_started_again(lan: Lan, places: Places) -> None:
    async with bench(places) as it:
        await it.dnsmasq.apply(proxy(places))
        first = it.dnsmasq.status.pid
        assert first is not None

        os.kill(first, signal.SIGKILL)
        await it.until(lambda: it.dnsmasq.status.restarts == 1)

        assert it.dnsmasq.status.running
        assert it.dnsmasq.status.pid != first
        assert it.dnsmasq.status.last_error == "dnsmasq ended: it was ended by signal 9"
        assert await asyncio.to_thread(discover, lan, PxeClient(7)) is not None


async def test_resuming_goes_on_trying_until_the_port_is_free(lan: Lan, places: Places) -> None:
    holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    async with bench(places) as it:
        with closing(holder):
            holder.bind(("0.0.0.0", 67))
            await it.dnsmasq.resume(proxy(places))
            await it.until(lambda: "port 67" in (it.dnsmasq.status.last_error or ""))
            assert not it.dnsmasq.status.running

        await it.until(lambda: it.dnsmasq.status.running)


async def test_stopping_while_it_keeps_failing_ends_the_attempts(lan: Lan, places: Places) -> None:
    async with bench(places) as it:
        await it.dnsmasq.resume(broken(places))
        await it.until(lambda: it.dnsmasq.status.last_error is not None)
        await it.dnsmasq.stop()

        assert it.dnsmasq.status == Status()
        assert [task for task in asyncio.all_tasks() if "dnsmasq" in task.get_name()] == []


async def test_a_change_that_is_cancelled_leaves_what_ran_before(lan: Lan, places: Places) -> None:
    async with bench(places) as it:
        await it.dnsmasq.apply(proxy(places))
        started = len(it.lines)

        change = asyncio.create_task(it.dnsmasq.apply(full(places)))
        await it.until(lambda: any("started" in line for line in it.lines[started:]))
        change.cancel()
        await asyncio.wait({change})

        assert change.cancelled()
        assert it.dnsmasq.status.running
        assert places.conf.read_text() == proxy(places).conf


KILLED_KTIZO = """
import asyncio, os, signal, sys
from pathlib import Path
from ktizo.network.lan import Mode
from ktizo.network.plan import Places
from ktizo.network.privileges import run_as
from ktizo.network.supervise import Supervisor, Wanted

async def main():
    it = Supervisor(Places(Path(sys.argv[1]), Path(sys.argv[2])), grace_s=0.05)
    await it.apply(Wanted(Path(sys.argv[3]).read_text(), sys.argv[4], "lan0", Mode.PROXY))
    print(it.status.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_the_dnsmasq_of_a_killed_ktizo_answers_on_and_is_then_replaced(
    lan: Lan, places: Places, tmp_path: Path
) -> None:
    (tmp_path / "wanted.conf").write_text(proxy(places).conf)
    killed = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", KILLED_KTIZO, places.compiled, places.data),
        *(tmp_path / "wanted.conf", SERVER),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await killed.communicate()
    orphan = int(out)
    assert killed.returncode == -signal.SIGKILL
    assert leftover.find(places.state_file, places.conf) == orphan
    # Its log has no reader any more; machines are still answered.
    for _ in range(3):
        assert await asyncio.to_thread(discover, lan, PxeClient(7)) is not None

    async with bench(places) as it:
        await it.dnsmasq.apply(proxy(places))

        assert it.dnsmasq.status.running
        assert it.dnsmasq.status.pid != orphan
    assert not alive(orphan)


async def test_without_the_program_the_message_says_how_to_get_it(lan: Lan, places: Places) -> None:
    async with bench(places, program="/nowhere/dnsmasq") as it:
        with pytest.raises(DnsmasqMissing, match="apt install dnsmasq-base"):
            await it.dnsmasq.apply(proxy(places))


async def test_a_program_that_never_says_started_is_ended(
    lan: Lan, places: Places, tmp_path: Path
) -> None:
    fake = tmp_path / "dnsmasq"
    fake.write_text(
        '#!/bin/sh\n[ "$1" = --test ] && exit 0\n'
        'echo "dnsmasq: thinking" >&2\nexec tail -f /dev/null\n'
    )
    fake.chmod(0o755)
    it = Supervisor(places, program=str(fake), start_timeout_s=0.3)

    with pytest.raises(DnsmasqDidNotStart, match="did not come up in 0"):
        await it.apply(proxy(places))

    assert not it.status.running
    await it.stop()


async def test_a_folder_that_cannot_be_written_is_a_clear_error_and_dnsmasq_runs_on(
    lan: Lan, places: Places
) -> None:
    async with bench(places) as it:
        await it.dnsmasq.apply(proxy(places))
        folder = places.conf.parent
        folder.rename(folder.with_name("elsewhere"))
        folder.write_text("a file where the folder should be")

        with pytest.raises(Unavailable, match="cannot write"):
            await it.dnsmasq.apply(full(places))

        assert it.dnsmasq.status.running
        assert await asyncio.to_thread(discover, lan, PxeClient(7)) is not None
        folder.unlink()
        folder.with_name("elsewhere").rename(folder)


async def test_real_log_lines_become_a_timeline(lan: Lan, places: Places) -> None:
    events: list[tuple[str, str | None, str]] = []

    def record(
        kind: EventKind,
        *,
        mac: str | None,
        address: str | None,
        data: Mapping[str, Any],
        at: datetime,
    ) -> None:
        events.append((kind.value, mac, data.get("file", "")))

    arp = {"10.77.0.9": "52:54:00:00:00:09"}
    watch = Watch(record, look_up=lambda: arp)
    bios = PxeClient(0)
    async with bench(places, tap=watch.feed) as it:
        await it.dnsmasq.apply(proxy(places))
        await asyncio.to_thread(discover, lan, bios)
        await asyncio.to_thread(tftp_abort, lan, "undionly.kpxe")
        await asyncio.to_thread(tftp_read, lan, "undionly.kpxe")
        await it.until(lambda: bool(events) and events[-1][0] == "tftp_sent")

    sentinel = events[2][1]
    assert events == [
        ("dhcp_seen", bios.mac, ""),
        ("dhcp_offer", bios.mac, ""),
        ("dhcp_seen", sentinel, ""),
        ("dhcp_offer", sentinel, "http://10.77.0.2:8000/boot/boot.ipxe"),
        ("tftp_sent", "52:54:00:00:00:09", "undionly.kpxe"),
    ]


def test_attempts_come_further_apart_but_never_half_a_minute() -> None:
    assert [backoff_s(failures) for failures in (0, 1, 2, 3, 50)] == [0.5, 1.0, 2.0, 4.0, 30.0]
