"""Rented servers at a terminal, and following one until its machine runs."""

import sys
import time
from typing import Annotated, Any

import typer

from ktizo.cli import show
from ktizo.cli.client import Client, fail

Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="Show its steps until its machine runs.")
]

POLL_S = 5.0
INTERRUPTED = 130
# Nothing more comes from these by itself: a person has to look.
ENDED = {"refused", "failed", "ending", "gone"}
STUCK = {"rejected", "conflict", "boot_loop", "lapsed"}


def price(found: dict[str, Any] | None) -> str:
    """Return a price in words, exactly as the provider has it."""
    if found is None:
        return ""
    amounts = [(found["hourly"], "an hour"), (found["monthly"], "a month")]
    amounts += [(found["setup"], "once")] if found["setup"].strip("0.") else []
    return ", ".join(f"{much} {found['currency']} {when}" for much, when in amounts if much)


def table(servers: list[dict[str, Any]]) -> None:
    """Print servers, a line each."""
    rows = [
        [
            str(one["id"]),
            one["name"],
            one["account"],
            one["stage"],
            one["plan"],
            one["region"] or "/".join(one["regions"]),
            one["addresses"][0] if one["addresses"] else "-",
            price(one["price"]) or "-",
            one["problem"] or one["pending"] or one["step"] or "-",
        ]
        for one in servers
    ]
    columns = ["ID", "NAME", "ACCOUNT", "STAGE", "PLAN", "REGION", "ADDRESS", "COSTS", "NOW"]
    show.table(columns, rows)


def print_server(one: dict[str, Any], as_json: bool) -> None:
    """Print one server."""
    if show.wants_json(as_json):
        show.json_text(one)
        return
    machine = f"{one['device_id']} {one['hostname'] or ''}: {one['device_state']}"
    raw = one["raw_status"]
    show.fields(
        [
            ("server", f"{one['name']} ({one['id']})"),
            ("account", f"{one['account']} at {one['title']}"),
            ("number there", one["vendor_id"]),
            ("stage", one["stage"]),
            ("now", one["step"]),
            ("problem", one["problem"]),
            ("you have to", one["pending"]),
            ("the provider says", f"{one['status']} ({raw})" if raw else one["status"]),
            ("plan", one["plan"]),
            ("region", one["region"] or one["regions"]),
            ("addresses", one["addresses"]),
            ("MACs", one["macs"]),
            ("costs", price(one["price"])),
            ("machine", machine if one["device_id"] else None),
            ("ordered by", f"{one['ordered_by']}, {show.ago(one['created_at'])}"),
            ("looked at", show.ago(one["asked_at"])),
            ("ended", show.ago(one["ended_at"]) if one["ended_at"] else None),
        ]
    )


def finish(client: Client, server: dict[str, Any], follow: bool, as_json: bool) -> None:
    """Print a server; with `follow` its steps as they go, until its machine runs.

    A problem that stands, and a story that ended otherwise, end the command with exit code 1.
    """
    if not follow:
        print_server(server, as_json)
        return
    try:
        server = _followed(client, server, as_json)
    except KeyboardInterrupt:
        show.error(f"Ktizo goes on without you; see `ktizo servers show {server['id']}`")
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        show.json_text(server)
    why = stopped(server)
    if why is not None:
        fail(f"{server['name']}: {why}")


def _followed(client: Client, server: dict[str, Any], as_json: bool) -> dict[str, Any]:
    said = ""
    while True:
        now = _line(server)
        if now != said and not as_json:
            said = now
            show.line(show.printable(now))
            sys.stdout.flush()  # somebody watches, also behind a pipe
        if runs(server) or stopped(server) is not None:
            return server
        time.sleep(POLL_S)
        server = client.get(f"/servers/{server['id']}")


def _line(server: dict[str, Any]) -> str:
    more = f"; you have to: {server['pending']}" if server["pending"] else ""
    return f"{server['stage']}: {server['step']}{more}"


def runs(server: dict[str, Any]) -> bool:
    """Say whether its machine runs; before it is delivered that is the machine of before."""
    return bool(server["stage"] == "delivered" and server["device_state"] == "running")


def stopped(server: dict[str, Any]) -> str | None:
    """Return why nothing more comes of a server by itself; None while something may."""
    if server["problem"]:
        return str(server["problem"])
    stuck = server["stage"] == "delivered" and server["device_state"] in STUCK
    return str(server["step"]) if stuck or server["stage"] in ENDED else None
