"""Running wrk, and reading what it says."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.wire import HOST

MISSING = "wrk is missing: apt-get install wrk"
# Requests are made once, so that Lua costs the load generator as little as it can.
SCRIPT = """\
local requests, count, at = {}, 0, 0
function init(args)
  for path in io.lines(args[1]) do
    count = count + 1
    requests[count] = wrk.format("GET", path)
  end
end
function request()
  at = at % count + 1
  return requests[at]
end
function done(summary, latency, all)
  local e = summary.errors
  io.write(string.format(
    'BENCH {"requests": %d, "micros": %d, "p50_us": %d, "p99_us": %d, "max_us": %d, ' ..
    '"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    latency.max, e.connect, e.read, e.write, e.status, e.timeout))
end
"""


class NoResult(Exception):
    """wrk did not say how it went."""


@dataclass(frozen=True)
class Load:
    """What one run of wrk found."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int  # connections, reads, writes, answers of 400 and more, time-outs

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def parse(output: str) -> Load:
    """Return the numbers of the line our script wrote; raises NoResult."""
    for line in output.splitlines():
        if line.startswith("BENCH "):
            said = json.loads(line.removeprefix("BENCH "))
            return Load(
                requests=said["requests"],
                seconds=said["micros"] / 1e6,
                p50_ms=said["p50_us"] / 1000,
                p99_ms=said["p99_us"] / 1000,
                errors=sum(said[k] for k in ("connect", "read", "write", "status", "timeout")),
            )
    raise NoResult(f"wrk said: {output[-500:]}")


def program() -> str | None:
    return shutil.which("wrk", path="/usr/local/bin:/usr/bin:/bin")


def run(folder: Path, port: int, paths: Path, connections: int, seconds: int) -> Load:
    """Ask for the paths of a file, one after the other, for some seconds."""
    wrk = program()
    if wrk is None:
        raise NoResult(MISSING)
    script = folder / "cycle.lua"
    script.write_text(SCRIPT)
    command = [wrk, "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "10s"]
    command += ["-H", f"Host: {HOST}", "-s", str(script)]
    command += [f"http://127.0.0.1:{port}/", "--", str(paths)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    return parse(ran.stdout + ran.stderr)
