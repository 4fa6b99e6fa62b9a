"""Boot paths of rented servers: unguessable, one server's alone, and a new one for every reinstall.

A path is `/boot/at/<token>`; what a machine asks follows it, as `/boot/at/<token>/boot/menu.ipxe`.
The token names the server by its tag, and which path of it this is, and is signed: a stranger's
guess costs one HMAC and no look into the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ktizo.core import urls
from ktizo.core.tokens import sign, verify

PURPOSE, PROBE = "boot-door", "boot-probe"


@dataclass(frozen=True, slots=True)
class DoorFacts:
    """The boot path of a server. `macs`: its cards as the provider tells them; empty: it does not.

    `base`: how its machine reaches Ktizo, path included.
    """

    server_id: int
    macs: tuple[str, ...] = ()
    base: str = ""


class Doors:
    """Makes boot paths under one key, and reads those made under an older one as well.

    A provider keeps the path it was given: a rotation must not shut out a server on its way.
    """

    def __init__(self, key: bytes, public_url: str | None, older: Sequence[bytes] = ()) -> None:
        self._key = key
        self._older = tuple(older)
        self.public_url = public_url

    def base(self, tag: str, number: int) -> str:
        """Return where a server's machine paths begin, as a whole URL."""
        return f"{self.public_url or ''}{urls.door(sign(self._key, PURPOSE, tag, number))}"

    def boot_url(self, tag: str, number: int) -> str:
        """Return what a provider's iPXE is to chain to. A secret."""
        return self.base(tag, number) + urls.BOOT_SCRIPT

    def read(self, token: str) -> tuple[str, int] | None:
        """Return the tag and which path of its server this is, None when it is none of ours."""
        for key in (self._key, *self._older):
            if (fields := verify(key, PURPOSE, token)) is not None:
                return fields[0], int(fields[1])
        return None

    def probe(self, nonce: str) -> str:
        """Return a whole URL of our own that only this Ktizo answers rightly."""
        return f"{self.public_url or ''}{urls.DOOR_PREFIX}{nonce}{urls.REACHED}"

    def proof(self, nonce: str) -> str:
        """Return what this Ktizo answers there."""
        return sign(self._key, PROBE, nonce)
