"""A LAN in network namespaces, with the test itself standing on the appliance.

The test's own thread enters the appliance's namespace, so the product needs no test hook: its
children and its sockets are simply there.
"""

import contextlib
import ctypes
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.net import Lan

CLONE_NEWNET = 0x40000000  # <linux/sched.h>


def skip_without_rights() -> None:
    """Skip, with the reason, where namespaces cannot be made or dnsmasq is missing."""
    if os.geteuid() != 0:
        pytest.skip("needs root: network namespaces")
    for program in ("ip", "dnsmasq", "ethtool"):
        if shutil.which(program) is None:
            pytest.skip(f"needs the program {program}")


@contextlib.contextmanager
def standing_on(lan: Lan, host: str) -> Iterator[None]:
    """Put the calling thread, and all it starts, on `host`."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(Path("/run/netns", lan.namespace(host)), os.O_RDONLY)
    try:
        assert libc.setns(there, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        yield
    finally:
        assert libc.setns(home, CLONE_NEWNET) == 0
        os.close(there)
        os.close(home)
