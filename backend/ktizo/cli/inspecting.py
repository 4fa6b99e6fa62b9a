"""`ktizo devices inspect …`: look at a machine before anything on it is erased.

Two plain commands; devices.py puts them into the group.
"""

import sys
import time
from http import HTTPMethod
from typing import Annotated, Any

import typer

from ktizo.cli import show
from ktizo.cli.client import Client, fail, handled
from ktizo.cli.which import Which, find

POLL_S = 3.0
STEPS = {
    "none": "nobody asked, or its time ran out; see `ktizo devices inspect`",
    "asked": "asked for: it begins with its next network boot",
    "booting": "it boots Talos in memory",
    "looking": "Talos runs in its memory; its disks are read",
    "done": "done",
}


@handled
def inspect(
    which: Which,
    version: Annotated[str | None, typer.Option(help="Of Talos; default: newest.")] = None,
    schematic: Annotated[str | None, typer.Option(help="Name, number or id.")] = None,
    minutes: Annotated[int | None, typer.Option(min=5, max=1440)] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until its disks were read.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Take it back.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Boot Talos in a machine's memory to see what its disks hold; nothing on it is written."""
    client = Client()
    device_id = find(client, which)["id"]
    if cancel:
        path = f"/devices/{device_id}/inspection"
        _print(client.call(HTTPMethod.DELETE, path), as_json)
        return
    wanted = {"version": version, "schematic": schematic, "minutes": minutes}
    body = {name: value for name, value in wanted.items() if value is not None}
    asked = client.post(f"/devices/{device_id}/inspect", body)
    _print(_waited(client, device_id, asked) if wait else asked, as_json)


@handled
def inspection(which: Which, as_json: show.AsJson = False) -> None:
    """Show how far a machine's inspection is, and what the last one found."""
    client = Client()
    _print(client.get(f"/devices/{find(client, which)['id']}/inspection"), as_json)


def _waited(client: Client, device_id: int, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the inspection once it ended, with what it found; ends the command otherwise."""
    said = ""
    while asked["state"] not in {"none", "done"}:
        if asked["state"] != said:
            said = asked["state"]
            sys.stderr.write(f"{STEPS[said]}\n")
        time.sleep(POLL_S)
        asked = client.get(f"/devices/{device_id}/inspection")
    if asked["state"] == "none":
        fail("the inspection ended and nothing was found: out of time, taken back or decided")
    return asked


def _print(found: dict[str, Any], as_json: bool) -> None:
    if show.wants_json(as_json):
        show.json_text(found)
        return
    build = f"{found['schematic'][:12]}/{found['version']}" if found["schematic"] else None
    show.fields(
        [
            ("inspection", STEPS[found["state"]]),
            ("asked by", found["asked_by"]),
            ("until", found["expires_at"]),
            ("boots", build),
        ]
    )
    if found["findings"] is not None:
        _findings(found["findings"])


def _findings(found: dict[str, Any]) -> None:
    show.fields(
        [
            ("looked at", found["at"]),
            ("make", " ".join(filter(None, [found["manufacturer"], found["product"]]))),
            ("serial", found["serial"]),
            ("UUID", found["uuid"]),
            ("processors", found["cpus"]),
            ("memory", f"{found['memory_mib']} MiB"),
            ("cards", [f"{card['name']} {card['mac']}" for card in found["cards"]]),
            ("key", found["pin"]),
        ]
    )
    rows = [
        [
            disk["name"],
            f"{disk['size_bytes'] / 1e9:.1f} GB",
            disk["model"] or "-",
            disk["transport"] or "-",
            "; ".join(disk["holds"]) or "nothing recognised",
            disk["install_disk"] or "-",
        ]
        for disk in found["disks"]
    ]
    show.line("")
    show.table(["DISK", "SIZE", "MODEL", "BY", "HOLDS", "PIN IT WITH --install-disk"], rows)
    for warning in found["warnings"]:
        show.line(f"warning: {show.printable(warning)}")
