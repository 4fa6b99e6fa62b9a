"""Passwords: argon2id with the parameters of RFC 9106 for little memory, by argon2-cffi.

One hash takes 64 MiB and a tenth of a second of every core, so few are made at a time, and when
too many wait the next one is told to come back.
"""

import asyncio
import unicodedata
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ktizo.core.errors import Unavailable

SHORTEST, LONGEST = 12, 1024  # characters
AT_ONCE = 2
WAITING = 20

P = ParamSpec("P")
R = TypeVar("R")


class TooBusy(Unavailable):
    """Many sign in at this moment, or somebody guesses from many addresses."""


class Passwords:
    """Hashes and checks, in threads."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        self._dummy: str | None = None

    async def hash(self, password: str) -> str:
        """Return what is stored of `password`."""
        return await self._in_turn(self._hash, password)

    async def fits(self, password: str, stored: str | None) -> bool:
        """Say whether `stored` was made of `password`.

        Without `stored` (nobody has that name) as much work is done, and the answer is no: how long
        it takes must not tell who exists.
        """
        return await self._in_turn(self._fits, password, stored)

    def outdated(self, stored: str) -> bool:
        """Say whether `stored` was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    async def _in_turn(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        if self._waiting >= WAITING:
            raise TooBusy("too many sign in at once; try again in a moment")
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work, *args, **kwargs)
        finally:
            self._waiting -= 1

    def _hash(self, password: str) -> str:
        return self._hasher.hash(_bytes(password))

    def _fits(self, password: str, stored: str | None) -> bool:
        if self._dummy is None:
            self._dummy = self._hasher.hash(b"nobody")
        try:
            return self._hasher.verify(stored or self._dummy, _bytes(password)) and bool(stored)
        except (VerificationError, InvalidHashError):
            return False


def _bytes(password: str) -> bytes:
    """Return the bytes that are hashed: keyboards differ in how they compose an accent."""
    return unicodedata.normalize("NFC", password).encode()
