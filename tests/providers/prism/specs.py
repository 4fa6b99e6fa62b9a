"""The vendors' specifications: third-party files, read where they are and never kept here."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
CHOSEN = os.environ.get("KTIZO_SHARED")  # noqa: TID251 - a setting of the tests, not ours
SPECS = Path(CHOSEN or ROOT.parent / "shared") / "reference" / "specs"
Document = dict[str, Any]


def found(name: str) -> Path:
    """Return where a specification is; skips the test when it is not there."""
    path = SPECS / name
    if not path.is_file():
        pytest.skip(f"no {name} in the reference data; set KTIZO_SHARED to the folder that has it")
    return path


def read(path: Path) -> Document:
    """Return a specification's JSON or YAML."""
    text = path.read_text()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    told = json.loads(text) if path.suffix == ".json" else yaml.load(text, loader)
    assert isinstance(told, dict)
    return told


@dataclass(frozen=True, slots=True)
class Spec:
    """One vendor's specification.

    `amend` brings an old one up to date; the result lives only as long as the tests.
    """

    name: str
    amend: Callable[[Document], None] | None = None

    def opened(self, folder: Path) -> tuple[Path, Document]:
        """Return a file for Prism and what is in it."""
        path = found(self.name)
        document = read(path)
        if self.amend is None:
            return path, document
        self.amend(document)
        amended = folder / f"{path.stem}.json"
        amended.write_text(json.dumps(document))
        return amended, document
