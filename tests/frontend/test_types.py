"""What the dashboard believes of the API is what the API says."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FRONTEND = ROOT / "frontend"
ADVICE = "the API changed: run `make types` and commit what it writes"


def described() -> str:
    spec = importlib.util.spec_from_file_location("openapi", ROOT / "scripts" / "openapi.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.document()


def test_the_committed_api_description_is_not_stale():
    ours = (FRONTEND / "openapi.json").read_text(encoding="utf-8")
    assert json.loads(ours) == json.loads(described()), ADVICE


@pytest.mark.skipif(
    shutil.which("node") is None or not (FRONTEND / "node_modules").exists(),
    reason="Node.js or the dashboard's packages are missing",
)
def test_the_committed_types_are_not_stale(tmp_path):
    target = tmp_path / "schema.d.ts"
    generator = FRONTEND / "node_modules" / ".bin" / "openapi-typescript"
    done = subprocess.run(
        [generator, "openapi.json", "-o", target],
        cwd=FRONTEND,
        env={**os.environ, "NO_COLOR": "1"},  # noqa: TID251 - node needs its PATH
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert target.read_text() == (FRONTEND / "src" / "api" / "schema.d.ts").read_text(), ADVICE


def test_the_lock_names_packages_and_hashes_and_no_host():
    text = (FRONTEND / "package-lock.json").read_text()
    assert "://" not in text, "run `npm run lock` in frontend/"
    lock = json.loads(text)
    packages = [entry for path, entry in lock["packages"].items() if path]
    assert all("integrity" in entry for entry in packages)


def test_the_dashboard_fetches_nothing_from_elsewhere():
    for path in [FRONTEND / "index.html", *(FRONTEND / "src").rglob("*.css")]:
        assert not re.search(r"(https?:)?//[a-z0-9-]+\.", path.read_text()), path.name


def test_text_from_the_network_is_never_markup():
    for path in (FRONTEND / "src").rglob("*.vue"):
        assert "v-html" not in path.read_text(), path.name
