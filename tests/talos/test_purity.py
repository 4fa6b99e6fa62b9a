"""The Talos library knows no database, no network, no settings and no clock."""

import ast
import sys
from pathlib import Path

import pytest

import ktizo.talos
from ktizo.core import yaml

LIBRARY = Path(ktizo.talos.__file__).parent
READER = Path(yaml.__file__).parent
SOURCES = sorted([*LIBRARY.rglob("*.py"), *READER.rglob("*.py")])

OWN = ("ktizo.talos", "ktizo.core.yaml", "ktizo.core.errors")
OTHERS = {"cryptography", "yaml", "ktizo"}
STDLIB = set(sys.stdlib_module_names)
OUTSIDE_WORLD = {"socket", "ssl", "subprocess", "urllib.request", "http", "asyncio", "sqlite3"}
CLOCKS = {"now", "utcnow", "today", "time", "monotonic", "time_ns"}


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "ktizo.core":
            yield from (f"ktizo.core.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def called(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


def place_of(path):
    return f"{path.parent.name}/{path.name}"


@pytest.mark.parametrize("path", SOURCES, ids=place_of)
def test_the_library_takes_time_and_everything_else_from_its_caller(path):
    tree = ast.parse(path.read_text())
    names = set(imported(tree))
    foreign = {name for name in names if name.startswith("ktizo") and not name.startswith(OWN)}
    assert not foreign
    assert not {name for name in names if name in OUTSIDE_WORLD}
    installed = {name.partition(".")[0] for name in names} - STDLIB
    assert installed <= OTHERS
    assert not CLOCKS & set(called(tree))
