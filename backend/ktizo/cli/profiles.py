"""`ktizo profiles …`: what machines boot."""

import hashlib
from collections.abc import Iterator
from http import HTTPMethod
from pathlib import Path
from typing import Annotated, Any

import typer

from ktizo.cli import show
from ktizo.cli.client import USAGE, Client, fail, handled

app = typer.Typer(
    help="Boot profiles: kernel, initrds, command line, config.", no_args_is_help=True
)
CHUNK = 1 << 20


@app.command("list")
@handled
def list_profiles(as_json: show.AsJson = False) -> None:
    """List boot profiles."""
    found = Client().get("/boot/profiles")
    if show.wants_json(as_json):
        show.json_text(found)
        return
    columns = ["NAME", "TYPE", "KERNEL", "INITRDS", "COMMAND LINE"]
    rows = [
        [p["name"], p["type"], p["kernel"] or "-", " ".join(p["initrds"]) or "-", p["cmdline"]]
        for p in found
    ]
    show.table(columns, rows)


@app.command("show")
@handled
def show_profile(name: str, as_json: show.AsJson = False) -> None:
    """Show one boot profile and its files."""
    client = Client()
    found: dict[str, Any] = client.get(f"/boot/profiles/{name}")
    found["assets"] = client.get(f"/boot/profiles/{name}/assets")
    if show.wants_json(as_json):
        show.json_text(found)
        return
    show.fields([(key, value) for key, value in found.items() if key != "assets"])
    show.table(
        ["FILE", "SIZE", "SHA-256"],
        [[a["name"], str(a["size"]), a["sha256"]] for a in found["assets"]],
    )


@app.command("upload")
@handled
def upload(
    name: str,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    rename: Annotated[str | None, typer.Option("--as", help="Store under this name.")] = None,
    as_json: show.AsJson = False,
) -> None:
    """Upload a kernel, initrd or other file; its checksum is verified on arrival."""
    stored_as = rename or file.name
    if "/" in stored_as:
        fail("a file's name cannot hold a slash", USAGE)
    digest = hashlib.file_digest(file.open("rb"), "sha256").hexdigest()
    answer = Client().call(
        HTTPMethod.PUT,
        f"/boot/profiles/{name}/assets/{stored_as}",
        content=_chunks(file),
        headers={"X-Checksum-Sha256": digest, "Content-Length": str(file.stat().st_size)},
    )
    if show.wants_json(as_json):
        show.json_text(answer)
    else:
        show.line(f"{name}/{stored_as}: {answer['size']} bytes, sha256 {answer['sha256']}")


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while chunk := source.read(CHUNK):
            yield chunk
