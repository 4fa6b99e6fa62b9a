"""What the documents promise is there, and what is there is documented."""

import re
from pathlib import Path

from typer.main import get_command

from ktizo.cli.main import app
from ktizo.core import urls

DOCS = Path(__file__).parents[2] / "docs"


def test_every_machine_route_is_documented():
    text = (DOCS / "machine-routes.md").read_text()
    for path in (
        urls.BOOT_SCRIPT,
        urls.MENU,
        urls.profile_script("{profile}"),
        urls.asset("{profile}", "{file}"),
        urls.loader("{file}"),
        urls.config("{ticket}", "{file}"),
        urls.done("{ticket}"),
    ):
        assert path in text


def commands(group: object, prefix: str = "ktizo") -> list[str]:
    found = []
    for name, command in getattr(group, "commands", {}).items():
        inner = commands(command, f"{prefix} {name}")
        found += inner or [f"{prefix} {name}"]
    return found


def test_every_command_is_documented_and_every_documented_one_exists():
    text = (DOCS / "cli.md").read_text()
    real = commands(get_command(app))
    assert len(real) > 10
    for command in real:
        group, _, last = command.rpartition(" ")
        assert command in text or (group in text and f"/ `{last}" in text), command
    for line in re.findall(r"^\| `(ktizo [a-z]+)", text, re.MULTILINE):
        assert any(command.startswith(line) for command in real), line


def test_every_link_between_documents_leads_somewhere():
    for page in [*DOCS.rglob("*.md"), *DOCS.parent.glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"
