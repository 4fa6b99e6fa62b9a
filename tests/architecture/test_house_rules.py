"""The rules of ARCHITECTURE.md that a program can check, checked by a program."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ktizo
from ktizo.core.settings import Settings

PACKAGE = Path(ktizo.__file__).parent
ROOT = PACKAGE.parents[1]
SOURCES = sorted(PACKAGE.rglob("*.py"))

# A name that refuses nothing grows without end.
SHAPELESS = {"service", "services", "utils", "util", "helpers", "common", "manager", "misc", "base"}
WEB = {"fastapi", "starlette"}
DATABASE = {"sqlalchemy", "alembic"}


def place_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def may_use_web(place: str) -> bool:
    if place in {"app.py", "core/db.py", "core/gate.py"}:
        return True
    doors = ("/api.py", "/machine.py")
    return place.endswith(doors) or "/api/" in place or "/machine/" in place


def may_use_database(place: str) -> bool:
    return place in {"core/db.py", "core/bootdb.py"} or place.endswith(("/store.py", "/tables.py"))


@pytest.mark.parametrize("path", SOURCES, ids=place_of)
def test_only_the_doors_know_the_web_framework_and_only_stores_know_the_database(path: Path):
    place = place_of(path)
    used = {name.partition(".")[0] for name in imported(path)}
    if not may_use_web(place):
        assert not used & WEB, f"{place}: only api, machine, app and core/db, core/gate may"
    if not may_use_database(place):
        assert not used & DATABASE, f"{place}: only store, tables, core/db and core/bootdb may"


@pytest.mark.parametrize("path", SOURCES, ids=place_of)
def test_every_file_name_refuses_something(path: Path):
    if place_of(path) != "providers/base.py":  # one interface, and the owner's name for it
        assert path.stem not in SHAPELESS


@pytest.mark.parametrize("path", SOURCES, ids=place_of)
def test_no_room_touches_the_tables_of_another(path: Path):
    room = place_of(path).partition("/")[0]
    foreign = {
        name
        for name in imported(path)
        if name.startswith("ktizo.") and name.endswith(".tables") and name.split(".")[1] != room
    }
    assert not foreign, f"{place_of(path)} imports {foreign}; call that room's store instead"


@pytest.mark.parametrize("path", SOURCES, ids=place_of)
def test_a_file_has_one_subject(path: Path):
    lines = path.read_text().count("\n")
    assert lines <= 350, f"{place_of(path)} has {lines} lines; two subjects?"


@pytest.mark.parametrize("path", SOURCES, ids=place_of)
def test_nobody_commits_but_the_session_itself(path: Path):
    calls = [
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    if place_of(path) != "core/db.py":
        assert "commit" not in calls, "a request is one transaction; core/db.py commits it"


def test_every_setting_is_documented():
    text = (ROOT / "docs" / "settings.md").read_text()
    missing = [name for name in Settings.model_fields if f"`KTIZO_{name.upper()}`" not in text]
    assert not missing


def test_no_lock_file_names_a_registry():
    for lock in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / lock).read_text()
        assert "://" not in text
        assert "--hash=sha256:" in text
