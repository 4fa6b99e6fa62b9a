"""Somebody at a terminal: answers what the command asks, once it is asked."""

import os
import pty
import select
import subprocess
from dataclasses import dataclass

from cli.conftest import KTIZO

ASKED_WITHIN_S = 30


@dataclass(frozen=True)
class Seen:
    """How the command ended, its answer, and what stood on the screen beside it."""

    code: int
    stdout: str
    screen: str


def at_terminal(env: dict[str, str], *arguments: str, answers: dict[str, str]) -> Seen:
    """Run the command; `answers` are what is typed after each of these words, in this order."""
    main, side = pty.openpty()
    command = subprocess.Popen(
        [KTIZO, *arguments],
        env={**env, "TERM": "dumb"},
        stdin=side,
        stdout=subprocess.PIPE,
        stderr=side,
        text=True,
        start_new_session=True,  # else getpass finds the terminal of whoever runs the tests
    )
    os.close(side)
    screen = ""
    for asked, typed in answers.items():
        screen += _until(main, asked)
        os.write(main, f"{typed}\n".encode())
    stdout, _ = command.communicate(timeout=60)
    screen += _rest(main)
    os.close(main)
    return Seen(command.returncode, stdout, screen)


def _until(main: int, words: str) -> str:
    seen = ""
    while words not in seen:
        ready, _, _ = select.select([main], [], [], ASKED_WITHIN_S)
        assert ready, f"{words!r} was not asked; on the screen: {seen!r}"
        try:
            seen += os.read(main, 4096).decode()
        except OSError:  # the command has ended
            raise AssertionError(f"{words!r} was never asked; on the screen: {seen!r}") from None
    return seen


def _rest(main: int) -> str:
    seen = b""
    try:
        while more := os.read(main, 4096):
            seen += more
    except OSError:  # EIO is how Linux ends a terminal nobody has open any more
        pass
    return seen.decode()
