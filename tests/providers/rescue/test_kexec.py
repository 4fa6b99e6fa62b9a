"""From the rescue system into another kernel, and every way in which that does not work."""

import asyncio
import hashlib
import logging
import shutil
from collections.abc import Callable

import pytest

from ktizo.providers.errors import ProviderAway, Rejected
from ktizo.providers.rescue import kexec, look
from ktizo.providers.rescue.kexec import (
    ChecksumWrong,
    Download,
    DownloadFailed,
    KexecMissing,
    KexecRefused,
    NoRoom,
)
from ktizo.providers.rescue.look import NotRescue
from ktizo.providers.rescue.shell import OutOfBounds, Shell, open_shell

from .machine import GOODBYE, SOON_S, Machine
from .web import Web

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]

KERNEL, INITRD = b"kernel" * 1000, b"initrd" * 5000
SECRET = "0ne-t1me"
LINE = f"talos.platform=metal talos.config=http://boot.example/c/{SECRET}?a=b&m='x' $(reboot) \\"


def download(web: Web, name: str, body: bytes, *, meant: bytes | None = None) -> Download:
    path = f"/p/{SECRET}/{name}"
    web.paths.setdefault(path, body)
    return Download(web.url + path, hashlib.sha256(body if meant is None else meant).hexdigest())


async def boot(
    machine: Machine, web: Web, shell: Shell, *, line: str = LINE, download_s: int = 20
) -> None:
    await kexec.boot(
        shell,
        download(web, "vmlinuz", KERNEL),
        download(web, "initramfs", INITRD),
        line,
        root=machine.root,
        places=(str(machine.memory),),
        download_s=download_s,
    )


def loads(machine: Machine) -> list[list[str]]:
    return machine.calls("kexec")


# --- the whole way


async def test_a_machine_is_looked_at_and_leaves_for_another_kernel(
    machine: Machine, web: Web
) -> None:
    login = machine.login(machine.host_key)
    async with await open_shell(login, machine.key.private, port=machine.port) as shell:
        await look.identify(shell, root=machine.root)
        await boot(machine, web, shell)
    [load] = loads(machine)  # and not `kexec -e`: the session ended first
    assert load[0] == "-l"
    assert load[3:] == [f"--command-line={LINE}"]
    told = (machine.folder / "loaded").read_text().split()
    assert told[0] == hashlib.sha256(KERNEL).hexdigest()
    assert list(machine.memory.iterdir()) == []  # the kernel has it now
    web.awake.set()
    await asyncio.wait_for(web.left.wait(), SOON_S)
    assert loads(machine)[1:] == [["-e"]]
    assert machine.calls("sleep") == [[str(kexec.LEAVE_S)]]
    assert machine.calls("apt-get") == []


async def test_a_user_with_sudo_starts_the_kernel_as_root(
    machine: Machine, web: Web, shell: Shell
) -> None:
    machine.tool("id", "echo 1000")
    await boot(machine, web, shell)
    assert ["-n", "sh", "-s"] in machine.calls("sudo")
    assert len(loads(machine)) == 1


async def test_a_machine_without_curl_uses_wget(machine: Machine, web: Web, shell: Shell) -> None:
    wget = shutil.which("wget")
    if wget is None:
        pytest.skip("needs wget")
    machine.without("curl")
    machine.tool("wget", f'exec {wget} --no-config "$@"')
    machine.tool("sleep", "")
    machine.tool("kexec", "")
    await boot(machine, web, shell)
    assert loads(machine)[0][0] == "-l"
    assert not [one for call in machine.calls("wget") for one in call if SECRET in one]
    machine.without("wget")
    with pytest.raises(DownloadFailed, match="neither curl nor wget"):
        await boot(machine, web, shell)


