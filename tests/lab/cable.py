"""A network cable that hides iPXE: all PXE ROMs of QEMU are iPXE, those of the world are not."""

import contextlib
import fcntl
import os
import select
import socket
import struct
import threading
from pathlib import Path

from .net import Lan

# <linux/if_tun.h>
_TUNSETIFF = 0x400454CA
_IFF_TAP_NO_PI = 0x0002 | 0x1000

_ETHERNET, _UDP, _TFTP = 14, 17, 69
_DHCP_SERVERS = (67, 4011)
_OPTIONS = 240  # bytes of a DHCP message before its options, with the magic cookie
_USER_CLASS, _IPXE, _END, _PAD = 77, 175, 255, 0
_SITE_LOCAL = 224  # RFC 3942: an option nobody looks at


class Cable:
    """Frames between a machine and the bridge; up to its first TFTP request it never says "iPXE".

    The ROM's DHCP messages have option 175 and the user class renamed to a site-local option, so
    that servers see a plain PXE client. From the first TFTP request on (the loader that came is
    undionly.kpxe) nothing is changed.
    """

    def __init__(self, lan: Lan, folder: Path) -> None:
        """Plug the far end into the bridge of `lan`."""
        self._name = lan.new_tap()
        self._tap = lan.call("lan", self._open_tap)
        self._ours, self._theirs = folder / "cable.sock", folder / "machine.sock"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._ours))
        self._hiding = True
        self._hangup_reader, self._hangup = os.pipe()
        self._thread = threading.Thread(target=self._carry, name=f"cable {self._name}", daemon=True)
        self._thread.start()

    @property
    def netdev(self) -> str:
        """QEMU's -netdev, without its id."""
        return (
            f"dgram,local.type=unix,local.path={self._theirs},"
            f"remote.type=unix,remote.path={self._ours}"
        )

    def replug(self) -> None:
        """Start hiding again: the machine is about to be switched on."""
        self._hiding = True
        self._theirs.unlink(missing_ok=True)

    def close(self) -> None:
        """Unplug."""
        os.write(self._hangup, b"x")
        self._thread.join()
        self._socket.close()
        for descriptor in (self._tap, self._hangup, self._hangup_reader):
            os.close(descriptor)

    def _open_tap(self) -> int:
        tap = os.open("/dev/net/tun", os.O_RDWR)
        request = struct.pack("16sH22x", self._name.encode(), _IFF_TAP_NO_PI)
        fcntl.ioctl(tap, _TUNSETIFF, request)
        return tap

    def _carry(self) -> None:
        ends: list[int | socket.socket] = [self._tap, self._socket, self._hangup_reader]
        while True:
            ready, _, _ = select.select(ends, [], [])
            if self._hangup_reader in ready:
                return
            if self._socket in ready:
                os.write(self._tap, self._from_machine(self._socket.recv(65536)))
            if self._tap in ready:
                frame = os.read(self._tap, 65536)
                # The machine is off, or its queue is full: a frame is lost, as on a real wire.
                with contextlib.suppress(OSError):
                    self._socket.sendto(frame, str(self._theirs))

    def _from_machine(self, frame: bytes) -> bytes:
        if not self._hiding or frame[12:14] != b"\x08\x00" or frame[_ETHERNET + 9] != _UDP:
            return frame
        udp = _ETHERNET + (frame[_ETHERNET] & 15) * 4
        to_port = int.from_bytes(frame[udp + 2 : udp + 4])
        if to_port == _TFTP:
            self._hiding = False
        if to_port not in _DHCP_SERVERS:
            return frame
        return plain_pxe(frame, udp)


def plain_pxe(frame: bytes, udp: int) -> bytes:
    """Return the DHCP message in `frame` (UDP header at `udp`) without iPXE's own options."""
    changed = bytearray(frame)
    changed[udp + 6 : udp + 8] = b"\0\0"  # no checksum: allowed in IPv4, and it would be wrong
    at = udp + 8 + _OPTIONS
    while at < len(changed) and changed[at] != _END:
        if changed[at] in (_USER_CLASS, _IPXE):
            changed[at] = _SITE_LOCAL
        at += 1 if changed[at] == _PAD else 2 + changed[at + 1]
    return bytes(changed)
