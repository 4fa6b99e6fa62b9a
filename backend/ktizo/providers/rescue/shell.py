"""A session on a rescue system, with whoever proves to be that machine, and bounded throughout.

The host key is looked at before anything of ours is sent: a wrong one ends the connection in the
key exchange. Only the given key is tried: no agent, no files of this machine's user, no password.

HostKeyWrong   another host key than the one that is known
LoginRefused   the machine does not take our key; the account at the provider is another matter
NotRoot        the user may not become root there
OutOfBounds    a command took too long, or said too much
"""

import asyncio
import ipaddress
import re
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import asyncssh

from ktizo.providers.base import RescueLogin
from ktizo.providers.errors import Failed, ProviderAway
from ktizo.providers.rescue import keys

CONNECT_S = 30.0
CLOSE_S = 5.0
MOST_BYTES = 256 * 1024
CHUNK = 16 * 1024
NOT_ROOT = 119
BROKE = "the connection to the rescue system broke; try again"
# Plain keys only: certificates would bring in authorities nobody pinned.
HOST_KEYS = (
    "ssh-ed25519",
    *("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    *("rsa-sha2-512", "rsa-sha2-256"),
)
USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}", re.ASCII)
# Only root may read SMBIOS and load a kernel. The script comes by stdin: `ps` never shows it.
AS_ROOT = (
    'test "$(id -u)" = 0 && exec sh -s; '
    f"sudo -n true </dev/null >/dev/null 2>&1 || exit {NOT_ROOT}; exec sudo -n sh -s"
)


class HostKeyWrong(Failed):
    """It shows another host key than the one that is known."""


class LoginRefused(Failed):
    """The rescue system does not take our key."""


class NotRoot(Failed):
    """The rescue system's user may not become root."""


class OutOfBounds(Failed):
    """A command took too long, or said too much."""


class _Door(asyncssh.SSHClient):
    """Looks at the host key. `known`: fingerprints it must be one of; none: the first is taken."""

    def __init__(self, known: tuple[str, ...]) -> None:
        self._known = known
        self.seen = ""

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Say whether to go on; asked again when the session's keys are renewed."""
        del host, addr, port
        before, self.seen = self.seen, keys.sha256(key.public_data)
        if before and before != self.seen:
            return False
        return not self._known or keys.belongs(key.public_data, self._known)


@dataclass(frozen=True, slots=True)
class Said:
    """What a script said, and how it ended; `status` -1 when it was ended by a signal."""

    status: int
    text: str


class Shell:
    """One session as root. `host_key`: the SHA-256 fingerprint it showed, to be pinned."""

    def __init__(self, connection: asyncssh.SSHClientConnection, host_key: str) -> None:
        self._connection = connection
        self.host_key = host_key

    def __repr__(self) -> str:
        return f"Shell({self.host_key})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def run(self, script: str, *, timeout_s: float, most: int = MOST_BYTES) -> Said:
        """Run a script as root; its errors are not kept, for they may repeat what is secret.

        Raises OutOfBounds (and the session is over), NotRoot or ProviderAway.
        """
        try:
            async with asyncio.timeout(timeout_s):
                said = await self._run(script, most)
        except TimeoutError:
            self._connection.abort()
            raise OutOfBounds(
                f"the rescue system did not finish within {timeout_s:.0f} s; start it again"
            ) from None
        except (asyncssh.Error, OSError):
            raise ProviderAway(BROKE) from None
        if said.status == NOT_ROOT:
            raise NotRoot(
                "the rescue system's user may not become root without a password (sudo -n);"
                " let this user do so there, or install this server by hand"
            )
        return said

    async def _run(self, script: str, most: int) -> Said:
        process = await self._connection.create_process(
            AS_ROOT, encoding=None, stderr=asyncssh.DEVNULL
        )
        process.stdin.write(script.encode())
        process.stdin.write_eof()
        found = bytearray()
        while chunk := await process.stdout.read(CHUNK):
            found += chunk
            if len(found) > most:
                self._connection.abort()
                raise OutOfBounds(
                    f"the rescue system answers with more than {most} bytes; start it again"
                )
        await process.wait_closed()
        if process.exit_status is None:  # it was not told how the command ended
            raise ProviderAway(BROKE)
        return Said(process.exit_status, found.decode(errors="replace"))

    async def close(self) -> None:
        """End the session; politely when the machine lets us, and at once when it does not."""
        self._connection.close()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._connection.wait_closed()
        except TimeoutError:
            self._connection.abort()


