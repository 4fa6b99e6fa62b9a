"""`ktizo nodes …`: machines that run Talos, or are about to."""

import json
import sys
from typing import Annotated, Any

import typer

from ktizo.cli import show
from ktizo.cli.client import Client, handled
from ktizo.cli.which import Which, find

app = typer.Typer(help="Machines that run Talos, as they show themselves.", no_args_is_help=True)

WAIT_S = 20  # of one question for more lines; less than the client's own patience


@app.command("list")
@handled
def list_nodes(
    cluster: Annotated[str | None, typer.Option(help="Name or number; default: all.")] = None,
    as_json: show.AsJson = False,
) -> None:
    """List every machine whose own Talos API was reached."""
    found = Client().get("/nodes", cluster=cluster)
    if show.wants_json(as_json):
        show.json_text(found)
        return
    rows = [
        [
            str(one["device_id"]),
            one["hostname"] or "-",
            one["cluster"] or "-",
            one["role"] or "-",
            one["state"],
            "yes" if one["ready"] else "no",
            one["talos_version"] or "-",
            one["address"] or "-",
            ", ".join(drift["what"] for drift in one["drift"]) or "-",
        ]
        for one in found
    ]
    columns = ["ID", "NAME", "CLUSTER", "ROLE", "STATE", "READY", "TALOS", "ADDRESS", "DRIFT"]
    show.table(columns, rows)


@app.command("show")
@handled
def show_node(which: Which, as_json: show.AsJson = False) -> None:
    """Show one node as it was seen last."""
    client = Client()
    found = client.get(f"/nodes/{find(client, which)['id']}")
    _print_node(found, as_json)


def _print_node(found: dict[str, Any], as_json: bool) -> None:
    if show.wants_json(as_json):
        show.json_text(found)
        return
    drift = [f"{one['what']} is {one['found']}, not {one['intended']}" for one in found["drift"]]
    show.fields(
        [
            ("machine", found["device_id"]),
            ("hostname", found["hostname"]),
            ("cluster", found["cluster"]),
            ("role", found["role"]),
            ("state", found["state"]),
            ("since", found["since"]),
            ("ready", "yes" if found["ready"] else "no"),
            ("waits for", [f"{one['name']} ({one['reason']})" for one in found["unmet"]]),
            ("trouble", (found["trouble"] or {}).get("message")),
            ("Talos", found["talos_version"]),
            ("schematic", found["schematic"]),
            ("address", found["address"]),
            ("drift", drift),
            ("answered", show.ago(found["answered_at"])),
        ]
    )


@app.command()
@handled
def services(which: Which, as_json: show.AsJson = False) -> None:
    """Ask a node for Talos's own services."""
    client = Client()
    found = client.get(f"/nodes/{find(client, which)['id']}/services")
    if show.wants_json(as_json):
        show.json_text(found)
        return
    health = {True: "yes", False: "no", None: "-"}
    rows = [
        [one["id"], one["state"], health[one["healthy"]], one["health_message"]] for one in found
    ]
    show.table(["SERVICE", "STATE", "HEALTHY", "WHY"], rows)


@app.command()
@handled
def plan(which: Which, as_json: show.AsJson = False) -> None:
    """Ask a node, in a dry run, what giving it the config it should have would change."""
    client = Client()
    found = client.get(f"/nodes/{find(client, which)['id']}/config-plan")
    for warning in found["warnings"]:
        show.error(warning)
    if show.wants_json(as_json):
        show.json_text(found)
        return
    show.line(found["diff"] or "no difference")
    show.fields([("mode", found["mode"]), ("it says", found["said"])])


@app.command()
@handled
def reboot(
    which: Which,
    power_cycle: Annotated[
        bool, typer.Option("--power-cycle", help="Through the firmware, not by kexec.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Even when etcd would lose its quorum.")
    ] = False,
    as_json: show.AsJson = False,
) -> None:
    """Restart a node."""
    _order(which, "powercycle" if power_cycle else "reboot", force, as_json)


@app.command()
@handled
def shutdown(
    which: Which,
    force: Annotated[
        bool, typer.Option("--force", help="Even when etcd would lose its quorum.")
    ] = False,
    as_json: show.AsJson = False,
) -> None:
    """Switch a node off."""
    _order(which, "shutdown", force, as_json)


def _order(which: str, order: str, force: bool, as_json: bool) -> None:
    client = Client()
    body = {"order": order, "force": force}
    _print_node(client.post(f"/nodes/{find(client, which)['id']}/order", body), as_json)


@app.command()
@handled
def console(
    which: Which,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Show what a machine says while it boots and runs: its kernel log and its events."""
    client = Client()
    path = f"/nodes/{find(client, which)['id']}/console"
    found = client.get(path, after=-1)
    if show.wants_json(as_json) and not follow:
        show.json_text(found)
        return
    _print(found, as_json)
    while follow:
        found = client.get(path, after=found["next"], wait_s=WAIT_S)
        _print(found, as_json)


def _print(found: dict[str, Any], as_json: bool) -> None:
    if show.wants_json(as_json):
        for one in found["lines"]:
            show.line(json.dumps(one, ensure_ascii=False))
    else:
        if found["lost"]:
            show.line(f"... {found['lost']} lines went by")
        for one in found["lines"]:
            text = show.printable(one["text"])
            show.line(f"{one['at'][11:23]}  {one['source']:<6}  {one['level']:<5}  {text}")
    sys.stdout.flush()  # somebody watches, also behind a pipe
