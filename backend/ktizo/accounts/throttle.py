"""Slowing down who guesses tokens, per address."""

from ipaddress import IPv6Address, ip_address

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from ktizo.core.errors import TooManyRequests, Unauthenticated

TRIES = RateLimitItemPerMinute(10)


class TokenMissing(Unauthenticated):
    """No token came with the request."""


class TokenRefused(Unauthenticated):
    """A token came, and it is unknown, expired or revoked."""


class TooManyFailedTries(TooManyRequests):
    """This address tries tokens."""


class FailedTries:
    """Counts failed tries of each address, in memory, for a minute."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def note(self, address: str) -> bool:
        """Count one failed try; True while the address is within its limit."""
        return await self._limiter.hit(TRIES, who(address))


def who(address: str) -> str:
    """Return what is counted: an IPv4 address, or the /64 an IPv6 host can pick addresses from."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or int(parsed) >> 64)
    return str(parsed)
