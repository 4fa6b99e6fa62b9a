"""Can a machine out there reach this Ktizo? Asked before money is spent.

Seen from inside: whether there is a public URL, whether its name leads to an address of the
internet, and whether this very Ktizo answers there. That a provider's network is let in as well,
only its machine shows.
"""

import asyncio
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPMethod
from ipaddress import ip_address
from urllib.parse import urlsplit

from ktizo.core.errors import Conflict, KtizoError
from ktizo.core.http import Http
from ktizo.providers.base import Capability, Declaration
from ktizo.providers.doors import Doors
from ktizo.provisioning.schemas import Reachability

LOOK_S = 10.0
Resolve = Callable[[str], Awaitable[Sequence[str]]]
# Whose machines ask Ktizo for what they boot; the others are asked by it.
ASKING = frozenset(
    {Capability.IPXE_AT_CREATE, Capability.IPXE_REINSTALL, Capability.NEEDS_SSH_RESCUE}
)
NO_URL = (
    "KTIZO_PUBLIC_URL is not set, and a rented machine reaches Ktizo over the internet only: set it"
    " to a URL that leads to this Ktizo from outside, such as http://boot.example.org:8000"
    " (docs/providers/README.md)"
)


class Unreachable(Conflict):
    """Ktizo cannot be reached from outside, so a rented machine would boot nothing."""


async def resolved(host: str) -> Sequence[str]:
    """Return the addresses of a name."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return sorted({str(one[4][0]) for one in found})


def needed(declaration: Declaration) -> bool:
    """Say whether this provider's machines ask Ktizo for anything."""
    return bool(ASKING & declaration.capabilities)


async def look(doors: Doors, http: Http, resolve: Resolve = resolved) -> Reachability:
    """Return what can be seen of it from here; never raises."""
    url = doors.public_url
    if url is None:
        return Reachability(ok=False, url=None, problem=NO_URL, certain=True)
    host = urlsplit(url).hostname or ""
    problem = await _address_problem(host, resolve)
    if problem:
        return Reachability(ok=False, url=url, problem=problem, certain=True)
    problem = await _answer_problem(doors, http)
    return Reachability(ok=not problem, url=url, problem=problem, certain=False)


async def _address_problem(host: str, resolve: Resolve) -> str:
    try:
        async with asyncio.timeout(LOOK_S):
            addresses = await resolve(host)
    except TimeoutError:
        return f"nobody says which address {host} has; look at KTIZO_PUBLIC_URL and at DNS"
    except (OSError, UnicodeError) as error:  # a name that DNS could not even be asked for
        why = getattr(error, "strerror", None) or "unknown"
        return f"{host} has no address ({why}); look at KTIZO_PUBLIC_URL"
    if not any(_is_public(one) for one in addresses):
        told = ", ".join(addresses[:4]) or "nowhere"
        return (
            f"{host} is {told}, which nobody on the internet reaches; KTIZO_PUBLIC_URL has to lead"
            " here from outside"
        )
    return ""


def _is_public(text: str) -> bool:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return address.is_global and not address.is_multicast


async def _answer_problem(doors: Doors, http: Http) -> str:
    nonce = secrets.token_hex(16)
    try:
        answer = await http.ask(
            HTTPMethod.GET, doors.probe(nonce), read_s=LOOK_S, total_s=2 * LOOK_S
        )
    except KtizoError as error:
        return (
            f"Ktizo does not reach itself at {doors.public_url}: {error.message}; look at the port"
            " forwarding. Where the router only keeps its own LAN out, order with `unreached`"
        )
    if not secrets.compare_digest(answer.body.strip(), doors.proof(nonce).encode()):
        return (
            f"somebody else answers at {doors.public_url}; look at the port forwarding and the"
            " reverse proxy: /boot/at/ has to come here"
        )
    return ""


def insist(found: Reachability, *, unreached: bool) -> None:
    """Raise Unreachable unless a machine may be expected to get here."""
    if not found.ok and (found.certain or not unreached):
        raise Unreachable(found.problem)
