"""Tables for people at a terminal, JSON for everything else."""

import json
import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="JSON, also on a terminal.")]


def wants_json(asked: bool) -> bool:
    """Say whether to print JSON: when asked to, or when nobody is looking."""
    return asked or not sys.stdout.isatty()


def line(text: str) -> None:
    """Print one line."""
    sys.stdout.write(f"{text}\n")


def error(text: str) -> None:
    """Print one line on stderr."""
    sys.stderr.write(f"ktizo: {text}\n")


def json_text(value: Any) -> None:
    """Print a value as JSON."""
    line(json.dumps(value, indent=2, ensure_ascii=False))


def ago(moment: str | None) -> str:
    """Return how long ago an ISO time was, in one unit."""
    if not moment:
        return "never"
    seconds = max(0, int((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def table(columns: list[str], rows: list[list[str]]) -> None:
    """Print rows under headings. Cells come from the network: markup in them is shown, not run."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        grid.add_column(column)
    for row in rows:
        grid.add_row(*(escape(printable(cell)) for cell in row))
    Console(soft_wrap=False).print(grid)


def printable(text: str) -> str:
    """Return `text` without control characters: a vendor string may not drive a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


def fields(pairs: list[tuple[str, Any]]) -> None:
    """Print names and values below each other; empty ones are left out."""
    shown = [(name, value) for name, value in pairs if value not in (None, "", [], {})]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        line(f"{name:<{width}}  {printable(text)}")


def device(found: dict[str, Any]) -> None:
    """Print one machine."""
    lease = found.get("lease")
    until = f"until {lease['expires_at']}, used {lease['offers']} times" if lease else None
    conflict = (found.get("conflict") or {}).get("why")
    fields(
        [
            ("machine", found["id"]),
            ("state", found["state"]),
            ("hostname", found["hostname"]),
            ("role", found["role"]),
            ("MACs", found["macs"]),
            ("make", " ".join(filter(None, [found["vendor"], found["product"]]))),
            ("serial", found["serial"]),
            ("UUID", found["uuid"]),
            ("firmware", " ".join(filter(None, [found["firmware"], found["arch"]]))),
            ("address", found["address"]),
            ("pairing code", found["pairing_code"]),
            ("conflict", conflict),
            ("approved by", found["approved_by"]),
            ("may install", until),
            ("hand-over", found["handover"]),
            ("tags", found["tags"]),
            ("notes", found["notes"]),
            ("first seen", found["first_seen"]),
            ("last seen", found["last_seen"]),
        ]
    )


def explanation(found: dict[str, Any]) -> None:
    """Print what a machine would be told and why."""
    lease = found.get("lease") or {}
    fields(
        [
            ("machine", found["mac"]),
            ("answer", found["summary"]),
            ("rule", found["rule"]),
            ("state", found["state"] or "unknown"),
            ("hostname", found["hostname"]),
            ("profile", found["profile"]),
            ("problem", found["profile_problem"]),
            ("approved by", found["approved_by"]),
            ("lease until", lease.get("expires_at")),
            ("pairing code", found["pairing_code"]),
            ("command line", found["command_line"]),
        ]
    )
    for reply in found["dhcp"]:
        name = f"{reply['firmware']} (option 93 = {reply['arch']})"
        told = reply["filename"] or f"nothing: {reply['why']}"
        line(f"DHCP  {'iPXE' if reply['ipxe'] else name:<38}  {printable(told)}")
    line("\nscript:")
    line(found["script"].rstrip())
