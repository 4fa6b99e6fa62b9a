"""A process the lab started: everything it prints is kept with its time, and can be waited for."""

import codecs
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from .net import LabError

T = TypeVar("T")

# Terminal control: CSI sequences, and two-character escapes (firmware draws its screens with them).
_CONTROL = re.compile(r"\x1b\[[0-9;?=]*[A-Za-z]|\x1b[^\[]|\x00|\x08")
_UNFINISHED = re.compile(r"\x1b(\[[0-9;?=]*)?$")


class Child:
    """One child process and its console."""

    def __init__(
        self, name: str, argv: list[str], *, environment: Mapping[str, str] | None = None
    ) -> None:
        """Start `argv`; its standard input stays open for `type`."""
        self.name = name
        self.started = time.monotonic()
        self.text = ""
        self._arrivals: list[tuple[float, int]] = []  # (seconds since start, length of text before)
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
        )
        self._reader = threading.Thread(target=self._read, name=f"read {name}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id; `ip netns exec` execs, so it is the program's own."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        output = self._process.stdout
        assert output is not None
        pending = ""
        while chunk := os.read(output.fileno(), 65536):
            pending += decoder.decode(chunk)
            unfinished = _UNFINISHED.search(pending)
            cut = unfinished.start() if unfinished else len(pending)
            self._append(_CONTROL.sub("", pending[:cut]).replace("\r", "\n"))
            pending = pending[cut:]
        with self._news:
            self._news.notify_all()

    def _append(self, text: str) -> None:
        with self._news:
            self._arrivals.append((time.monotonic() - self.started, len(self.text)))
            self.text += text
            self._news.notify_all()

    def wait(self, pattern: str, *, timeout_s: float, since: int = 0) -> re.Match[str]:
        """Return the first match after position `since`; fail when it takes too long or ends."""
        wanted = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + timeout_s
        with self._news:
            while True:
                if match := wanted.search(self.text, since):
                    return match
                left = deadline - time.monotonic()
                if left <= 0 or not self._reader.is_alive():
                    why = f"not within {timeout_s} s" if left <= 0 else "it ended first"
                    raise LabError(f"{self.name}: no {pattern!r}: {why}\n{self.tail()}")
                self._news.wait(min(left, 0.5))

    def saw(self, pattern: str) -> bool:
        """Whether `pattern` has been printed so far."""
        return re.search(pattern, self.text, re.MULTILINE) is not None

    def seconds(self, pattern: str) -> float | None:
        """Return when `pattern` was printed, in seconds since the start; None when it was not."""
        match = re.search(pattern, self.text, re.MULTILINE)
        if match is None:
            return None
        return max(at for at, position in self._arrivals if position <= match.start())

    def transcript(self) -> str:
        """Return the whole console, each line with its seconds since the start."""
        lines, arrivals, position, at = [], iter([*self._arrivals, (0.0, 1 << 60)]), 0, 0.0
        following = next(arrivals)
        for line in self.text.split("\n"):
            while following[1] <= position:
                at, following = following[0], next(arrivals)
            if line.strip():
                lines.append(f"{at:7.2f} {line.rstrip()}")
            position += len(line) + 1
        return "\n".join(lines)

    def tail(self, lines: int = 25) -> str:
        """Return the console's last lines."""
        return "\n".join(self.transcript().splitlines()[-lines:])

    def type(self, keys: str) -> None:
        """Type on the console."""
        assert self._process.stdin is not None
        self._process.stdin.write(keys.encode())
        self._process.stdin.flush()

    def wait_for_end(self, *, timeout_s: float) -> int:
        """Wait until the process ends by itself and return its status."""
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            message = f"{self.name} did not end within {timeout_s} s\n{self.tail()}"
            raise LabError(message) from None
        self._close()
        return status

    def kill(self) -> None:
        """End the process at once (SIGKILL)."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask the process to end (SIGTERM), and insist after 10 s."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self.alive:
            self._process.send_signal(how)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close()

    def _close(self) -> None:
        # A grandchild may hold the pipe open: do not wait for the end of its output for ever.
        self._reader.join(2)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None and not (
                stream is self._process.stdout and self._reader.is_alive()
            ):
                stream.close()


def wait_until(what: str, condition: Callable[[], T], *, timeout_s: float) -> T:
    """Return the first truthy answer of `condition`, asked ten times a second."""
    deadline = time.monotonic() + timeout_s
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not within {timeout_s} s; last answer {answer!r}")
        time.sleep(0.1)
    return answer
