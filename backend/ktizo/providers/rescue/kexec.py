"""Start another kernel from a rescue system: download into memory, check, load, go.

The checksums come over SSH, so a download by plain HTTP cannot be tampered with. The command line
may hold a one-time secret: it reaches the machine by stdin, is seen in `ps` only while the kernel
is loaded, and no error repeats what the machine says.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from shlex import quote

from ktizo.core.templates import render_file
from ktizo.providers.errors import Failed, Rejected
from ktizo.providers.rescue import look
from ktizo.providers.rescue.shell import Said, Shell

DOWNLOAD_S = 900
INSTALL_S = 300
SLACK_S = 60
LEAVE_S = 5  # between the answer and the new kernel: so long the session has to end
LEAST_KIB = 1024 * 1024  # kernel and initrd with many extensions
LONGEST_LINE = 2046  # COMMAND_LINE_SIZE of x86 and arm64 is 2048
IN_MEMORY = ("/run", "/dev/shm")  # noqa: S108 - of the rescue system
_URL = re.compile(r"https?://[!#-\[\]-~]{1,2000}", re.ASCII)  # no blank, quote or backslash
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LINE = re.compile(r"[ -~]*", re.ASCII)
_RESULT = re.compile(r"^ktizo=([a-z-]{1,32})(?: ([0-9]{1,5}))?$", re.ASCII | re.MULTILINE)


class NoRoom(Failed):
    """The rescue system has too little memory free."""


class KexecMissing(Failed):
    """The rescue system has no kexec, and it cannot be installed there."""


class DownloadFailed(Failed):
    """The rescue system could not fetch a file."""


class ChecksumWrong(Failed):
    """What the rescue system fetched is not the file that was meant."""


class KexecRefused(Failed):
    """The rescue system's kernel does not load another one."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file and its SHA-256, in hex. The address may be a secret of this one server."""

    url: str = field(repr=False)
    sha256: str

    def __post_init__(self) -> None:
        if not _URL.fullmatch(self.url):
            raise Rejected("a download's address is http(s), without blanks, quotes or backslashes")
        if not _SHA256.fullmatch(self.sha256):
            raise Rejected("a download's SHA-256 is 64 hexadecimal digits in lower case")


@dataclass(frozen=True, slots=True, repr=False)
class Script:
    """What templates/rescue/kexec.sh.j2 needs; every text is quoted for the shell."""

    root: str
    places: str
    kernel_url: str
    kernel_sha256: str
    initrd_url: str
    initrd_sha256: str
    cmdline: str
    least_kib: int = LEAST_KIB
    install_s: int = INSTALL_S
    download_s: int = DOWNLOAD_S
    leave_s: int = LEAVE_S


CURL = {
    "6": "it cannot resolve the name",
    "7": "nobody answers there",
    "22": "the answer was an error, such as 404",
    "28": "it took too long",
    "60": "the certificate is not trusted there",
}


PLAIN: Mapping[str, tuple[type[Failed], str]] = {
    "no-room": (
        NoRoom,
        f"the rescue system has no {LEAST_KIB // 1024} MiB of memory free for kernel and initrd;"
        " take a server with more memory, or start the rescue system again",
    ),
    "no-kexec": (
        KexecMissing,
        "the rescue system has no kexec and cannot install kexec-tools; install it there by hand,"
        " or write the Talos image to the disk by hand",
    ),
    "no-tool": (
        DownloadFailed,
        "the rescue system has neither curl nor wget, or lacks sha256sum, setsid, timeout or"
        " mktemp; install them there",
    ),
    "lockdown": (
        KexecRefused,
        "the rescue system's kernel is locked down (Secure Boot) and starts no other; switch off"
        " Secure Boot in the server's firmware, or write the Talos image to the disk by hand",
    ),
    "disabled": (
        KexecRefused,
        "kexec is switched off for good in this run of the rescue system"
        " (kernel.kexec_load_disabled); start the rescue system again",
    ),
    "refused": (
        KexecRefused,
        "the rescue system's kernel does not load this kernel; is it for this processor? Otherwise"
        " write the Talos image to the disk by hand",
    ),
}


async def boot(
    shell: Shell,
    kernel: Download,
    initrd: Download,
    cmdline: str,
    *,
    root: str = "",
    places: tuple[str, ...] = IN_MEMORY,
    download_s: int = DOWNLOAD_S,
) -> None:
    """Let the machine start `kernel`; it leaves some seconds after this returns.

    Raises NotRescue before anything is done, and one of this file's errors, after which the rescue
    system runs on. That the new kernel came up only the node itself shows. `root` and `places` are
    for tests.
    """
    if not _LINE.fullmatch(cmdline) or len(cmdline) > LONGEST_LINE:
        raise Rejected(f"a kernel's command line is {LONGEST_LINE} ASCII characters on one line")
    await look.prove(shell, root=root)
    script = Script(
        root=quote(root),
        places=" ".join(map(quote, places)),
        kernel_url=quote(kernel.url),
        kernel_sha256=quote(kernel.sha256),
        initrd_url=quote(initrd.url),
        initrd_sha256=quote(initrd.sha256),
        cmdline=quote(cmdline),
        download_s=download_s,
    )
    timeout_s = INSTALL_S + 2 * download_s + SLACK_S
    said = await shell.run(render_file("rescue/kexec.sh.j2", script), timeout_s=timeout_s)
    error = error_of(said)
    if error is not None:
        raise error


def error_of(said: Said) -> Failed | None:
    """Return what went wrong, in our own words; None when the kernel is about to start."""
    told = _RESULT.findall(said.text)
    word, number = told[-1] if len(told) == 1 else ("", "")
    verb, _, what = word.partition("-")
    if word == "started" and said.status == 0:
        return None
    if verb == "download" and what in {"kernel", "initrd"}:
        why = CURL.get(number, f"the download ended with {number or 'no number'}")
        return DownloadFailed(
            f"the rescue system could not fetch the {what}: {why}; see that it can reach the"
            " address that Ktizo gives to servers, then try again"
        )
    if verb == "checksum" and what in {"kernel", "initrd"}:
        return ChecksumWrong(
            f"the {what} that the rescue system fetched is not the one that was meant, and was not"
            " started; see who answers at the address that Ktizo gives to servers"
        )
    if word in PLAIN:
        kind, message = PLAIN[word]
        return kind(message)
    return Failed("the rescue system's answer cannot be read; start it again")
