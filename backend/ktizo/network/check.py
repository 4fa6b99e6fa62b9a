"""Asking dnsmasq whether it can read a file, before it has to run with it."""

import asyncio
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from ktizo.network.errors import DnsmasqMissing

TIMEOUT_S = 10.0
SBIN = "/usr/sbin:/usr/local/sbin:/sbin:/usr/bin:/usr/local/bin:/bin"  # often not in a user's PATH
# Without LC_ALL=C a German Debian's dnsmasq logs in German, and nothing could be parsed.
ENVIRONMENT = {"LC_ALL": "C", "PATH": SBIN}

_AT_LINE = re.compile(r"at line (\d+) of \S+")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`says`: dnsmasq's own words, with the line it means."""

    ok: bool
    says: str


def find_program(name: str) -> Path:
    """Return the dnsmasq program, or raise DnsmasqMissing."""
    found = shutil.which(name) or shutil.which(name, path=SBIN)
    if found is None:
        raise DnsmasqMissing(
            f"there is no program {name}; install it (apt install dnsmasq-base) or set "
            "KTIZO_DNSMASQ_PATH"
        )
    return Path(found)


async def syntax(program: Path, file: Path) -> Verdict:
    """Run `dnsmasq --test` on `file`: options and values only, no port is touched."""
    process = await asyncio.create_subprocess_exec(
        program,
        "--test",
        "-C",
        file,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, raw = await process.communicate()
    except TimeoutError:
        return Verdict(ok=False, says=f"dnsmasq --test gave no answer in {TIMEOUT_S:.0f} s")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    said = raw.decode(errors="replace").strip().removeprefix("dnsmasq: ")
    return Verdict(process.returncode == 0, _with_the_line(said, file))


def _with_the_line(said: str, file: Path) -> str:
    match = _AT_LINE.search(said)
    if match is None:
        return said
    lines = file.read_text().splitlines()
    number = int(match[1])
    quoted = lines[number - 1] if 0 < number <= len(lines) else ""
    return f"{said[: match.start()]}at line {number}: {quoted}"
