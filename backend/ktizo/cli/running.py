"""`ktizo clusters bring-up …`: what is done to clusters that run, and how they are.

Plain commands; clusters.py puts them into the group.
"""

from typing import Annotated, Any

import typer

from ktizo.cli import show
from ktizo.cli.client import REFUSED, Client, fail, handled
from ktizo.cli.which import Which, find
from ktizo.cli.works import finish

Name = Annotated[str, typer.Argument(help="Name or number of a cluster.")]
Wait = Annotated[bool, typer.Option("--wait", "-w", help="Show its steps until it has ended.")]
Version = Annotated[str, typer.Argument(help="Such as v1.13.9.")]


@handled
def bring_up(
    cluster: Name,
    first: Annotated[str | None, typer.Option(help="The machine etcd begins on.")] = None,
    wait: Wait = False,
    as_json: show.AsJson = False,
) -> None:
    """Begin etcd on one control plane, exactly once, and see the cluster through to Ready."""
    client = Client()
    body = {"first": find(client, first)["id"]} if first else {}
    _ask(client, cluster, "bring-up", body, wait, as_json)


@handled
def upgrade_talos(
    cluster: Name,
    version: Version,
    schematic: Annotated[str | None, typer.Option(help="Its id; default: as before.")] = None,
    wait: Wait = False,
    as_json: show.AsJson = False,
) -> None:
    """Bring every node to another Talos, one by one; stops at the first that does not come back."""
    body = {"version": version} | ({"schematic": schematic} if schematic else {})
    _ask(Client(), cluster, "upgrade-talos", body, wait, as_json)


@handled
def upgrade_kubernetes(
    cluster: Name, version: Version, wait: Wait = False, as_json: show.AsJson = False
) -> None:
    """Bring a cluster to another Kubernetes, component by component."""
    _ask(Client(), cluster, "upgrade-kubernetes", {"version": version}, wait, as_json)


@handled
def apply_config(
    cluster: Name,
    node: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    mode: Annotated[str, typer.Option(help="auto, no-reboot, reboot or staged.")] = "auto",
    wait: Wait = False,
    as_json: show.AsJson = False,
) -> None:
    """Give running nodes the config they should have; only those that differ are touched."""
    client = Client()
    ids = [find(client, one)["id"] for one in node or []]
    _ask(client, cluster, "apply-config", {"device_ids": ids, "mode": mode}, wait, as_json)


@handled
def remove_member(
    cluster: Name,
    which: Which,
    confirm: Annotated[str, typer.Option(help="Its hostname, or its MAC: it will be wiped.")],
    wipe: Annotated[str, typer.Option(help="system-disk or all.")] = "system-disk",
    force: Annotated[
        bool, typer.Option("--force", help="It is dead: have etcd vote it out, wipe nothing.")
    ] = False,
    wait: Wait = False,
    as_json: show.AsJson = False,
) -> None:
    """Take a node out: leave etcd, wipe, forget its place in the cluster."""
    client = Client()
    device_id = find(client, which)["id"]
    body = {"device_id": device_id, "confirm": confirm, "wipe": wipe, "force": force}
    _ask(client, cluster, "remove-member", body, wait, as_json)


@handled
def health(cluster: Name, as_json: show.AsJson = False) -> None:
    """Say how a cluster is; exit code 1 when it is not healthy."""
    found = Client().get(f"/clusters/{cluster}/health")
    if show.wants_json(as_json):
        show.json_text(found)
    else:
        _print(found)
    if not found["healthy"]:
        fail(f"{cluster} is not healthy", REFUSED)


def _print(found: dict[str, Any]) -> None:
    up = sum(one["healthy"] for one in found["etcd"])
    members = f"{up} of {len(found['etcd'])} members are up, {found['quorum']} are needed"
    show.fields(
        [
            ("healthy", "yes" if found["healthy"] else "no"),
            ("etcd", members if found["bootstrapped"] else "has not begun"),
            ("nodes", f"{found['nodes_ready']} of {found['nodes']} are ready"),
        ]
    )
    for one in found["etcd"]:
        marks = [name for name in ("leader", "learner") if one[name]]
        marks += [] if one["healthy"] else ["down"]
        name = show.printable(one["hostname"] or one["id"])
        show.line(f"  {name}  {one['id']}  {', '.join(marks)}".rstrip())
    for problem in found["problems"]:
        show.line(f"! {show.printable(problem)}")


def _ask(
    client: Client, cluster: str, what: str, body: dict[str, Any], wait: bool, as_json: bool
) -> None:
    finish(client, client.post(f"/clusters/{cluster}/{what}", body), wait, as_json)
