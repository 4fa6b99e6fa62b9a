"""A thousand nodes for the benchmark, in a process of their own: `python -m bench.doubles DATA`.

They have their configs and run already; what is measured is how Ktizo gets to know them. Says
`ready` when all of them listen, and ends with its standard input.
"""

import asyncio
import sys
from pathlib import Path

from ktizo.accounts.tokens import Actor
from ktizo.clusters import serve
from ktizo.clusters.changes import Desk
from ktizo.clusters.create import create
from ktizo.clusters.join import join
from ktizo.clusters.schemas import MemberIn, NewCluster
from ktizo.clusters.store import Cluster
from ktizo.core.bootdb import BootReader, boot_reader
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, Database
from ktizo.core.seal import Sealer, load_or_make_keys
from ktizo.core.settings import Settings
from ktizo.core.writer import Writer
from ktizo.devices import approval
from ktizo.devices import store as devices
from ktizo.devices.lifecycle import State
from ktizo.devices.register import register
from ktizo.nodes.simulated import Hardware, Lan, SimulatedNode, machine_config
from ktizo.nodes.simulated.lan import Member

NODES, CONTROL_PLANES = 1000, 3
VERSION, SCHEMATIC = "v1.12.11", "a" * 64
CLUSTER = "bench"


def address(number: int) -> str:
    """Return the loopback address of node `number`, from 1."""
    return f"127.200.{number // 250}.{1 + number % 250}"


async def seed(data: Path, count: int) -> None:
    """Make an appliance that has approved `count` machines into a cluster, and saw none come up."""
    database = Database(Settings(data_dir=data, compiled_dir=data.parent / "compiled"))
    try:
        await database.migrate()
        sealer, writer = Sealer(load_or_make_keys(data)), Writer(database.write)
        async with database.write() as session:
            desk = Desk(session, sealer, writer, Actor("bench", "admin", 1), "127.0.0.1")
            wanted = NewCluster(
                name=CLUSTER,
                endpoint="https://192.0.2.10:6443",
                talos_version=VERSION,
                schematic=SCHEMATIC,
                install_disk="/dev/sda",
            )
            cluster = await create(desk, wanted)
            for number in range(1, count + 1):
                await _enter(session, desk, cluster, number)
    finally:
        await database.close()


async def _enter(session: AsyncSession, desk: Desk, cluster: Cluster, number: int) -> None:
    hardware, now = Hardware.number(number), utc_now()
    role = "controlplane" if number <= CONTROL_PLANES else "worker"
    device = await register(
        session,
        list(hardware.macs),
        now,
        hostname=f"node-{number}",
        role=role,
        uuid=hardware.uuid,
        address=address(number),
        boot_mac=hardware.macs[0],
    )
    await approval.approve(session, device, by="bench", minutes=600, now=now)
    device.state = State.INSTALLING
    await join(desk, cluster, device.id, MemberIn(role=role))


async def main(data: Path) -> None:
    """Start every machine of the seeded database as a node that runs."""
    database = Database(Settings(data_dir=data, compiled_dir=data.parent / "compiled"))
    reader = boot_reader(database)
    sealer = Sealer(load_or_make_keys(data))
    async with database.read() as session:
        found = sorted(await devices.ids_in(session, [State.INSTALLING]))
    lan = Lan()
    nodes = [await _node(reader, sealer, lan, device_id) for device_id in found]
    await database.close()
    reader.close()
    for node in nodes:
        await node.power_on()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for node in nodes:
        await node.power_off()


async def _node(reader: BootReader, sealer: Sealer, lan: Lan, device_id: int) -> SimulatedNode:
    served = await serve.machine_config(reader, sealer, device_id)
    if served is None:
        raise SystemExit(f"machine {device_id} has no config")
    node = SimulatedNode(
        address(device_id),
        50000,
        version=VERSION,
        schematic=SCHEMATIC,
        hardware=Hardware.number(device_id),
        lan=lan,
    )
    node.config = machine_config.read(served.body)
    node.system_disk = node.hardware.disks[0].name
    if node.is_control_plane:  # etcd has begun long ago
        node.etcd_member = device_id
        cluster = lan.cluster(node.config.ca)
        cluster.members[device_id] = Member(node.uuid, node.hostname)
        cluster.leader = cluster.leader or device_id
    return node


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
