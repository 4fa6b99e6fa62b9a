"""A rescue system to log in to: a real sshd on the loopback, and stand-ins for its tools.

Whoever logs in gets a PATH of its own (`bin/`). `kexec`, `ip`, `apt-get` and the like are stand-ins
that write down what they were asked; curl is the real one. /sys and /proc are the tree `root/`.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from ktizo.providers.base import RescueLogin
from ktizo.providers.rescue import keys
from ktizo.providers.rescue.keys import KeyPair

SSHD = shutil.which("sshd", path=f"{os.defpath}:/usr/sbin:/sbin")
USER = pwd.getpwuid(os.getuid()).pw_name
SOON_S = 20.0
GOODBYE = ("Connection closed", "Connection reset", "Received disconnect")
REAL = (
    "cat",
    "curl",
    "env",
    "head",
    "mktemp",
    "rm",
    "sed",
    "sh",
    "sha256sum",
    "timeout",
    "tr",
    "true",
)
MAC, OTHER_MAC = "52:54:00:aa:bb:cc", "52:54:00:aa:bb:dd"
UUID = "4c4c4544-0042-3510-8052-b4c04f4d3132"
MOUNTS = """\
sysfs /sys sysfs rw 0 0
udev /dev devtmpfs rw 0 0
192.0.2.1:/nfs /root/.oldroot/nfs nfs ro 0 0
overlay / overlay rw,lowerdir=/nfsroot,upperdir=/ramfs/root 0 0
tmpfs /run tmpfs rw 0 0
/dev/loop0 /usr/share/more squashfs ro 0 0
"""
NOTE = """\
for one in {name} "$@"; do printf '%s\\037' "$one"; done >>{calls}
printf '\\n' >>{calls}
"""
TOOLS = {
    "id": "echo 0",
    "uname": "echo x86_64",
    "ip": "echo 'default via 192.0.2.1 dev eth0 proto dhcp metric 100'",
    "stat": "echo tmpfs",
    "df": "printf 'Filesystem 1024-blocks Used Available Capacity Mounted on\\n"
    "tmpfs 16000000 0 16000000 0%% /run\\n'",
    "kexec": 'case "$1" in -e) exec curl -s {web}/left ;; -l) sha256sum "$2" >>{loaded} ;; esac',
    "sleep": "exec curl -s {web}/asleep",
    "setsid": 'exec {setsid} "$@"',
    "apt-get": "exit 100",
    "sudo": '[ "$1" = -n ] && shift; exec "$@"',
}
CONFIG = """\
ListenAddress {at}:{port}
HostKey {dir}/host_key
PidFile none
AuthorizedKeysFile {dir}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
ForceCommand {dir}/door
LogLevel DEBUG1
"""


def descendants(pid: int) -> list[int]:
    """Return every process that `pid` started, and theirs."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, left = [], [pid]
    while left:
        children = parents.get(left.pop(), [])
        found += children
        left += children
    return found


