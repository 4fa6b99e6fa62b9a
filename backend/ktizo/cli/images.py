"""`ktizo images …`: what Talos boots from: versions, schematics, the mirror."""

import json
import sys
from http import HTTPMethod
from pathlib import Path
from typing import Annotated, Any

import typer

from ktizo.cli import show
from ktizo.cli.client import USAGE, Client, fail, handled

app = typer.Typer(help="Talos boot images: versions, schematics, the mirror.", no_args_is_help=True)
schematics = typer.Typer(help="Schematics: what builds are made of.", no_args_is_help=True)
mirror = typer.Typer(help="The mirror of boot images on this box.", no_args_is_help=True)
app.add_typer(schematics, name="schematics")
app.add_typer(mirror, name="mirror")

NEWEST = 15
MIB = 1024 * 1024


def _offer(found: dict[str, Any], as_json: bool) -> bool:
    """Print an offer as JSON when that is wanted; say when it is old."""
    if show.wants_json(as_json):
        show.json_text(found)
        return True
    if found["stale"]:
        show.error(f"as of {show.ago(found['fetched_at'])}: {found['problem']}")
    return False


@app.command()
@handled
def versions(
    every: Annotated[bool, typer.Option("--all", help="Also the older ones.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """List the versions of Talos the factory builds."""
    found = Client().get("/images/versions")
    if not _offer(found, as_json):
        for version in found["items"] if every else found["items"][-NEWEST:]:
            show.line(show.printable(version))


@app.command()
@handled
def extensions(version: str, as_json: show.AsJson = False) -> None:
    """List the system extensions there are for a version."""
    found = Client().get("/images/extensions", version=version)
    if not _offer(found, as_json):
        rows = [[one["name"], one["author"], one["description"]] for one in found["items"]]
        show.table(["NAME", "AUTHOR", "DESCRIPTION"], rows)


@schematics.command("list")
@handled
def list_schematics(as_json: show.AsJson = False) -> None:
    """List schematics."""
    found = Client().get("/images/schematics")
    if show.wants_json(as_json):
        show.json_text(found)
        return
    rows = [
        [one["name"], one["schematic_id"], "yes" if one["registered_at"] else "no", one["notes"]]
        for one in found
    ]
    show.table(["NAME", "ID", "AT THE FACTORY", "NOTES"], rows)


def _print_schematic(found: dict[str, Any], as_json: bool) -> None:
    if show.wants_json(as_json):
        show.json_text(found)
        return
    show.fields([(key, value) for key, value in found.items() if key != "document"])
    for text in found["document"].splitlines():
        show.line(show.printable(text))


@schematics.command("show")
@handled
def show_schematic(which: str, as_json: show.AsJson = False) -> None:
    """Show one schematic, by name, number or id."""
    _print_schematic(Client().get(f"/images/schematics/{which}"), as_json)


@schematics.command("create")
@handled
def create_schematic(
    name: str,
    file: Annotated[Path | None, typer.Argument(help="YAML; - is standard input.")] = None,
    extension: Annotated[list[str] | None, typer.Option(help="As siderolabs/drbd.")] = None,
    kernel_arg: Annotated[list[str] | None, typer.Option(help="As console=ttyS1.")] = None,
    notes: str = "",
    as_json: show.AsJson = False,
) -> None:
    """Make a schematic from a YAML file, or from the options."""
    if file is not None and (extension or kernel_arg):
        fail("either a file or the options", USAGE)
    wanted: Any = {
        "customization": {
            "systemExtensions": {"officialExtensions": extension or []},
            "extraKernelArgs": kernel_arg or [],
        }
    }
    if file is not None:
        wanted = _text(file)
    body = {"name": name, "schematic": wanted, "notes": notes}
    _print_schematic(Client().post("/images/schematics", body), as_json)


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} cannot be read: {error}", USAGE)


@schematics.command("register")
@handled
def register_schematic(which: str, as_json: show.AsJson = False) -> None:
    """Tell the factory of a schematic again."""
    _print_schematic(Client().post(f"/images/schematics/{which}/register"), as_json)


@schematics.command("delete")
@handled
def delete_schematic(which: str) -> None:
    """Delete a schematic nothing is of."""
    Client().call(HTTPMethod.DELETE, f"/images/schematics/{which}")


def _size(size: int | None) -> str:
    return "-" if size is None else f"{size / MIB:.1f} MiB"


def _table(files: list[dict[str, Any]]) -> None:
    rows = [
        [
            str(one["id"]),
            one["schematic"][:12],
            one["version"],
            one["name"],
            one["state"],
            _size(one["size"]) + (f" of {_size(one['total'])}" if one["state"] == "coming" else ""),
            one["problem"] or (one["sha256"] or "")[:12],
        ]
        for one in files
    ]
    show.table(["NR", "SCHEMATIC", "VERSION", "FILE", "STATE", "SIZE", "SHA-256 OR PROBLEM"], rows)


@mirror.command("add")
@handled
def add_to_mirror(
    schematic: Annotated[str, typer.Argument(help="Name or id; `release` for a plain release.")],
    version: str,
    arch: Annotated[list[str] | None, typer.Option(help="amd64, arm64.")] = None,
    part: Annotated[
        list[str] | None,
        typer.Option(help="kernel, initramfs, cmdline (these three), uki, disk, iso, installer."),
    ] = None,
    secureboot: bool = False,
    checksum: Annotated[list[str] | None, typer.Option(help="As kernel-amd64=SHA256.")] = None,
    as_json: show.AsJson = False,
) -> None:
    """Bring files of a build; they come in the background, see `ktizo images mirror status`."""
    body: dict[str, Any] = {"schematic": schematic, "version": version, "secureboot": secureboot}
    body |= {key: value for key, value in {"arches": arch, "parts": part}.items() if value}
    if checksum:
        body["checksums"] = dict(_pair(each) for each in checksum)
    found = Client().post("/images/mirror", body)
    if show.wants_json(as_json):
        show.json_text(found)
    else:
        _table(found)


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if not value:
        fail(f"{text!r} is not NAME=SHA256", USAGE)
    return name, value


@mirror.command("list")
@handled
def list_mirror(as_json: show.AsJson = False) -> None:
    """List the mirror's files."""
    found = Client().get("/images/mirror")["files"]
    if show.wants_json(as_json):
        show.json_text(found)
    else:
        _table(found)


@mirror.command("status")
@handled
def mirror_status(as_json: show.AsJson = False) -> None:
    """Show what is on its way or missing, and the room on the disk."""
    found = Client().get("/images/mirror")
    files = [one for one in found["files"] if one["state"] != "stored"]
    stored = len(found["files"]) - len(files)
    if show.wants_json(as_json):
        show.json_text({"stored": stored, "files": files, "room": found["room"]})
        return
    show.fields(
        [
            ("files there", stored),
            ("files to come", len(files)),
            ("used", _size(found["room"]["used_by_mirror"])),
            ("free", _size(found["room"]["free"])),
        ]
    )
    if files:
        _table(files)


@mirror.command("remove")
@handled
def remove_from_mirror(number: int) -> None:
    """Remove a file by its number, or stop bringing it."""
    Client().call(HTTPMethod.DELETE, f"/images/mirror/{number}")


@mirror.command("prune")
@handled
def prune_mirror(
    dry_run: Annotated[bool, typer.Option(help="Only say what would go.")] = False,
    older_than_days: Annotated[int, typer.Option(min=0, help="Only what is older.")] = 0,
    as_json: show.AsJson = False,
) -> None:
    """Remove the files no boot profile and no cluster uses."""
    body = {"dry_run": dry_run, "older_than_days": older_than_days}
    found = Client().post("/images/mirror/prune", body)
    if show.wants_json(as_json):
        show.json_text(found)
        return
    _table(found["files"])
    show.line(f"{'would free' if dry_run else 'freed'} {_size(found['bytes'])}")


@mirror.command("import")
@handled
def import_to_mirror(
    path: Annotated[str, typer.Argument(help="A folder or plain tar below data/import.")],
    schematic: Annotated[str | None, typer.Option(help="Id, or `release`.")] = None,
    version: Annotated[str | None, typer.Option(help="As v1.12.11.")] = None,
    as_json: show.AsJson = False,
) -> None:
    """Take files without internet, verified by the SHA256SUMS beside them."""
    body = {"path": path, "schematic": schematic, "version": version}
    # As raw content: gigabytes are copied before the answer comes, so there is no time limit.
    found = Client().call(
        HTTPMethod.POST,
        "/images/mirror/import",
        content=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    if show.wants_json(as_json):
        show.json_text(found)
    else:
        _table(found["imported"])
        for one in found["refused"]:
            show.line(f"not taken: {show.printable(one['name'])}: {one['reason']}")
    if not found["imported"]:
        fail("nothing was imported")