async def open_shell(
    login: RescueLogin,
    private_key: str,
    *,
    pinned: tuple[str, ...] = (),
    port: int = 22,
    timeout_s: float = CONNECT_S,
) -> Shell:
    """Log in with `private_key` (PEM) alone.

    The host key must be one of `login.host_keys` or `pinned` (SHA-256 or MD5). Where neither tells
    any it is taken this once: pin `Shell.host_key`. Raises HostKeyWrong, LoginRefused, ProviderAway
    while nothing answers yet, or Failed.
    """
    address = _address(login)
    known = (*login.host_keys, *pinned)
    door = _Door(known)
    try:
        async with asyncio.timeout(timeout_s):
            connection = await _connect(door, address, login.user, private_key, port)
    except asyncssh.HostKeyNotVerifiable:
        raise _wrong(address, door.seen, known) from None
    except asyncssh.PermissionDenied:
        raise LoginRefused(
            f"{address} does not take our key as {login.user}: this is not the rescue system that"
            " was started with it; start the rescue system again"
        ) from None
    except (asyncssh.ConnectionLost, OSError, TimeoutError):
        raise ProviderAway(f"{address} does not answer on SSH (yet); try again") from None
    except (asyncssh.Error, ValueError):
        raise Failed(
            f"what answers at {address} is no SSH server that Ktizo can talk to; is it the rescue"
            " system? start it again"
        ) from None
    return Shell(connection, door.seen)


def _address(login: RescueLogin) -> str:
    """Return the address; a vendor's words are neither looked up as a name nor sent as a user."""
    try:
        address = str(ipaddress.ip_address(login.address))
    except ValueError:
        raise Failed("the provider tells no IP address of the rescue system") from None
    if not USER.fullmatch(login.user):
        raise Failed("the provider tells no user of the rescue system that could be one")
    return address


async def _connect(
    door: _Door, address: str, user: str, private_key: str, port: int
) -> asyncssh.SSHClientConnection:
    return await asyncssh.connect(
        address,
        port,
        client_factory=lambda: door,
        config=None,  # this machine's ~/.ssh/config
        # A function: an empty list would stand for this user's own known_hosts.
        known_hosts=lambda _host, _address, _port: ([], [], []),
        server_host_key_algs=HOST_KEYS,
        x509_trusted_certs=None,
        username=user,
        client_keys=[asyncssh.import_private_key(private_key)],
        client_certs=(),
        agent_path=None,
        agent_forwarding=False,
        pkcs11_provider=None,
        public_key_auth=True,
        password_auth=False,
        kbdint_auth=False,
        host_based_auth=False,
        gss_kex=False,
        gss_auth=False,
        disable_trivial_auth=True,  # who lets anybody in is not the system our key was given to
        proxy_command=None,
        compression_algs=None,  # nothing of a few bytes that unpacks to gigabytes
        keepalive_interval=15,
        keepalive_count_max=4,
    )


def _wrong(address: str, seen: str, known: tuple[str, ...]) -> HostKeyWrong:
    told = ", ".join(keys.read(one) or "one that cannot be read" for one in known[:8])
    return HostKeyWrong(
        f"{address} shows the host key {seen}, and {told} was expected; nothing was sent to it."
        " Another system answers there, or somebody stands in between: start the rescue system"
        " again, and if it stays so, ask the provider",
        shown=seen,
        expected=[keys.read(one) for one in known[:8]],
    )