class Log:
    """What sshd says, as it says it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._lines: list[str] = []
        self._more = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._follow, args=(process,), daemon=True)
        self._thread.start()

    def _follow(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            with self._more:
                self._lines.append(line)
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    @property
    def text(self) -> str:
        with self._more:
            return "".join(self._lines)

    def until(self, *words: str) -> str:
        """Wait for one of `words`, and return all that was said; empty when it ended before."""
        with self._more:
            self._more.wait_for(
                lambda: self._ended or any(w in line for w in words for line in self._lines), SOON_S
            )
            said = "".join(self._lines)
        return said if any(word in said for word in words) else ""


class Machine:
    """One rescue system. `key` may log in; `web` is where the files are fetched from."""

    def __init__(self, folder: Path, web: str, at: str = "127.0.0.1") -> None:
        self.folder, self.web, self.at = folder, web, at
        self.key = keys.make("test")
        self.host: KeyPair = keys.make("host")
        self.port = 0
        self._process: subprocess.Popen[str] | None = None
        self._make_tools()
        self._make_tree()
        self.write("authorized_keys", self.key.public + "\n")
        door = f'exec /usr/bin/env -i PATH={folder}/bin /bin/sh -c "$SSH_ORIGINAL_COMMAND"\n'
        self.write("door", f"#!/bin/sh\n{door}").chmod(0o755)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def tool(self, name: str, script: str) -> None:
        """Replace a tool; it writes down its arguments first."""
        note = NOTE.format(name=name, calls=self.folder / "calls")
        (self.folder / "bin" / name).unlink(missing_ok=True)
        self.write(f"bin/{name}", f"#!/bin/sh\n{note}{script}\n").chmod(0o755)

    def without(self, name: str) -> None:
        (self.folder / "bin" / name).unlink()

    def _make_tools(self) -> None:
        for name in REAL:
            found = shutil.which(name)
            assert found, f"no {name} here"
            self.write(f"bin/{name}", "").unlink()
            (self.folder / "bin" / name).symlink_to(found)
        setsid, loaded = shutil.which("setsid"), self.folder / "loaded"
        for name, script in TOOLS.items():
            made = script.format(web=self.web, loaded=loaded, setsid=setsid)
            self.tool(name, made if "%%" not in script else script)
        self.tool("curl", f'exec {shutil.which("curl")} "$@"')
        (self.folder / "memory").mkdir()

    def _make_tree(self) -> None:
        dmi, net = "root/sys/class/dmi/id", "root/sys/class/net"
        self.write(f"{dmi}/product_uuid", UUID.upper() + "\n")
        self.write(f"{dmi}/product_serial", "ABC123\n")
        self.write(f"{dmi}/sys_vendor", "Example\tInc.  \n")
        self.write(f"{dmi}/product_name", "X1\nkernel=evil\n")
        self.write(f"{dmi}/chassis_asset_tag", "\n")
        for name, mac in (("eth0", MAC), ("eth1", OTHER_MAC)):
            self.write(f"{net}/{name}/address", f"{mac}\n")
            self.write(f"{net}/{name}/device", "")
        self.write(f"{net}/lo/address", "00:00:00:00:00:00\n")
        self.write("root/proc/meminfo", "MemTotal:       65842132 kB\nMemFree: 1 kB\n")
        self.write("root/proc/self/mounts", MOUNTS)

    @property
    def root(self) -> str:
        return str(self.folder / "root")

    @property
    def memory(self) -> Path:
        """The folder that stands for /run."""
        return self.folder / "memory"

    @property
    def host_key(self) -> str:
        return keys.sha256(keys.blob(self.host.public))

    def login(self, *host_keys: str) -> RescueLogin:
        return RescueLogin(address=self.at, user=USER, host_keys=host_keys)

    def calls(self, name: str) -> list[list[str]]:
        """Return the arguments of every call of a stand-in."""
        path = self.folder / "calls"
        lines = path.read_text().split("\n") if path.exists() else []
        asked = [line.split("\x1f")[:-1] for line in lines if line]
        return [one[1:] for one in asked if one[0] == name]

    def start(self) -> None:
        """Let sshd listen; ports may be taken between the choice and the start."""
        self.write("host_key", self.host.private).chmod(0o600)
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd as root insists
        for _ in range(5):
            with socket.create_server((self.at, 0)) as free:
                self.port = free.getsockname()[1]
            config = self.write(
                "sshd_config", CONFIG.format(at=self.at, port=self.port, dir=self.folder)
            )
            self._process = subprocess.Popen(
                [str(SSHD), "-D", "-e", "-f", str(config)], stderr=subprocess.PIPE, text=True
            )
            self.log = Log(self._process)
            if self.log.until("Server listening on"):
                return
            self.stop()
        pytest.fail(f"sshd does not start: {self.log.text}")

    def stop(self) -> None:
        """End sshd and whatever it still serves, by their ids: each holds the pipe of its log."""
        if self._process is None:
            return
        served = descendants(self._process.pid)
        self._process.terminate()
        self._process.wait(SOON_S)
        for pid in served:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert self._process.stderr is not None
        self.log._thread.join(SOON_S)
        with contextlib.suppress(OSError):
            self._process.stderr.close()
        self._process = None

    def restart(self, host: KeyPair) -> None:
        """Boot again, as a system with another host key."""
        self.stop()
        self.host = host
        self.start()
