"""`ktizo works …`: work on clusters that takes minutes, step by step."""

import sys
import time
from typing import Annotated, Any

import typer

from ktizo.cli import show
from ktizo.cli.client import REFUSED, Client, fail, handled

app = typer.Typer(help="Work on clusters: bring-up, upgrades, removals.", no_args_is_help=True)
WorkId = Annotated[int, typer.Argument(help="Its number; see `ktizo works list`.", min=1)]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Show steps until it has ended.")]

POLL_S = 2.0
MARKS = {"todo": " ", "doing": ">", "done": "+", "skipped": "-", "failed": "!"}


@app.command("list")
@handled
def list_works(
    cluster: Annotated[str | None, typer.Argument(help="Name or number; default: all.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    as_json: show.AsJson = False,
) -> None:
    """List works, newest first."""
    path = f"/clusters/{cluster}/works" if cluster else "/works"
    found = Client().get(path, limit=limit)
    if show.wants_json(as_json):
        show.json_text(found)
        return
    rows = [
        [
            str(one["id"]),
            one["cluster"],
            one["kind"].replace("_", " "),
            one["state"],
            one["asked_by"],
            show.ago(one["asked_at"]),
            one["said"] or _at(one),
        ]
        for one in found
    ]
    show.table(["ID", "CLUSTER", "WORK", "STATE", "BY", "ASKED", "NOW"], rows)


def _at(work: dict[str, Any]) -> str:
    doing = next((one for one in work["steps"] if one["state"] == "doing"), None)
    return f"{doing['title']}: {doing['said']}" if doing else "-"


@app.command("show")
@handled
def show_work(work: WorkId, follow: Follow = False, as_json: show.AsJson = False) -> None:
    """Show one work and its steps."""
    client = Client()
    finish(client, client.get(f"/works/{work}"), follow, as_json)


@app.command("retry")
@handled
def retry(work: WorkId, follow: Follow = False, as_json: show.AsJson = False) -> None:
    """Let a work that stopped go on; it looks at everything again first."""
    client = Client()
    finish(client, client.post(f"/works/{work}/retry"), follow, as_json)


@app.command("abandon")
@handled
def abandon(work: WorkId, as_json: show.AsJson = False) -> None:
    """Give a work up where it stands; nothing is taken back."""
    client = Client()
    finish(client, client.post(f"/works/{work}/abandon"), False, as_json)


def finish(client: Client, work: dict[str, Any], follow: bool, as_json: bool) -> None:
    """Print a work; with `follow` its steps as they go, until it has ended or stopped.

    A work followed to a stop ends the command with exit code 1.
    """
    if not follow:
        if show.wants_json(as_json):
            show.json_text(work)
        else:
            _print(work)
        return
    known: dict[str, tuple[str, str]] = {}
    while True:
        if not as_json:
            _print_news(work, known)
        if work["state"] != "running":
            break
        time.sleep(POLL_S)
        work = client.get(f"/works/{work['id']}")
    if as_json:
        show.json_text(work)
    if work["state"] != "done":
        fail(f"{work['kind'].replace('_', ' ')} {work['state']}: {work['said']}", REFUSED)


def _print(work: dict[str, Any]) -> None:
    show.fields(
        [
            ("work", f"{work['id']}: {work['kind'].replace('_', ' ')} of {work['cluster']}"),
            ("state", work["state"]),
            ("why", work["said"]),
            ("asked by", f"{work['asked_by']}, {show.ago(work['asked_at'])}"),
        ]
    )
    for one in work["steps"]:
        _line(one)


def _print_news(work: dict[str, Any], known: dict[str, tuple[str, str]]) -> None:
    for one in work["steps"]:
        now = one["state"], one["said"]
        if one["state"] != "todo" and known.get(one["name"]) != now:
            known[one["name"]] = now
            _line(one)
    sys.stdout.flush()  # somebody watches, also behind a pipe


def _line(step: dict[str, Any]) -> None:
    said = f": {step['said']}" if step["said"] else ""
    show.line(f"{MARKS[step['state']]} {show.printable(step['title'] + said)}")
