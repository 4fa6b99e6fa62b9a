"""Which machine a command means."""

from typing import Annotated, Any

import typer

from ktizo.cli.client import NOT_FOUND, Client, fail

Which = Annotated[str, typer.Argument(help="Its number, hostname, or a MAC in any spelling.")]


def find(client: Client, which: str) -> dict[str, Any]:
    """Return the one machine called `which`; ends the command when there is none, or several."""
    if which.isdigit() and len(which) < 10:
        found: dict[str, Any] = client.get(f"/devices/{which}")
        return found
    wanted = which.lower()
    digits = "".join(c for c in wanted if c in "0123456789abcdef")
    mac = ":".join(digits[i : i + 2] for i in range(0, 12, 2)) if len(digits) == 12 else None
    page = client.get("/devices", q=mac or wanted, limit=100)
    exact = [d for d in page["items"] if wanted == d["hostname"] or mac in d["macs"]]
    if len(exact) != 1:
        fail(f"no machine is called {which}; see `ktizo devices list`", NOT_FOUND)
    only: dict[str, Any] = exact[0]
    return only
