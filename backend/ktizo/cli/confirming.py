"""What costs or erases is confirmed word for word: with --confirm, or typed at a terminal."""

import shlex
from typing import Annotated

import typer

from ktizo.cli import show
from ktizo.cli.client import fail
from ktizo.cli.terminal import at_terminal, tell, typed

Confirm = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="What it costs or erases, word for word; default: ask."),
]


def confirmed(echo: str, *, nothing: str) -> str:
    """Return `echo` once somebody typed it; ends the command when nobody does.

    `nothing` says what has not happened then.
    """
    if not at_terminal():
        fail(f"{nothing}; to confirm it, add --confirm {shlex.quote(show.printable(echo))}")
    tell("To confirm, type or paste this line:")
    tell(f"  {echo}")
    if typed(">") != echo:
        fail(f"that is another text; {nothing}")
    return echo
