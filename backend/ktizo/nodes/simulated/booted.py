"""Talos started from the network: what it does before its API listens (talos.md §8).

Installed already: it comes up as itself, or halts when told to. Otherwise it fetches its config,
for three hours if it must, and then waits in maintenance mode or installs.
"""

import gzip
import random
import zlib
from collections.abc import Awaitable, Callable
from enum import StrEnum
from urllib.parse import quote

from ktizo.core.errors import KtizoError
from ktizo.nodes.simulated.body import Stage
from ktizo.nodes.simulated.cmdline import CommandLine
from ktizo.nodes.simulated.fetch import Fetched, NoAnswer, fetch
from ktizo.nodes.simulated.machine_config import MachineConfig, read
from ktizo.nodes.simulated.node import SimulatedNode
from ktizo.nodes.simulated.reporting import Aims
from ktizo.nodes.wire.events_pb2 import TaskEvent

TRIES_FOR_S = 3 * 3600.0
LONGEST_PAUSE_S = 60.0
REBOOTS_AFTER_S = 10.0  # a fatal error, unless panic=0

Wait = Callable[[float], Awaitable[None]]


class Began(StrEnum):
    """What became of a start from the network."""

    STRANGER = "stranger"  # it came up as whatever was installed before; nobody knows its config
    UP = "up"  # its API listens, or it installs and will
    HALTED = "halted"  # talos.halt_if_installed: waits for somebody to look
    FAILED = "failed"  # a fatal error; it reboots


async def begin(node: SimulatedNode, line: CommandLine, wait: Wait) -> Began:
    """Start Talos on `node` from the network; `wait` lets time pass at the machine's own pace."""
    node.command_line = Aims(line.event_sink, line.kernel_log)
    node.reporter.boot(node.aims)  # from its first seconds on
    node.note(Stage.BOOTING)
    if not line.protected:
        node.say("panic: kernel command line lacks what Talos insists on: slab_nomerge pti=on")
        await wait(REBOOTS_AFTER_S)
        return Began.FAILED
    if node.system_disk and line.halt_if_installed:
        node.emit(TaskEvent(task="haltIfInstalled", action=TaskEvent.START))
        node.say("Talos is already installed to disk but booted from another media and halted")
        return Began.HALTED
    if node.system_disk and node.in_maintenance:
        return Began.STRANGER
    if node.system_disk:
        await node.power_on()
        return Began.UP
    config = await _config(node, line.config_url, wait) if line.config_url else None
    if config is None and line.config_url:
        return Began.FAILED
    if config is not None and config.complete:
        await node.install(config)
        return Began.UP
    node.config = config
    await node.power_on()
    return Began.UP


async def _config(node: SimulatedNode, template: str, wait: Wait) -> MachineConfig | None:
    """Fetch the config; None after three hours in vain."""
    url = _filled(node, template)
    waited, pause = 0.0, 1.0
    while waited < TRIES_FOR_S:
        try:
            return _read(await fetch(url, node.host, timeout_s=180))
        except (NoAnswer, KtizoError, ValueError) as error:
            node.config_errors.append(str(error))
            node.say(f"failed to download config: {error}")
        jitter = random.random()  # noqa: S311 - it spreads tries, it hides nothing
        await wait(pause + jitter)
        waited, pause = waited + pause + jitter, min(2 * pause, LONGEST_PAUSE_S)
    return None


def _read(answer: Fetched) -> MachineConfig:
    if answer.status == 204:
        raise NoAnswer("config not found")
    if answer.status != 200:
        raise NoAnswer(f"failed to download config, received {answer.status}")
    body = answer.body
    if body[:2] == b"\x1f\x8b":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error) as error:
            raise NoAnswer(f"a gzip nobody can unpack: {error}") from error
    return read(body)


def _filled(node: SimulatedNode, url: str) -> str:
    """Fill in Talos's variables."""
    known = {
        "uuid": node.uuid,
        "serial": node.hardware.serial,
        "mac": node.hardware.macs[0],
        "hostname": node.hostname,
    }
    for name, value in known.items():
        url = url.replace("${" + name + "}", quote(value))
    return url
