"""`ktizo clusters …`: clusters, their machines, and what each of those gets."""

import json
from http import HTTPMethod
from pathlib import Path
from typing import Annotated, Any

import typer

from ktizo.cli import running, show
from ktizo.cli.client import USAGE, Client, fail, handled
from ktizo.cli.which import Which, find
from ktizo.core.errors import KtizoError
from ktizo.core.files import write_atomic

app = typer.Typer(help="Clusters, their machines and configs.", no_args_is_help=True)
secrets = typer.Typer(help="A cluster's secrets; every look is audited.", no_args_is_help=True)
app.add_typer(secrets, name="secrets")
app.command("bring-up")(running.bring_up)
app.command("upgrade-talos")(running.upgrade_talos)
app.command("upgrade-kubernetes")(running.upgrade_kubernetes)
app.command("apply-config")(running.apply_config)
app.command("remove-member")(running.remove_member)
app.command("health")(running.health)

Name = Annotated[str, typer.Argument(help="Name or number of a cluster.")]
Why = Annotated[str, typer.Option("--reason", help="Why; the audit keeps it.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write to this file, mode 0600.")]
Changes = Annotated[
    list[str] | None, typer.Argument(help="FIELD=VALUE; lists and objects as JSON, null empties.")
]


@app.command("list")
@handled
def list_clusters(as_json: show.AsJson = False) -> None:
    """List clusters."""
    found = Client().get("/clusters")
    if show.wants_json(as_json):
        show.json_text(found)
        return
    columns = ["ID", "NAME", "ENDPOINT", "TALOS", "KUBERNETES", "CONTROL PLANES", "WORKERS"]
    names = ["id", "name", "endpoint", "talos_version", "kubernetes_version"]
    names += ["control_planes", "workers"]
    show.table(columns, [[str(one[name]) for name in names] for one in found])


def _print(found: dict[str, Any], as_json: bool) -> None:
    if show.wants_json(as_json):
        show.json_text(found)
    else:
        show.fields([(name.replace("_", " "), value) for name, value in found.items()])


@app.command("show")
@handled
def show_cluster(cluster: Name, as_json: show.AsJson = False) -> None:
    """Show one cluster's settings."""
    _print(Client().get(f"/clusters/{cluster}"), as_json)


@app.command("create")
@handled
def create(
    name: Annotated[str, typer.Argument(help="Its name.")],
    endpoint: Annotated[str, typer.Option(help="https://ADDRESS:6443")],
    settings: Changes = None,
    secrets_file: Annotated[
        Path | None, typer.Option("--secrets", help="An existing secrets.yaml.", exists=True)
    ] = None,
    as_json: show.AsJson = False,
) -> None:
    """Make a cluster with its secrets: fresh ones, or those of a file."""
    body = {"name": name, "endpoint": endpoint} | _values(settings)
    if secrets_file is not None:
        body["secrets"] = secrets_file.read_text()
    _print(Client().post("/clusters", body), as_json)


@app.command("set")
@handled
def change(cluster: Name, settings: Changes = None, as_json: show.AsJson = False) -> None:
    """Change settings, such as `kubernetes_version=1.35.4 nameservers='["192.0.2.53"]'`."""
    body = _values(settings)
    if not body:
        fail("give at least one FIELD=VALUE", USAGE)
    _print(Client().call(HTTPMethod.PATCH, f"/clusters/{cluster}", body=body), as_json)


