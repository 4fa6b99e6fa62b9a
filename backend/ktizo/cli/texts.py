"""Files the offline commands read and write: `-` is standard input, secrets are 0600."""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from ktizo.cli import show
from ktizo.cli.client import NOT_FOUND, REFUSED, fail, handled
from ktizo.core.errors import KtizoError, NotFound
from ktizo.core.files import write_atomic
from ktizo.core.yaml import MAX_BYTES

P = ParamSpec("P")
R = TypeVar("R")

PRIVATE = 0o600


def offline(command: Callable[P, R]) -> Callable[P, R]:
    """Turn a rule's refusal into one line on stderr and the documented exit code."""

    @handled
    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except KtizoError as error:
            fail(error.message, NOT_FOUND if isinstance(error, NotFound) else REFUSED)

    return run


def read(path: Path) -> bytes:
    """Return a file, or standard input for `-`; one byte more than YAML may have is enough."""
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        fail(f"there is no {path}", NOT_FOUND)
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror}")


def refuse_to_overwrite(paths: list[Path], *, force: bool) -> None:
    """End the command when any of `paths` exists: secrets made anew make a cluster unreachable."""
    there = [str(path) for path in paths if path.exists()]
    if there and not force:
        fail(f"{', '.join(there)} would be overwritten; use --force, or another place")


def write(path: Path | None, text: str, *, force: bool = False) -> None:
    """Write a secret to `path` with mode 0600, or to standard output when there is none."""
    if path is None:
        sys.stdout.write(text)
        return
    refuse_to_overwrite([path], force=force)
    write_atomic(path, text, PRIVATE)
    show.error(f"wrote {path}")
