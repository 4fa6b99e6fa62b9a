"""Reading iPXE scripts as strictly as they are written: what is not known here is a fault.

iPXE splits a line on blanks, ends a command at a word that is `||`, `&&` or `;`, and expands
`${...}` everywhere; so a script is read the same way.
"""

import re
from dataclasses import dataclass

COMMANDS = {
    *("echo", "set", "isset", "iseq", "cpuid", "chain", "sleep", "prompt", "goto", "menu", "item"),
    *("choose", "reboot", "poweroff", "imgfree", "kernel", "initrd", "boot", "sanboot", "exit"),
}
ENDS = {"||", "&&", ";"}
HANDOVERS = ("sanboot --no-describe --drive 0x80 || exit 1", "exit", "exit 1")
SETTINGS = {
    *("netX/mac", "netX/mac:hexhyp", "buildarch", "bootmac", "bootarch", "ktizo", "menu"),
    *("net0/mac:hexhyp", "net1/mac:hexhyp", "net2/mac:hexhyp", "net3/mac:hexhyp", "uuid"),
    *("serial:hexraw", "manufacturer:hexraw", "product:hexraw", "asset:hexraw", "platform"),
    "chosen",
}
# What free text may look like on a console; see boot/render.py.
PLAIN = r"[A-Za-z0-9 ._:,/()@+=?-]*"
_DISK = re.compile(
    r"#!ipxe\n"
    r"# Ktizo [0-9.]+: (?P<rule>[a-z_]+)\n"
    rf"echo Ktizo: (?P<machine>{PLAIN})\n"
    rf"echo Ktizo: (?P<reason>{PLAIN})\n"
    r"echo Ktizo: booting from the local disk\n"
    r"(?P<handover>[^\n]+)\n"
)


@dataclass(frozen=True)
class Disk:
    """A script that explains itself and boots the local disk."""

    rule: str
    machine: str
    reason: str
    handover: str


def commands(script: str) -> list[list[str]]:
    """Return every command of `script` with its arguments; an unknown line is an AssertionError."""
    assert script.startswith("#!ipxe\n"), script[:80]
    assert script.endswith("\n"), script[-80:]
    assert script.isascii(), "iPXE has no charset"
    assert not re.search(r"[^\n -~]", script), "a control character"
    found: list[list[str]] = []
    for line in script.splitlines()[1:]:
        assert not line.endswith("\\"), f"joins the next line: {line}"
        if not line or line.startswith(("#", ":")):
            assert re.fullmatch(r"(# .*|:[a-z0-9-]+)?", line), line
            continue
        found.extend(_split(line))
    return found


def _split(line: str) -> list[list[str]]:
    words, found = [], []
    for word in line.split():
        if word in ENDS:
            found.append(words)
            words = []
        else:
            words.append(word)
    found.append(words)
    for command in found:
        assert not command or command[0] in COMMANDS, f"unknown command in: {line}"
    settings = set(re.findall(r"\$\{([^}]*)\}", line))
    assert settings <= SETTINGS, f"unknown setting in: {line}"
    assert line.count("${") == len(re.findall(r"\$\{[^}]*\}", line)), line
    return [command for command in found if command]


def read_disk(script: str) -> Disk | None:
    """Return what a "boot from disk" script says; None when `script` is no such script."""
    found = _DISK.fullmatch(script)
    if found is None or found["handover"] not in HANDOVERS:
        return None
    commands(script)
    return Disk(found["rule"], found["machine"], found["reason"], found["handover"])


def loads_a_kernel(script: str) -> bool:
    """Say whether anything in `script` could load a kernel: command words, wherever they stand."""
    return any(
        command[0] in {"kernel", "initrd", "boot", "imgexec"} for command in commands(script)
    )


def ends_on_disk(script: str) -> bool:
    """Say whether the last line hands over to the local disk."""
    return script.rstrip("\n").rpartition("\n")[2] in HANDOVERS