def _values(settings: list[str] | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in settings or []:
        name, separator, text = one.partition("=")
        if not separator:
            fail(f"{one!r} is not FIELD=VALUE", USAGE)
        found[name] = _value(text)
    return found


def _value(text: str) -> Any:
    """Return JSON where it can only be that; a version such as 1.35 stays text."""
    if text in {"null", "true", "false"} or text[:1] in {"[", "{"}:
        try:
            return json.loads(text)
        except ValueError as error:
            fail(f"{text!r} is not JSON: {error}", USAGE)
    return text


@app.command("join")
@handled
def join(
    cluster: Name,
    which: Which,
    role: Annotated[str | None, typer.Option(help="controlplane or worker.")] = None,
    address: Annotated[str | None, typer.Option(help="192.0.2.11/24; default: DHCP.")] = None,
    install_disk: Annotated[str | None, typer.Option(help="Default: the cluster's.")] = None,
    as_json: show.AsJson = False,
) -> None:
    """Take a machine into a cluster, or change its place there."""
    client = Client()
    body = {"role": role, "address": address, "install_disk": install_disk}
    path = f"/clusters/{cluster}/members/{find(client, which)['id']}"
    _print(client.call(HTTPMethod.PUT, path, body=body), as_json)


@app.command("leave")
@handled
def leave(cluster: Name, which: Which) -> None:
    """Take a machine out of a cluster."""
    client = Client()
    device = find(client, which)["id"]
    client.call(HTTPMethod.DELETE, f"/clusters/{cluster}/members/{device}")


@app.command("generate")
@handled
def generate(cluster: Name, as_json: show.AsJson = False) -> None:
    """Make and check what all machines of each role share; shown without secrets."""
    found = Client().call(HTTPMethod.POST, f"/cluster/config/generate?cluster={cluster}")
    if show.wants_json(as_json):
        show.json_text(found)
        return
    for role in ("controlplane", "worker"):
        show.line(f"# {role}\n{found[role]}")
    for warning in found["warnings"]:
        show.error(warning)


@app.command("regenerate")
@handled
def regenerate(as_json: show.AsJson = False) -> None:
    """Make every machine's config again and write down those that changed."""
    _print(Client().post("/devices/regenerate"), as_json)


@app.command("preview")
@handled
def preview(
    which: Which,
    reason: Annotated[
        str, typer.Option(help="Show secrets too, for this reason; the audit keeps it.")
    ] = "",
    out: Out = None,
    as_json: show.AsJson = False,
) -> None:
    """Show the config a machine would get now, with fingerprints in place of secrets."""
    client = Client()
    path = f"/clusters/devices/{find(client, which)['id']}/preview"
    method = HTTPMethod.POST if reason else HTTPMethod.GET
    found = client.call(method, path, reason=reason)
    for warning in found["warnings"]:
        show.error(warning)
    if as_json:
        show.json_text(found)
    else:
        _keep(found["config"], out)


@app.command("diff")
@handled
def diff(which: Which, as_json: show.AsJson = False) -> None:
    """Show how what a machine would get now differs from what it was given."""
    client = Client()
    found = client.get(f"/clusters/devices/{find(client, which)['id']}/diff")
    if as_json:
        show.json_text(found)
    else:
        show.line(found["diff"] or "no difference")


@app.command("history")
@handled
def history(which: Which, as_json: show.AsJson = False) -> None:
    """Show what a machine was given, newest first."""
    client = Client()
    found = client.get(f"/clusters/devices/{find(client, which)['id']}/history")
    if show.wants_json(as_json):
        show.json_text(found)
        return
    names = ["id", "at", "times", "role", "cluster_version", "address", "size", "sha256"]
    show.table([n.upper() for n in names], [[str(one[n] or "-") for n in names] for one in found])


def _keep(text: str, out: Path | None) -> None:
    if out is None:
        show.line(text.rstrip("\n"))
        return
    try:
        write_atomic(out, text, 0o600)
    except KtizoError as error:
        fail(error.message)
    show.line(f"{out} written, mode 0600")


@secrets.command("show")
@handled
def show_secrets(cluster: Name, as_json: show.AsJson = False) -> None:
    """Say which secrets a cluster has: fingerprints and last days of its CAs."""
    _print(Client().get(f"/clusters/{cluster}/secrets"), as_json)


@secrets.command("export")
@handled
def export(cluster: Name, reason: Why, out: Out = None) -> None:
    """Give out secrets.yaml: whoever has it owns the cluster."""
    _keep(Client().post(f"/clusters/{cluster}/secrets/export", {"reason": reason}), out)


@secrets.command("replace")
@handled
def replace(
    cluster: Name,
    reason: Why,
    file: Annotated[
        Path | None, typer.Option(help="A secrets.yaml; default: fresh ones.", exists=True)
    ] = None,
    confirm: Annotated[str, typer.Option(help="The cluster's name, if it has secrets.")] = "",
    as_json: show.AsJson = False,
) -> None:
    """Give a cluster other secrets. Machines made under the old ones are locked out."""
    body = {"reason": reason, "confirm": confirm}
    if file is not None:
        body["secrets"] = file.read_text()
    found = Client().call(HTTPMethod.PUT, f"/clusters/{cluster}/secrets", body=body)
    _print(found, as_json)


@secrets.command("talosconfig")
@handled
def talosconfig(
    cluster: Name,
    reason: Why,
    role: Annotated[list[str] | None, typer.Option(help="Default: os:admin.")] = None,
    hours: Annotated[int, typer.Option(min=1, max=87_600)] = 8_760,
    out: Out = None,
) -> None:
    """Make a talosconfig."""
    body = {"reason": reason, "roles": role or ["os:admin"], "hours": hours}
    _keep(Client().post(f"/clusters/{cluster}/talosconfig", body), out)


@secrets.command("kubeconfig")
@handled
def kubeconfig(
    cluster: Name,
    reason: Why,
    hours: Annotated[int, typer.Option(min=1, max=87_600)] = 8_760,
    out: Out = None,
) -> None:
    """Make an admin kubeconfig; it needs no running machine."""
    body = {"reason": reason, "hours": hours}
    _keep(Client().post(f"/clusters/{cluster}/kubeconfig", body), out)
