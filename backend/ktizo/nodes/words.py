"""A node's own words about a config it was given, without the secrets they may quote. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from ktizo.clusters.redact import MARKS, SECRET_FIELDS
from ktizo.core import yaml

HIDDEN = "(secret)"
SHORTEST = 4  # a shorter text would be found everywhere


def without_secrets(words: str, config: bytes) -> str:
    """Return `words` with every secret of `config` in them replaced."""
    found = {one for document in yaml.load_all(config) for one in _secrets(document)}
    for secret in sorted(found, key=len, reverse=True):
        words = words.replace(secret, HIDDEN)
    return words


def _secrets(value: Any, *, secret: bool = False) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _secrets(one, secret=secret or name in SECRET_FIELDS)
    elif isinstance(value, list):
        for one in value:
            yield from _secrets(one, secret=secret)
    elif isinstance(value, str) and (secret or any(mark in value for mark in MARKS)):
        yield from (line for line in {value, *value.splitlines()} if len(line) >= SHORTEST)
