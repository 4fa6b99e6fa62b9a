"""Starting, watching and ending servers. Each is ended by its own process id, never by name."""

import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from os import sysconf
from pathlib import Path

TICKS = sysconf("SC_CLK_TCK")
READY_S = 30.0
END_S = 20.0
CALM = 4  # quarters of a second; longer than the writer rests between batches


class NotRunning(Exception):
    """A server did not start, or ended by itself."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def family(pid: int) -> list[int]:
    """Return `pid` and its descendants that still run."""
    found = [pid]
    for parent in found:  # grows while we walk
        try:
            text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        except OSError:
            continue
        found += [int(child) for child in text.split()]
    return found


def cpu_of(stat: str) -> int:
    """Return user and system ticks from the text of /proc/PID/stat (proc(5), fields 14 and 15)."""
    after_name = stat.rpartition(")")[2].split()
    return int(after_name[11]) + int(after_name[12])


def pss_of(smaps_rollup: str) -> int:
    """Return the proportional set size in kB from the text of /proc/PID/smaps_rollup."""
    for line in smaps_rollup.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise ValueError("no Pss line")


class Server:
    """A server under measurement."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        port: int,
        log: Path,
        env: Mapping[str, str],
        *,
        puts_off: bool,
    ) -> None:
        """`puts_off`: it still works for an answer after that was sent."""
        self.name, self.port, self.log, self._puts_off = name, port, log, puts_off
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=dict(env)
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def _wait(self) -> None:
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            self.insist()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise NotRunning(f"{self.name} does not listen after {READY_S:.0f} s: {self._last_words()}")

    def insist(self) -> None:
        """Raise NotRunning when it ended by itself."""
        if self._process.poll() is not None:
            raise NotRunning(
                f"{self.name} ended with {self._process.returncode}: {self._last_words()}"
            )

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]

    def cpu_s(self) -> float:
        """Return the CPU seconds used so far, its workers' included."""
        total = 0
        for pid in family(self.pid):
            try:
                total += cpu_of(Path(f"/proc/{pid}/stat").read_text())
            except OSError:
                continue  # it ended between listing and reading
        return total / TICKS

    def pss_mb(self) -> float:
        """Return its memory in MB, shared pages counted by share."""
        kilobytes = 0
        for pid in family(self.pid):
            kilobytes += pss_of(Path(f"/proc/{pid}/smaps_rollup").read_text())
        return kilobytes / 1000

    def wait_quiet(self, timeout_s: float = 20.0) -> None:
        """Wait until what it does after its answers (history, audit) is done."""
        if not self._puts_off:
            return
        until = time.monotonic() + timeout_s
        before, calm = self.cpu_s(), 0
        while calm < CALM and time.monotonic() < until:
            time.sleep(0.25)
            now = self.cpu_s()
            calm = calm + 1 if now - before <= 0.02 else 0
            before = now

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
