"""The kernel command line of a network boot: the build's own, then what one machine needs.

The build's own is the factory's cmdline file: it knows what this version of Talos insists on, and
holds the schematic's extra arguments. Nobody has to log in to read the line (`/proc/cmdline`; Talos
shows it in maintenance mode to whoever asks), so nothing on it may be worth stealing tomorrow.

What Talos insists on: `slab_nomerge` without a value, `pti=on` and the platform, or it reboots
(reference talos.md 8). The limit is the kernel's 2046 bytes, not the 4096 once documented.
"""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

from ktizo.core.cmdline import CommandLineRefused, one_line

INITRDS = 1  # a network boot of Talos has one
# Arguments of Talos that may stand several times; of all others under `talos.` it reads one.
_REPEAT = frozenset({"talos.environment", "talos.network.interface.ignore"})
_UNREADABLE = frozenset({"talos.config.inline", "talos.config.early"})
_SECRET_NAME = re.compile(r"(?i)(password|passwd|passphrase|secret|token|api_?key|private_?key)")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)


class LastingSecret(CommandLineRefused):
    """An argument holds what would still open something when the machine runs."""


def command_line(of_build: str, of_device: Iterable[str] = ()) -> str:
    """Return the one line for a machine; raises CommandLineRefused or LastingSecret.

    `of_build`: the text of the build's cmdline file. `of_device`: further arguments. One of Talos'
    own takes the place of the build's; `-name` takes every argument of that name away, as in a
    schematic; all others are added.
    """
    arguments = of_build.split()
    for argument in of_device:
        arguments = _with(arguments, argument)
    _insist(arguments)
    for argument in arguments:
        if reason := lasting_secret(argument):
            raise LastingSecret(f"{_name(argument)} cannot be on the command line: {reason}")
    return one_line(" ".join(arguments), initrds=INITRDS)


def lasting_secret(argument: str) -> str | None:
    """Return why an argument may not be where everyone can read it; None when it may."""
    name, _, value = argument.partition("=")
    if name in _UNREADABLE:
        return "it carries a whole config, and anybody on the network can read the line"
    if value and _SECRET_NAME.search(name):
        return "it looks like a password or key, and anybody on the network can read the line"
    return next(filter(None, map(_secret_in_address, _URL.findall(value))), None)


def _secret_in_address(address: str) -> str | None:
    try:
        url = urlsplit(address)
    except ValueError:
        return "its address cannot be read"
    if "@" in url.netloc:
        return "its address holds a user or password"
    for key, given in parse_qsl(url.query):
        if given and _SECRET_NAME.search(key):
            return f"its address holds a lasting {key}"
    return None


def _name(argument: str) -> str:
    return argument.partition("=")[0]


def _with(arguments: list[str], argument: str) -> list[str]:
    if argument.split() != [argument]:
        raise CommandLineRefused(f"{argument!r} is not one argument")
    if argument.startswith("-"):
        return [one for one in arguments if _name(one) != argument[1:]]
    if argument in arguments:
        return arguments
    name = _name(argument)
    if name.startswith("talos.") and name not in _REPEAT:
        arguments = [one for one in arguments if _name(one) != name]
    return [*arguments, argument]


def _insist(arguments: list[str]) -> None:
    platforms = [one for one in arguments if _name(one) == "talos.platform"]
    if platforms != ["talos.platform=metal"]:
        raise CommandLineRefused("talos.platform=metal must be there, once; is it a metal build?")
    for needed in ("slab_nomerge", "pti=on"):
        if [one for one in arguments if _name(one) == _name(needed)] != [needed]:
            raise CommandLineRefused(f"{needed} must be there, as it is, or Talos restarts")
