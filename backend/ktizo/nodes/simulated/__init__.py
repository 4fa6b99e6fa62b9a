"""Talos nodes without hardware: they speak the real wire, and fail on demand.

`SimulatedNode` is one machine: TLS with Ed25519 keys, maintenance and configured mode, streams,
resources, etcd with its arithmetic. A `SimulatedMachine` is the server around it, from its power
button on, and a `Fleet` many of them. A `Lan` is what machines share. For `ktizo simulate`, for
demos and load, and for the tests, which use the faults. Hundreds fit into one process, each on a
loopback address of its own (127.x.y.z) or a port of its own.

What a node allows in which mode is written here a second time, from Talos and not from the client,
so that each checks the other.
"""

from ktizo.nodes.simulated.body import Stage, Timings
from ktizo.nodes.simulated.disks import SimulatedVolume
from ktizo.nodes.simulated.faults import Faults
from ktizo.nodes.simulated.firmware import Firmware, SimulatedMachine, Where
from ktizo.nodes.simulated.fleet import Fleet, Pace
from ktizo.nodes.simulated.hardware import Hardware, SimulatedDisk
from ktizo.nodes.simulated.lan import Lan
from ktizo.nodes.simulated.node import SimulatedNode

__all__ = [
    "Faults",
    "Firmware",
    "Fleet",
    "Hardware",
    "Lan",
    "Pace",
    "SimulatedDisk",
    "SimulatedMachine",
    "SimulatedNode",
    "SimulatedVolume",
    "Stage",
    "Timings",
    "Where",
]
