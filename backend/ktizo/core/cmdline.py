"""The kernel's one command line, as text that iPXE and the kernel both carry unchanged.

What iPXE does with a line (core/exec.c, image/script.c of ipxe; the same from 2019 to 2025): it
splits on blanks only, knows no quotes and no escapes, and puts one blank between the arguments
again. An argument that is `||`, `&&` or `;` ends the command, one that begins with `#` makes the
rest a comment, `${` is expanded, and a backslash at the end joins the next line. A `;` inside an
argument means nothing, so `ds=nocloud-net;s=http://...` passes. Bytes above 126 reach the kernel,
which has no charset for them.

How long it may be: x86 kernels take 2047 bytes (COMMAND_LINE_SIZE 2048 on x86 and arm64), and on
BIOS iPXE copies one less than the kernel says, without a word about what it cut off. Talos' own
docs said 4096 until they were corrected to "about 2000".
"""

import re
from typing import Any

from ktizo.core.errors import Invalid

KERNEL_BYTES = 2046
ENDS_A_COMMAND = frozenset({"||", "&&", ";"})
_NOT_PRINTABLE = re.compile(r"[^ -~]")
_TWO_BLANKS_QUOTED = re.compile(r'"[^"]*  [^"]*"')


class CommandLineRefused(Invalid):
    """The kernel command line would not reach the kernel as it was written."""


def one_line(text: str, *, initrds: int) -> str:
    """Return `text` as iPXE passes it on; raises CommandLineRefused.

    `initrds`: how many iPXE will name on the line (`initrd=initrd0`), beside the kernel's own name
    on UEFI; they take their bytes of what the kernel reads.
    """
    text = text.strip()
    for fault, wrong in _faults(text):
        if wrong:
            raise CommandLineRefused(f"the command line {fault}")
    line = " ".join(text.split())
    room = KERNEL_BYTES - len("kernel ") - len("initrd=initrd00 ") * initrds
    if len(line) > room:
        raise CommandLineRefused(
            f"the command line has {len(line)} bytes; the kernel reads {room} and drops the rest"
        )
    return line


def _faults(text: str) -> list[tuple[str, Any]]:
    arguments = text.split()
    return [
        (
            "must be one line of plain ASCII: no line break, tab, control or accented character",
            _NOT_PRINTABLE.search(text),
        ),
        ("holds ${, which iPXE would expand; write the value itself", "${" in text),
        (
            "holds ||, && or ; standing alone, which ends the command for iPXE",
            ENDS_A_COMMAND.intersection(arguments),
        ),
        (
            "has an argument that begins with #, which is a comment for iPXE",
            any(argument.startswith("#") for argument in arguments),
        ),
        ("ends with a backslash, which joins the next line for iPXE", text.endswith("\\")),
        ('has a " that is not closed', text.count('"') % 2),
        ("has two blanks inside quotes, and iPXE keeps one", _TWO_BLANKS_QUOTED.search(text)),
        (
            "names initrd= itself; Ktizo adds it for every initrd of the profile",
            any(argument.startswith("initrd=") for argument in arguments),
        ),
    ]
