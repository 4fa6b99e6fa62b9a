"""`ktizo devices …`: the machines."""

from typing import Annotated, Any

import typer

from ktizo.cli import inspecting, show
from ktizo.cli.client import Client, handled
from ktizo.cli.which import Which, find

app = typer.Typer(help="Machines: who knocked, and what was decided.", no_args_is_help=True)


@app.command("list")
@handled
def list_devices(
    state: Annotated[list[str] | None, typer.Option(help="Only these states.")] = None,
    role: Annotated[list[str] | None, typer.Option(help="controlplane, worker.")] = None,
    arch: Annotated[list[str] | None, typer.Option(help="x86_64, i386, arm64.")] = None,
    firmware: Annotated[list[str] | None, typer.Option(help="bios, uefi.")] = None,
    vendor: Annotated[str, typer.Option(help="Part of the maker's name.")] = "",
    search: Annotated[str, typer.Option(help="Name, MAC, serial, make, notes…")] = "",
    sort: Annotated[
        str, typer.Option(help="Such as hostname, address, vendor; with - before it downwards.")
    ] = "-last_seen",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    as_json: show.AsJson = False,
) -> None:
    """List machines, the last seen first. An option given twice means either."""
    page = Client().get(
        "/devices",
        state=state,
        role=role,
        arch=arch,
        firmware=firmware,
        vendor=vendor,
        q=search,
        sort=sort,
        limit=limit,
    )
    if show.wants_json(as_json):
        show.json_text(page)
        return
    rows = [
        [
            str(d["id"]),
            d["state"],
            d["hostname"] or "-",
            d["macs"][0] if d["macs"] else "-",
            d["address"] or "-",
            " ".join(filter(None, [d["vendor"], d["product"]])) or "-",
            d["firmware"] or "-",
            d["role"] or "-",
            d["pairing_code"],
            show.ago(d["last_seen"]),
        ]
        for d in page["items"]
    ]
    columns = ["ID", "STATE", "NAME", "MAC", "ADDRESS", "MAKE", "FIRMWARE", "ROLE", "CODE", "SEEN"]
    show.table(columns, rows)
    if page["total"] > len(rows):
        show.line(f"{len(rows)} of {page['total']} shown; see --limit and --search")


@app.command("show")
@handled
def show_device(which: Which, as_json: show.AsJson = False) -> None:
    """Show one machine."""
    _print(find(Client(), which), as_json)


def _print(found: dict[str, Any], as_json: bool) -> None:
    if show.wants_json(as_json):
        show.json_text(found)
    else:
        show.device(found)


@app.command()
@handled
def approve(
    which: Which,
    role: Annotated[str | None, typer.Option(help="controlplane or worker.")] = None,
    profile: Annotated[str | None, typer.Option(help="Boot profile; default: by role.")] = None,
    hostname: Annotated[str | None, typer.Option()] = None,
    cluster: Annotated[str | None, typer.Option(help="Join this cluster.")] = None,
    install_disk: Annotated[
        str | None, typer.Option(help="Such as /dev/nvme0n1; wwid:... or serial:... pins it.")
    ] = None,
    minutes: Annotated[int | None, typer.Option(help="How long it may install.")] = None,
    as_json: show.AsJson = False,
) -> None:
    """Let a machine install, once. Its next network boot erases what it installs on."""
    client = Client()
    body = {
        "role": role,
        "profile": profile,
        "hostname": hostname,
        "cluster": cluster,
        "install_disk": install_disk,
        "lease_minutes": minutes,
    }
    given = {name: value for name, value in body.items() if value is not None}
    _print(client.post(f"/devices/{find(client, which)['id']}/approve", given), as_json)


@app.command()
@handled
def reinstall(
    which: Which,
    confirm: Annotated[str, typer.Option(help="Its hostname, or its MAC: it will be erased.")],
    profile: Annotated[str | None, typer.Option(help="Boot profile.")] = None,
    as_json: show.AsJson = False,
) -> None:
    """Let an installed machine be erased and installed again."""
    client = Client()
    body = {"confirm": confirm} | ({"profile": profile} if profile else {})
    _print(client.post(f"/devices/{find(client, which)['id']}/reinstall", body), as_json)


def _simple(name: str, doc: str) -> None:
    @handled
    def act(which: Which, as_json: show.AsJson = False) -> None:
        client = Client()
        _print(client.post(f"/devices/{find(client, which)['id']}/{name}"), as_json)

    act.__doc__ = doc
    app.command(name)(act)


_simple("reject", "Never let a machine install; a running permission ends at once.")
_simple("restore", "Take a rejection back: the machine is pending again.")
_simple("ran", "Note that you saw it run: from now on it boots from its own disk.")
app.command("inspect")(inspecting.inspect)
app.command("inspection")(inspecting.inspection)


@app.command()
@handled
def timeline(which: Which, as_json: show.AsJson = False) -> None:
    """Show what happened to a machine, boot by boot."""
    client = Client()
    found = client.get(f"/devices/{find(client, which)['id']}/timeline")
    if show.wants_json(as_json):
        show.json_text(found)
        return
    for boot in found:
        show.line(f"\n{boot['started_at'][:10]}  {boot['duration_ms'] / 1000:.1f} s")
        for step in boot["steps"]:
            before = step["since_previous_ms"]
            took = "" if before is None else f"+{before / 1000:.1f} s"
            what = " ".join(f"{name}={value}" for name, value in step["data"].items())
            times = f" ({step['count']} times)" if step["count"] > 1 else ""
            show.line(
                f"{step['at'][11:23]}  {took:>9}  {step['kind']:<14} {show.printable(what)}{times}"
            )
