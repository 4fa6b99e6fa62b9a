"""Many simulated machines on one loopback network, switched on as a rack is: not all at once."""

import asyncio
import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from ktizo.nodes.simulated import racks
from ktizo.nodes.simulated.body import Timings
from ktizo.nodes.simulated.firmware import API_PORT, Firmware, SimulatedMachine
from ktizo.nodes.simulated.lan import Cluster, Lan

# A demo's patience, in seconds at speed 1; a real server needs ten times as long.
SELF_TEST_S = 4.0
BOOT_S = 4.0
INSTALL_S = 8.0
READY_S = 4.0
TRIES_AGAIN_S = 10.0
_PER_NETWORK = 250  # addresses used of each 127.x.y.0/24


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast everything goes. `speed` 10: ten times as fast as a demo at 1."""

    speed: float = 1.0
    stagger_s: float = 0.25  # between two power buttons, before `speed` divides it
    self_test_s: float = SELF_TEST_S
    tries_again_after_s: float | None = TRIES_AGAIN_S

    @property
    def timings(self) -> Timings:
        """How long Talos takes."""
        return Timings(BOOT_S / self.speed, INSTALL_S / self.speed, READY_S / self.speed)


@dataclass
class Fleet:
    """Machines that know Ktizo's address, and nothing else."""

    base_url: str
    size: int
    pace: Pace = field(default_factory=Pace)
    first: int = 1  # its number; machines of two fleets must not have the same
    network: str = ""  # the first two bytes of their addresses, `127.77`; default: a free one
    lan: Lan = field(default_factory=Lan)
    machines: list[SimulatedMachine] = field(default_factory=list)
    _presses: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.network = self.network or free_network()
        self.machines = [self._machine(number) for number in range(1, self.size + 1)]

    def _machine(self, number: int) -> SimulatedMachine:
        # Every third is a BIOS machine, as far as anybody still has them.
        firmware = Firmware(
            platform="pcbios" if number % 3 == 0 else "efi",
            self_test_s=self.pace.self_test_s,
            tries_again_after_s=self.pace.tries_again_after_s,
            speed=self.pace.speed,
        )
        return SimulatedMachine(
            self.address(number),
            self.base_url,
            hardware=racks.machine(self.first + number - 1),
            firmware=firmware,
            lan=self.lan,
            timings=self.pace.timings,
        )

    def address(self, number: int) -> str:
        """Return the address of machine `number`, from 1."""
        third, last = divmod(number - 1, _PER_NETWORK)
        return f"{self.network}.{third}.{last + 1}"

    def __iter__(self) -> Iterator[SimulatedMachine]:
        return iter(self.machines)

    def by_mac(self, mac: str) -> SimulatedMachine:
        """Return the machine with this network card."""
        return next(one for one in self.machines if mac in one.hardware.macs)

    @property
    def clusters(self) -> list[Cluster]:
        """Every cluster their configs speak of."""
        return list(self.lan.clusters.values())

    @property
    def faults(self) -> list[str]:
        """What machines could not make sense of: every line is a fault of Ktizo's."""
        return [f"{one.host}: {one.fault}" for one in self.machines if one.fault is not None]

    def power_on(self) -> None:
        """Press all power buttons, one after the other; returns at once."""
        self._presses = asyncio.get_running_loop().create_task(self._press_all())

    async def _press_all(self) -> None:
        for machine in self.machines:
            machine.power_on()
            await asyncio.sleep(self.pace.stagger_s / self.pace.speed)

    async def close(self) -> None:
        """Pull every plug."""
        if self._presses is not None:
            self._presses.cancel()
            with suppress(asyncio.CancelledError):
                await self._presses
        await asyncio.gather(*(machine.power_off() for machine in self.machines))


def free_network() -> str:
    """Return two bytes of a loopback network on which nobody answers as a node yet."""
    for second in random.sample(range(16, 250), 50):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((f"127.{second}.0.1", API_PORT))
            return f"127.{second}"
    raise RuntimeError("no free loopback network: are many simulations running?")
