"""Who is let in, who is talked to, and how long; against a real sshd."""

import asyncio
import logging
from pathlib import Path
from shlex import quote

import asyncssh
import pytest

from ktizo.providers.base import RescueLogin
from ktizo.providers.errors import CredentialsRefused, Failed, ProviderAway
from ktizo.providers.rescue import keys
from ktizo.providers.rescue.shell import (
    HostKeyWrong,
    LoginRefused,
    NotRoot,
    OutOfBounds,
    Shell,
    open_shell,
)

from .machine import GOODBYE, SOON_S, Machine
from .web import Web

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]

LOOPBACK = RescueLogin(address="127.0.0.1")
OTHER = keys.make("other")
OTHER_SHA256 = keys.sha256(keys.blob(OTHER.public))


# --- host keys


async def test_a_wrong_host_key_ends_it_before_anything_of_ours_is_sent(machine: Machine) -> None:
    with pytest.raises(HostKeyWrong) as raised:
        await open_shell(machine.login(OTHER_SHA256), machine.key.private, port=machine.port)
    assert machine.host_key in str(raised.value)
    assert OTHER_SHA256 in str(raised.value)
    said = machine.log.until(*GOODBYE)
    assert said
    assert "userauth-request" not in said
    assert "Accepted" not in said
    assert machine.calls("id") == []


async def test_a_host_key_is_known_by_either_fingerprint(machine: Machine) -> None:
    blob = keys.blob(machine.host.public)
    md5 = keys.md5(blob)
    for told in (keys.sha256(blob), md5, f"MD5:{md5.upper()}", f"256 MD5:{md5} x (ED25519)"):
        for known in (machine.login(OTHER_SHA256, told), machine.login()):
            pinned = () if known.host_keys else (told,)
            async with await open_shell(
                known, machine.key.private, pinned=pinned, port=machine.port
            ) as shell:
                assert shell.host_key == machine.host_key


async def test_an_unknown_host_key_is_pinned_at_first_and_refused_when_it_changes(
    machine: Machine,
) -> None:
    login = machine.login()
    async with await open_shell(login, machine.key.private, port=machine.port) as shell:
        pin = shell.host_key
    machine.restart(OTHER)
    with pytest.raises(HostKeyWrong) as raised:
        await open_shell(login, machine.key.private, pinned=(pin,), port=machine.port)
    assert pin in str(raised.value)
    assert OTHER_SHA256 in str(raised.value)
    assert "userauth-request" not in machine.log.until(*GOODBYE)


@pytest.mark.parametrize("told", ["", "SHA256:short", "trust me", "aa:bb", "*"])
async def test_a_fingerprint_that_cannot_be_read_lets_nobody_in(
    machine: Machine, told: str
) -> None:
    with pytest.raises(HostKeyWrong):
        await open_shell(machine.login(told), machine.key.private, port=machine.port)


# --- logging in


async def test_a_key_that_is_not_let_in_is_no_matter_of_the_account(machine: Machine) -> None:
    with pytest.raises(LoginRefused, match="does not take our key") as raised:
        await open_shell(machine.login(machine.host_key), OTHER.private, port=machine.port)
    assert not isinstance(raised.value, CredentialsRefused)