async def test_kexec_is_installed_where_it_is_missing(
    machine: Machine, web: Web, shell: Shell
) -> None:
    kexec_tool = machine.folder / "bin/kexec"
    kept = machine.folder / "kept"
    kexec_tool.rename(kept)
    bring = f'case "$*" in *install*) cat {kept} >{kexec_tool}; chmod_it {kexec_tool} ;; esac'
    machine.tool("apt-get", bring)
    machine.write("bin/chmod_it", f'#!/bin/sh\nexec {shutil.which("chmod")} 755 "$1"\n').chmod(
        0o755
    )
    await boot(machine, web, shell)
    assert [call[-1] for call in machine.calls("apt-get")] == ["update", "kexec-tools"]
    assert len(loads(machine)) == 1


# --- what ends it


@pytest.mark.parametrize("disk", ["/dev/sda1 / ext4 rw 0 0", "/dev/sda1 /mnt ext4 rw 0 0"])
async def test_nothing_is_done_to_a_machine_that_booted_its_own_disk(
    machine: Machine, web: Web, shell: Shell, disk: str
) -> None:
    mounts = machine.folder / "root/proc/self/mounts"
    mounts.write_text(mounts.read_text() + disk + "\n")
    with pytest.raises(NotRescue, match="/dev/sda1 is mounted"):
        await look.identify(shell, root=machine.root)
    with pytest.raises(NotRescue):
        await boot(machine, web, shell)
    assert loads(machine) == machine.calls("apt-get") == machine.calls("curl") == []
    assert web.asked == []
    assert list(machine.memory.iterdir()) == []


@pytest.mark.parametrize("name", ["vmlinuz", "initramfs"])
async def test_a_file_with_another_checksum_is_never_started(
    machine: Machine, web: Web, shell: Shell, name: str
) -> None:
    web.paths[f"/p/{SECRET}/{name}"] = b"something else"
    with pytest.raises(ChecksumWrong, match="initrd" if name == "initramfs" else "kernel"):
        await boot(machine, web, shell)
    assert loads(machine) == []
    assert list(machine.memory.iterdir()) == []


async def test_a_file_that_is_not_there_is_told(machine: Machine, web: Web, shell: Shell) -> None:
    web.paths[f"/p/{SECRET}/initramfs"] = 404
    with pytest.raises(DownloadFailed, match=r"initrd: the answer was an error, such as 404"):
        await boot(machine, web, shell)
    assert loads(machine) == []


async def test_a_download_that_hangs_ends(machine: Machine, web: Web, shell: Shell) -> None:
    web.paths[f"/p/{SECRET}/vmlinuz"] = (asyncio.Event(), b"")
    with pytest.raises(DownloadFailed, match="kernel: it took too long"):
        await boot(machine, web, shell, download_s=1)
    assert loads(machine) == []


async def test_a_machine_that_nobody_listens_to_any_more_starts_nothing(
    machine: Machine, web: Web
) -> None:
    go_on = asyncio.Event()
    web.paths[f"/p/{SECRET}/initramfs"] = (go_on, INITRD)
    machine.tool("rm", f'{shutil.which("rm")} "$@"; exec curl -s {web.url}/left')
    shell = await open_shell(machine.login(), machine.key.private, port=machine.port)
    asking = asyncio.create_task(boot(machine, web, shell))
    await asyncio.wait_for(web.waiting.wait(), SOON_S)
    await shell.close()
    with pytest.raises(ProviderAway):
        await asking
    assert machine.log.until(*GOODBYE)
    go_on.set()
    await asyncio.wait_for(web.left.wait(), SOON_S)  # it has tidied up
    assert [call[0] for call in loads(machine)] == ["-l"]
    assert machine.calls("setsid") == []
    assert list(machine.memory.iterdir()) == []


