"""What can go wrong with another server, sorted by what can be done about it.

Unavailable           503
└── UpstreamAway           no answer, or 429, 502, 503, 504 to the end: try again later
BadGateway            502
├── UpstreamRefused        401, 402, 403: look at the token, or at what it may do
└── UpstreamBroken         500, nonsense, too much: look at the address, or tell its operators
NotFound              404
└── UpstreamHasNot         404, 410
Invalid               422
└── UpstreamRejected       400 and every other 4xx: change what was asked for
"""

from ktizo.core.errors import BadGateway, Invalid, KtizoError, NotFound, Unavailable

TRY_AGAIN = frozenset({429, 502, 503, 504})


class UpstreamAway(Unavailable):
    """The other server does not answer, or says that it cannot now."""

    wait_s = 0.0  # what it asked us to wait (Retry-After)


class UpstreamRefused(BadGateway):
    """The other server does not let us."""


class UpstreamBroken(BadGateway):
    """The other server's answer cannot be used."""


class UpstreamHasNot(NotFound):
    """The other server has no such thing."""


class UpstreamRejected(Invalid):
    """The other server does not accept what was sent."""


def words(text: str) -> str:
    """Return the first words of what a server said, fit for a message."""
    return "".join(c if c.isprintable() else " " for c in text.strip()[:200])


def error_for(status: int, said: str, wait_s: float) -> KtizoError:
    """Return the error for an answer. `said`: who answered what; `wait_s`: its Retry-After."""
    if status in TRY_AGAIN:
        away = UpstreamAway(f"{said}; try again later", status=status)
        away.wait_s = wait_s
        return away
    if status in {401, 402, 403}:
        return UpstreamRefused(f"{said}; look at the token set for it", status=status)
    if status in {404, 410}:
        return UpstreamHasNot(said, status=status)
    if 400 <= status < 500:
        return UpstreamRejected(said, status=status)
    return UpstreamBroken(f"{said}; its own log says more", status=status)