async def test_only_the_given_key_is_tried(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh/id_ed25519").write_text(machine.key.private)
    (home / ".ssh/id_ed25519").chmod(0o600)
    (home / ".ssh/config").write_text("Host *\n  ProxyCommand false\n  Port 1\n")
    (home / ".ssh/known_hosts").write_text(f"* {OTHER.public}\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(home / "agent"))
    with pytest.raises(LoginRefused):
        await open_shell(machine.login(), OTHER.private, port=machine.port)
    said = machine.log.until(*GOODBYE)
    assert OTHER_SHA256 in said
    assert keys.sha256(keys.blob(machine.key.public)) not in said


async def test_a_server_that_lets_anybody_in_is_not_the_rescue_system() -> None:
    class Open(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return False

    host = asyncssh.import_private_key(keys.make().private)
    async with asyncssh.listen("127.0.0.1", 0, server_factory=Open, server_host_keys=[host]) as up:
        with pytest.raises(LoginRefused):
            await open_shell(LOOPBACK, OTHER.private, port=up.get_port())


async def test_a_machine_that_is_not_up_yet_is_asked_again_later(machine: Machine) -> None:
    machine.stop()
    with pytest.raises(ProviderAway, match="yet"):
        await open_shell(machine.login(), machine.key.private, port=machine.port)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"", ProviderAway),  # it says nothing, for ever
        (b"HTTP/1.0 400 no\r\n\r\n" * 2000, Failed),
        (b"SSH-2.0-x\r\n" + b"\xff" * 70_000, Failed),
        (b"SSH-1.0-old\r\n", Failed),
    ],
)
async def test_whatever_answers_there_is_one_of_our_errors(
    said: bytes, error: type[Exception]
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await reader.read()  # until the other side goes
        writer.close()
        gone.set()

    gone = asyncio.Event()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(error):
        await open_shell(LOOPBACK, OTHER.private, port=port, timeout_s=0.5)
    await asyncio.wait_for(gone.wait(), SOON_S)
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    "login",
    [
        RescueLogin(address=""),
        RescueLogin(address="rescue.example"),
        RescueLogin(address="127.0.0.1", user="-oProxyCommand=x"),
        RescueLogin(address="127.0.0.1", user="root\n"),
    ],
)
async def test_a_login_that_is_none_is_not_tried(login: RescueLogin) -> None:
    with pytest.raises(Failed, match="the provider tells no"):
        await open_shell(login, OTHER.private)


# --- running


async def test_a_script_is_run_as_it_is_and_never_seen_in_ps(shell: Shell) -> None:
    secret = "s3cret'\"$x"
    script = f"tr '\\000' ' ' </proc/$$/cmdline\nprintf %s {quote(secret)}\n"
    said = await shell.run(script, timeout_s=20)
    assert said.text == f"sh -s {secret}"
    assert said.status == 0
    assert (await shell.run("echo no >&2; exit 7", timeout_s=20)).status == 7


async def test_a_user_becomes_root_by_sudo(machine: Machine, shell: Shell) -> None:
    machine.tool("id", "echo 1000")
    assert (await shell.run("echo yes", timeout_s=20)).text == "yes\n"
    assert machine.calls("sudo") == [["-n", "true"], ["-n", "sh", "-s"]]
    machine.tool("sudo", "exit 1")
    with pytest.raises(NotRoot, match="sudo"):
        await shell.run("echo yes", timeout_s=20)


async def test_a_command_that_hangs_ends_and_with_it_the_session(
    machine: Machine, web: Web, shell: Shell
) -> None:
    web.paths["/hang"] = (asyncio.Event(), b"")
    with pytest.raises(OutOfBounds, match="within"):
        await shell.run(f"exec curl -s {web.url}/hang", timeout_s=0.3)
    with pytest.raises(ProviderAway):
        await shell.run("echo again", timeout_s=20)


async def test_endless_output_ends(shell: Shell) -> None:
    with pytest.raises(OutOfBounds, match="more than 1000 bytes"):
        await shell.run("while :; do echo yes; done", timeout_s=20, most=1000)


async def test_endless_errors_are_thrown_away(shell: Shell) -> None:
    with pytest.raises(OutOfBounds, match="within"):
        await shell.run("while :; do echo no >&2; done", timeout_s=0.3)


async def test_a_session_that_breaks_is_a_matter_of_trying_again() -> None:
    class Taking(asyncssh.SSHServer):
        def public_key_auth_supported(self) -> bool:
            return True

        def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
            return True

    def breaking(process: asyncssh.SSHServerProcess[bytes]) -> None:
        process.channel.get_connection().abort()

    host = asyncssh.import_private_key(keys.make().private)
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=Taking,
        server_host_keys=[host],
        process_factory=breaking,
        encoding=None,
    )
    shell = await open_shell(LOOPBACK, OTHER.private, port=server.get_port())
    async with server, shell:
        with pytest.raises(ProviderAway, match="broke"):
            await shell.run("echo yes", timeout_s=20)


async def test_neither_the_key_nor_a_script_is_ever_shown(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with await open_shell(machine.login(), machine.key.private, port=machine.port) as shell:
        await shell.run("echo one-time-secret >/dev/null", timeout_s=20)
        shown = f"{shell!r} {machine.key!r} {caplog.text}"
    assert "one-time-secret" not in shown
    for line in machine.key.private.splitlines()[1:-1]:
        assert line not in shown