async def test_a_machine_that_hangs_ends_the_session(
    machine: Machine, web: Web, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.paths["/hang"] = (asyncio.Event(), b"")
    machine.tool("kexec", f"exec curl -s {web.url}/hang")
    monkeypatch.setattr(kexec, "INSTALL_S", 0)
    monkeypatch.setattr(kexec, "SLACK_S", -1)
    with pytest.raises(OutOfBounds):
        await boot(machine, web, shell, download_s=1)


def memory_on_a_disk(machine: Machine) -> None:
    machine.tool("stat", "echo ext2/ext3")


def memory_full(machine: Machine) -> None:
    machine.tool("df", "printf 'Filesystem\\ntmpfs 100 90 10 90%% /run\\n'")


def memory_unknown(machine: Machine) -> None:
    machine.tool("df", "printf 'Filesystem\\nramfs - - - - /run\\n'")


def no_kexec(machine: Machine) -> None:
    machine.without("kexec")


def no_apt_get(machine: Machine) -> None:
    machine.without("kexec")
    machine.without("apt-get")


def refused(machine: Machine) -> None:
    machine.tool("kexec", "echo $* >&2; exit 1")


def locked_down(machine: Machine) -> None:
    refused(machine)
    machine.write("root/sys/kernel/security/lockdown", "none [integrity] confidentiality\n")


def switched_off(machine: Machine) -> None:
    refused(machine)
    machine.write("root/sys/kernel/security/lockdown", "[none] integrity confidentiality\n")
    machine.write("root/proc/sys/kernel/kexec_load_disabled", "1\n")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (memory_on_a_disk, NoRoom, "1024 MiB"),
        (memory_full, NoRoom, "1024 MiB"),
        (memory_unknown, NoRoom, "1024 MiB"),
        (no_kexec, KexecMissing, "kexec-tools"),
        (no_apt_get, KexecMissing, "kexec-tools"),
        (refused, KexecRefused, "does not load"),
        (locked_down, KexecRefused, "Secure Boot"),
        (switched_off, KexecRefused, "kexec_load_disabled"),
    ],
)
async def test_each_failure_has_its_own_words_and_leaves_nothing_behind(
    machine: Machine,
    web: Web,
    shell: Shell,
    change: Callable[[Machine], None],
    error: type[Exception],
    words: str,
) -> None:
    change(machine)
    with pytest.raises(error, match=words):
        await boot(machine, web, shell)
    assert ["-e"] not in loads(machine)
    assert list(machine.memory.iterdir()) == []


async def test_a_kernel_with_only_the_newer_system_call_is_asked_by_it(
    machine: Machine, web: Web, shell: Shell
) -> None:
    machine.tool("kexec", '[ "$1" != -l ]')
    machine.tool("sleep", "exec curl -s $0")
    await boot(machine, web, shell)
    assert [call[:2] for call in loads(machine)][:2] == [
        ["-l", loads(machine)[0][1]],
        ["-s", "-l"],
    ]


# --- secrets and odd words


async def test_the_secret_is_in_no_log_no_error_and_no_list_of_processes(
    machine: Machine, web: Web, shell: Shell, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    refused(machine)
    with pytest.raises(KexecRefused) as raised:
        await boot(machine, web, shell)
    web.paths[f"/p/{SECRET}/vmlinuz"] = 500
    with pytest.raises(DownloadFailed) as away:
        await boot(machine, web, shell)
    shown = f"{raised.value} {away.value!r} {away.value.detail} {download(web, 'x', b'')!r}"
    assert SECRET not in shown + caplog.text + machine.log.text
    calls = (machine.folder / "calls").read_text().split("\n")
    assert [one for one in calls if SECRET in one and not one.startswith("kexec")] == []


@pytest.mark.parametrize("line", ["a\nb", "a\x00", "ä", "x" * 2047, "a\tb"])
async def test_a_line_that_the_kernel_would_not_read_is_never_sent(
    machine: Machine, web: Web, shell: Shell, line: str
) -> None:
    with pytest.raises(Rejected, match="command line"):
        await boot(machine, web, shell, line=line)
    assert web.asked == []
