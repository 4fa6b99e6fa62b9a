"""Slowing down who guesses tokens or passwords."""

import time
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from ktizo.accounts.people.person import key
from ktizo.core.errors import TooManyRequests, Unauthenticated

TRIES = RateLimitItemPerMinute(10)
OF_A_NAME = RateLimitItemPerMinute(30)
OF_A_PAIR = RateLimitItemPerMinute(1)


class TokenMissing(Unauthenticated):
    """No token came with the request."""


class TokenRefused(Unauthenticated):
    """A token came, and it is unknown, expired or revoked."""


class TooManyFailedTries(TooManyRequests):
    """This address tries tokens."""


class TooManyTries(TooManyRequests):
    """Somebody tries passwords."""


class FailedTries:
    """Counts failed tries of each address, in memory, for a minute."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def note(self, address: str) -> bool:
        """Count one failed try; True while the address is within its limit."""
        return await self._limiter.hit(TRIES, who(address))


class SignInTries:
    """Counts tries of passwords, per address and per name, in memory, for a minute.

    An address has ten. A name that is tried more often than thirty times, from wherever, is under
    attack: then every address has one try on it instead of ten. So many addresses together gain
    little, and who knows the password and comes from elsewhere is never locked out.
    """

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def take(self, address: str, name: str) -> None:
        """Count one try, before it is made: many at once are many. Raises TooManyTries."""
        limiter, place, whose = self._limiter, who(address), key(name)
        if not await limiter.hit(TRIES, "address", place):
            raise await self._refusal(TRIES, "address", place)
        calm = await limiter.hit(OF_A_NAME, "name", whose)
        first = await limiter.hit(OF_A_PAIR, "pair", place, whose)
        if not calm and not first:
            raise await self._refusal(OF_A_PAIR, "pair", place, whose)

    async def give_back(self, address: str, name: str) -> None:
        """Take the try back: the password was right."""
        limiter, place, whose = self._limiter, who(address), key(name)
        await limiter.hit(TRIES, "address", place, cost=-1)
        await limiter.hit(OF_A_NAME, "name", whose, cost=-1)
        await limiter.hit(OF_A_PAIR, "pair", place, whose, cost=-1)

    async def _refusal(self, item: RateLimitItem, *keys: str) -> TooManyTries:
        window = await self._limiter.get_window_stats(item, *keys)
        wait_s = max(1, round(window.reset_time - time.time()))
        return TooManyTries(f"too many tries; wait {wait_s} s", retry_after_s=wait_s)


def who(address: str) -> str:
    """Return what is counted: an IPv4 address, or the /64 an IPv6 host can pick addresses from."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or int(parsed) >> 64)
    return str(parsed)
