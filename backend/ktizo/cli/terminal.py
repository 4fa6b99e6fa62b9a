"""Somebody who types. What is asked stands on stderr: stdout is for the answer."""

import getpass
import sys

from ktizo.cli import show
from ktizo.cli.client import USAGE, fail


def at_terminal() -> bool:
    """Say whether somebody is there to type."""
    return sys.stdin.isatty()


def tell(text: str) -> None:
    """Print a line for a person."""
    sys.stderr.write(f"{show.printable(text)}\n")


def typed(asked: str, *, unseen: bool = False) -> str:
    """Return a line that somebody types; ends the command when nothing more can come."""
    prompt = f"{show.printable(asked)} "
    if unseen:
        try:
            return getpass.getpass(prompt).strip()
        except EOFError:
            fail("nothing was typed", USAGE)
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        fail("nothing was typed", USAGE)
    return line.strip()
