"""The dnsmasq that a killed Ktizo left running: found again by its state file, and ended.

The pid alone proves nothing (it may be another program's by now), so the process must also have
been started at the noted moment and run with our own configuration file.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

from ktizo.core.files import write_atomic

log = logging.getLogger(__name__)

END_S = 5.0


@dataclass(frozen=True, slots=True)
class Trace:
    """Our dnsmasq. `started`: clock ticks since boot, field 22 of /proc/PID/stat."""

    pid: int
    started: int


def note(pid: int, state_file: Path) -> None:
    """Write down that `pid` is ours."""
    started = _started(pid)
    if started is not None:
        write_atomic(state_file, json.dumps(asdict(Trace(pid, started))), mode=0o600)


def forget(state_file: Path) -> None:
    """It has ended in order."""
    with contextlib.suppress(OSError):
        state_file.unlink(missing_ok=True)


def find(state_file: Path, conf: Path, proc: Path = Path("/proc")) -> int | None:
    """Return the pid of a dnsmasq an earlier Ktizo left behind, or None."""
    try:
        trace = Trace(**json.loads(state_file.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return trace.pid if _is_ours(trace, conf, proc) else None


def _is_ours(trace: Trace, conf: Path, proc: Path) -> bool:
    try:
        line = (proc / str(int(trace.pid)) / "cmdline").read_bytes()
    except (OSError, ValueError):
        return False
    # As child.py starts it; the program itself may be a wrapper of the operator's.
    ours = b"\0".join((b"", b"-k", b"-C", os.fsencode(conf), b""))
    return line.endswith(ours) and _started(trace.pid, proc) == trace.started


def _started(pid: int, proc: Path = Path("/proc")) -> int | None:
    try:
        text = (proc / str(pid) / "stat").read_text()
        return int(text.rpartition(")")[2].split()[19])  # the name in () may hold blanks
    except (OSError, IndexError, ValueError):
        return None


async def end(state_file: Path, conf: Path) -> int | None:
    """End the dnsmasq left behind, if there is one; return its pid."""
    pid = find(state_file, conf)
    if pid is None:
        return None
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return None
    try:
        if find(state_file, conf) == pid:  # still the same one, now that the handle pins it
            log.warning("ending the dnsmasq (pid %s) a killed ktizo left behind", pid)
            await _end(handle)
    finally:
        os.close(handle)
    forget(state_file)
    return pid


async def _end(handle: int) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, number)
        if await _exited(handle):
            return


async def _exited(handle: int) -> bool:
    loop, exited = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(handle, exited.set)
    try:
        async with asyncio.timeout(END_S):
            await exited.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(handle)
    return True
