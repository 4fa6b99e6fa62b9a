"""A LAN made of network namespaces: a bridge, ports for machines, and hosts on it.

Nothing touches the interfaces of the machine that runs the tests.
"""

import contextlib
import ctypes
import itertools
import os
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

T = TypeVar("T")

PREFIX = "ktizolab"
SUBNET = "10.77.0.0"
NETMASK = "255.255.255.0"
# The hosts of every LAN. "probe" is where hand-made packets are sent from.
ADDRESSES = {"router": "10.77.0.1", "appliance": "10.77.0.2", "probe": "10.77.0.9"}
ROUTER_IPV6 = "fd77::1/64"
_CLONE_NEWNET = 0x40000000  # <linux/sched.h>

_lan_numbers = itertools.count()


class LabError(AssertionError):
    """The lab itself, not the product, could not do what was asked."""


def ip(*arguments: str, batch: list[str] | None = None) -> str:
    """Run iproute2's `ip`; with `batch` its lines are the commands. Returns what it printed."""
    argv = ["ip", *arguments, *(["-batch", "-"] if batch else [])]
    done = subprocess.run(
        argv, input="\n".join(batch or []), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LabError(f"{' '.join(argv)}: {done.stderr.strip()} {batch or ''}")
    return done.stdout


class Lan:
    """One LAN; its namespaces are named `ktizolab-<pid>-<n>-<host>` and removed on exit."""

    def __init__(self) -> None:
        """Choose the names; nothing exists before `with`."""
        self._stem = f"{PREFIX}-{os.getpid()}-{next(_lan_numbers)}"
        self._taps = itertools.count()
        self._threads: dict[str, ThreadPoolExecutor] = {}

    def namespace(self, host: str) -> str:
        """Return the namespace of `host`: "lan" (bridge and machines) or one of ADDRESSES."""
        return f"{self._stem}-{host}"

    def __enter__(self) -> Self:
        """Make the bridge and the hosts: 0.1 s."""
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _make(self) -> None:
        lan = self.namespace("lan")
        ip(batch=[f"netns add {self.namespace(host)}" for host in ("lan", *ADDRESSES)])
        ip(
            *("-n", lan),
            batch=[
                "link set lo up",
                # Without a forwarding delay of 0 a port is deaf for its first 30 seconds.
                "link add br0 type bridge stp_state 0 forward_delay 0",
                "link set br0 up",
            ],
        )
        for number, host in enumerate(ADDRESSES, start=1):
            self._plug_in(host, number)

    def _plug_in(self, host: str, number: int) -> None:
        lan, namespace = self.namespace("lan"), self.namespace(host)
        mac = f"02:77:00:00:00:{number:02x}"
        far_end = f"type veth peer name v-{host} netns {lan}"
        ip(batch=[f"link add lan0 netns {namespace} address {mac} {far_end}"])
        ip("-n", lan, batch=[f"link set v-{host} master br0 up"])
        addresses = [f"addr add {ADDRESSES[host]}/24 brd + dev lan0"]
        if host == "router":
            addresses.append(f"addr add {ROUTER_IPV6} dev lan0 nodad")
        ip("-n", namespace, batch=["link set lo up", *addresses, "link set lan0 up"])
        # Real checksums on the wire: firmware checks them, and a capture is readable.
        subprocess.run(
            self.command(host, "ethtool", "-K", "lan0", "tx", "off"),
            capture_output=True,
            check=True,
        )

    def __exit__(self, *_: object) -> None:
        """Remove every namespace; interfaces go with them. Processes must have ended before."""
        for pool in self._threads.values():
            pool.shutdown()
        for host in ("lan", *ADDRESSES):
            if Path("/run/netns", self.namespace(host)).exists():
                _remove(self.namespace(host))

    def command(self, host: str, *argv: str | Path) -> list[str]:
        """Return the command that runs `argv` in the namespace of `host` (ip execs: same pid)."""
        return ["ip", "netns", "exec", self.namespace(host), *map(str, argv)]

    def new_tap(self) -> str:
        """Plug a fresh tap into the bridge and return its name."""
        name = f"tap{next(self._taps)}"
        commands = [f"tuntap add {name} mode tap", f"link set {name} master br0 up"]
        ip("-n", self.namespace("lan"), batch=commands)
        return name

    def call(self, host: str, function: Callable[[], T]) -> T:
        """Run `function` in a thread inside the namespace of `host`; its sockets stay there."""
        if host not in self._threads:
            self._threads[host] = ThreadPoolExecutor(
                max_workers=8, initializer=_enter_namespace, initargs=(self.namespace(host),)
            )
        return self._threads[host].submit(function).result()


def _remove(namespace: str) -> None:
    """Remove a namespace, ending what still runs in it: only what the lab started is in there."""
    for pid in ip("netns", "pids", namespace).split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    ip("netns", "del", namespace)


def _enter_namespace(name: str) -> None:
    """Move the calling thread, and only it, into a named network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/run/netns", name).open() as namespace:
        if libc.setns(namespace.fileno(), _CLONE_NEWNET) != 0:
            raise LabError(f"setns {name}: {os.strerror(ctypes.get_errno())}")


def remove_leftovers() -> None:
    """End what a lab that was killed left behind: namespaces whose owner's pid is gone."""
    for path in Path("/run/netns").glob(f"{PREFIX}-*"):
        owner = path.name.split("-")[1]
        if Path("/proc", owner).exists():
            continue
        _remove(path.name)
