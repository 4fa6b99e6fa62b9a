"""Running wrk, and reading what it says."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.wire import HOST

MISSING = "wrk is missing: apt-get install wrk"
# Requests are made once, so that Lua costs the load generator as little as it can.
ASK = """\
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
"""
# Each path once: then nobody asks any more, and the clock stops with the last answer.
ONCE = """\
local ffi = require("ffi")
ffi.cdef "typedef struct { long s; long ns; } moment; int clock_gettime(int, moment *);"
local function now()
  local found = ffi.new("moment")
  ffi.C.clock_gettime(1, found)
  return tonumber(found.s) * 1e6 + tonumber(found.ns) / 1e3
end
local began, answered, asked = 0, 0, 0
took = 0
function delay()
  if began == 0 then began = now() end
  asked = asked + 1
  return asked > count and 3600000 or 0
end
function response()
  answered = answered + 1
  if answered == count then took = now() - began end
end
threads = {}
function setup(thread) table.insert(threads, thread) end
"""
SCRIPT = """\
function done(summary, latency, all)
  local e = summary.errors
  local micros = threads and threads[1]:get("took") or summary.duration
  io.write(string.format(
    'BENCH {"requests": %d, "micros": %d, "p50_us": %d, "p99_us": %d, "max_us": %d, ' ..
    '"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}\\n',
    summary.requests, micros, latency:percentile(50), latency:percentile(99),
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


def run(
    folder: Path, port: int, paths: Path, connections: int, seconds: int, *, once: bool = False
) -> Load:
    """Ask for the paths of a file, one after the other, for some seconds; or for each `once`."""
    wrk = program()
    if wrk is None:
        raise NoResult(MISSING)
    script = folder / "cycle.lua"
    script.write_text(ASK + (ONCE if once else "") + SCRIPT)
    command = [wrk, "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "10s"]
    command += ["-H", f"Host: {HOST}", "-s", str(script)]
    command += [f"http://127.0.0.1:{port}/", "--", str(paths)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    load = parse(ran.stdout + ran.stderr)
    if not load.seconds:
        raise NoResult(f"not every path was answered within {seconds} s")
    return load
