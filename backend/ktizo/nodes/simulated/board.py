"""What an iPXE script can reach of a machine, and how a network boot ends."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ScriptFault(Exception):
    """The script says something this firmware has never heard of."""


class CommandFailed(Exception):
    """A command ended with an error, as commands may."""


class How(StrEnum):
    """How a script came to its end."""

    EXIT = "exit"  # the firmware goes on with its boot order
    DISK = "disk"
    KERNEL = "kernel"
    REBOOT = "reboot"
    POWER_OFF = "power_off"


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel that was started."""

    url: str
    cmdline: str
    initrds: tuple[str, ...]  # addresses


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a network boot; `code` is that of `exit`, 0 or not is all that matters."""

    how: How
    code: int = 0
    kernel: Kernel | None = None


class Board(Protocol):
    """What a script can reach of a machine."""

    def setting(self, name: str) -> str | None:
        """Return a built-in setting such as `uuid` or `net0/mac:hexhyp`; None: there is none."""

    def show(self, text: str) -> None:
        """Print a line on the console."""

    async def script(self, url: str, timeout_s: float) -> str:
        """Fetch a script; raises CommandFailed."""

    async def load(self, url: str) -> None:
        """Fetch a kernel or initrd; raises CommandFailed."""

    async def wait(self, seconds: float) -> None:
        """Let time pass."""

    async def key_pressed(self, timeout_s: float) -> bool:
        """Say whether somebody pressed the key before the time was over."""

    async def choose(self, items: tuple[str, ...], default: str, timeout_s: float) -> str | None:
        """Return the item chosen in a menu; None: it was left without one."""

    def disk_boots(self) -> bool:
        """Say whether there is something to boot on the first disk."""

    def is_64_bit(self) -> bool:
        """Say whether the processor is."""
