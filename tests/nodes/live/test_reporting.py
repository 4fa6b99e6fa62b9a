"""A simulated node reports to a Ktizo that listens, is away, or comes back."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator

import pytest

from ktizo.core import yaml
from ktizo.nodes.simulated import SimulatedNode, Stage, Timings, reporting
from ktizo.nodes.simulated.machine_config import read
from ktizo.nodes.wire import events_pb2 as wire
from nodes.conftest import bundle, config_for  # noqa: F401 - a fixture
from nodes.live.conftest import HOST, MACHINE, House, house_in, until

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(reporting, "LONGEST_PAUSE_S", 0.05)


@pytest.fixture
async def nodes() -> AsyncIterator[list[SimulatedNode]]:
    nodes: list[SimulatedNode] = []
    yield nodes
    for node in nodes:
        await node.power_off()


def reporting_to(house: House, host: str = MACHINE, scheme: str = "tcp") -> SimulatedNode:
    return SimulatedNode(
        host, 0, sink=f"{HOST}:{house.sink}", kernel_log=f"{scheme}://{HOST}:{house.kernel}"
    )


def stages(house: House, device_id: int) -> list[str]:
    """The stages it told by events, in order."""
    found = house.live.consoles.after(device_id, 0).lines
    return [
        one.text.split(",")[0].removeprefix("stage ")
        for one in found
        if one.source == "event" and one.text.startswith("stage ")
    ]


def kernel(house: House, device_id: int) -> list[str]:
    found = house.live.consoles.after(device_id, 0).lines
    return [one.text for one in found if one.source == "kernel"]


async def test_a_machine_is_heard_from_its_first_seconds_on(house: House, nodes):
    mine = await house.machine(1, MACHINE)
    nodes.append(node := reporting_to(house))
    await node.power_on()
    await house.line(mine, "stage maintenance, ready")
    await house.line(mine, "[talos] stage maintenance, ready True")
    assert stages(house, mine) == ["booting", "maintenance"]
    assert kernel(house, mine)[0] == "[talos] stage booting, ready False"
    kinds = [kind for kind, _ in await house.timeline(mine)]
    assert kinds == ["node_stage", "node_stage"]


async def test_over_udp_too(house: House, nodes):
    mine = await house.machine(1, MACHINE)
    nodes.append(node := reporting_to(house, scheme="udp"))
    await node.power_on()
    await house.line(mine, "[talos] stage maintenance, ready True")


async def test_a_reboot_is_told_to_the_end_before_it_happens(house: House, nodes):
    mine = await house.machine(1, MACHINE)
    nodes.append(node := reporting_to(house))
    await node.power_on()
    await house.line(mine, "stage maintenance, ready")
    node.reboot_after_answer()
    node.answered()
    await node.until_boot(2)
    await until(lambda: stages(house, mine)[-1] == "maintenance" and len(stages(house, mine)) > 3)
    assert stages(house, mine) == ["booting", "maintenance", "rebooting", "booting", "maintenance"]
    await house.line(mine, "[talos] stage rebooting, ready False")


async def test_a_sink_that_is_away_disturbs_nothing_and_hears_everything_later(db, nodes, caplog):
    with socket.socket() as taken:  # a port where nobody listens
        taken.bind((HOST, 0))
        port = taken.getsockname()[1]
        nodes.append(
            node := SimulatedNode(
                MACHINE, 0, sink=f"{HOST}:{port}", kernel_log=f"tcp://{HOST}:{port}"
            )
        )
        caplog.set_level(logging.DEBUG, logger="ktizo.nodes.simulated.reporting")
        await node.power_on()
        assert node.stage is Stage.MAINTENANCE
        await until(lambda: len([one for one in caplog.messages if "not heard" in one]) > 4)
    async with house_in(db) as house:
        mine = await house.machine(1, MACHINE)
        node.command_line = reporting.Aims(f"{HOST}:{house.sink}", f"tcp://{HOST}:{house.kernel}")
        node.refresh_resources()
        await house.line(mine, "stage maintenance, ready")
        await house.line(mine, "[talos] stage maintenance, ready True")
        assert stages(house, mine) == ["booting", "maintenance"]


async def test_a_ktizo_that_comes_back_is_told_again_and_shows_it_once(house: House, nodes):
    mine = await house.machine(1, MACHINE)
    nodes.append(node := reporting_to(house))
    await node.power_on()
    await house.line(mine, "stage maintenance, ready")
    for number in range(3):
        for line in list(house.live._door._lines):
            line.abort()
        await until(lambda: house.live.open_lines == 0)
        node.emit(wire.PhaseEvent(phase=f"after {number}", action="START"))
        # As with Talos, a kernel line written into a dying connection is lost.
        await until(lambda: house.live.open_lines == 2)
        node.say(f"kernel after {number}")
        await house.line(mine, f"phase after {number} start")
        await house.line(mine, f"[talos] kernel after {number}")
    assert stages(house, mine) == ["booting", "maintenance"]
    assert house.live.counts.repeated >= 6
    texts = house.texts(mine)
    assert len(texts) == len(set(texts))


async def test_a_config_says_where_to_report_to(house: House, nodes):
    mine = await house.machine(1, MACHINE)
    nodes.append(node := SimulatedNode(MACHINE, 0))
    await node.power_on()
    documents = [
        {"apiVersion": "v1alpha1", "kind": "EventSinkConfig", "endpoint": f"{HOST}:{house.sink}"},
        {
            "apiVersion": "v1alpha1",
            "kind": "KmsgLogConfig",
            "name": "ktizo",
            "url": f"tcp://{HOST}:{house.kernel}/",
        },
    ]
    node.take_config(read(yaml.dump_all(documents).encode()), "AUTO", None)  # type: ignore[arg-type]
    await house.line(mine, "stage maintenance, ready")
    await house.line(mine, "[talos] stage maintenance, ready True")


async def test_a_whole_config_keeps_reporting_after_the_install(house: House, nodes, bundle):  # noqa: F811
    mine = await house.machine(1, MACHINE)
    nodes.append(node := SimulatedNode(MACHINE, 0, timings=Timings(install_s=0.5)))
    await node.power_on()
    sink = {"apiVersion": "v1alpha1", "kind": "EventSinkConfig", "endpoint": f"{HOST}:{house.sink}"}
    config = config_for(bundle) + b"\n---\n" + yaml.dump(sink).encode()
    node.take_config(read(config), "AUTO", None)  # type: ignore[arg-type]
    node.answered()
    await node.until_boot(2)
    await until(lambda: "booting" in stages(house, mine))
    assert "installing" in stages(house, mine)
    assert "rebooting" in stages(house, mine)


async def test_a_crash_says_nothing_more_and_a_powered_off_machine_neither(house: House, nodes):
    mine = await house.machine(1, MACHINE)
    nodes.append(node := reporting_to(house))
    await node.power_on()
    await house.line(mine, "stage maintenance, ready")
    node.crash()
    await node.until_boot(2)
    await until(lambda: len(stages(house, mine)) == 4)
    assert stages(house, mine) == ["booting", "maintenance", "booting", "maintenance"]
    await node.power_off()
    await until(lambda: house.live.open_lines == 0)
    node.note(Stage.OFF)
    assert not node.reporter._tasks


async def test_a_sink_that_hangs_holds_up_no_reboot(nodes, monkeypatch):
    monkeypatch.setattr(reporting, "DRAIN_S", 0.05)
    held: list[asyncio.StreamWriter] = []

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(hang, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    aims = {"sink": f"{HOST}:{port}", "kernel_log": f"tcp://{HOST}:{port}"}
    nodes.append(node := SimulatedNode(MACHINE, 0, **aims))
    async with asyncio.timeout(20):
        await node.power_on()
        node.reboot_after_answer()
        node.answered()
        await node.until_boot(2)
    assert held
    for writer in held:
        writer.transport.abort()
    server.close()


async def test_an_aim_nobody_can_read_is_said_once_and_given_up(nodes, caplog):
    nodes.append(node := SimulatedNode(MACHINE, 0, sink="nowhere", kernel_log="tcp://x"))
    await node.power_on()
    await until(lambda: len(caplog.messages) == 2)
    assert node.stage is Stage.MAINTENANCE


async def test_many_machines_report_at_once(house: House, nodes):
    hosts = [f"127.0.3.{number}" for number in range(1, 21)]
    machines = [await house.machine(number, host) for number, host in enumerate(hosts, 1)]
    nodes += [reporting_to(house, host) for host in hosts]
    await asyncio.gather(*(node.power_on() for node in nodes))
    for device_id in machines:
        await house.line(device_id, "stage maintenance, ready")
        assert stages(house, device_id) == ["booting", "maintenance"]
