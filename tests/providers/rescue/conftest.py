"""A machine that is up, and the web server it fetches from."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ktizo.providers.rescue.shell import LoginRefused, Shell, open_shell

from .machine import SSHD, Machine
from .web import Web


@pytest.fixture
async def web(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Web]:
    async with Web() as serving:
        yield serving


@pytest.fixture
async def machine(tmp_path: Path, web: Web) -> AsyncIterator[Machine]:
    if SSHD is None:
        pytest.skip("needs sshd: Debian's openssh-server (scripts/packages.sh)")
    made = Machine(tmp_path / "machine", web.url)
    try:
        made.start()
        if os.getuid() != 0:
            await _skip_where_the_user_is_locked(made)
        yield made
    finally:
        made.stop()


async def _skip_where_the_user_is_locked(machine: Machine) -> None:
    """Without PAM, sshd lets nobody in whose password field begins with "!"; keys or not."""
    try:
        shell = await open_shell(machine.login(), machine.key.private, port=machine.port)
    except LoginRefused:
        locked = machine.log.until("account is locked", "Failed publickey")
        if "account is locked" not in locked:
            raise
        pytest.skip("sshd does not let this user in: its account is locked")
    await shell.close()
    machine.stop()
    machine.start()  # with nothing in its log


@pytest.fixture
async def shell(machine: Machine) -> AsyncIterator[Shell]:
    login = machine.login(machine.host_key)
    async with await open_shell(login, machine.key.private, port=machine.port) as opened:
        yield opened
