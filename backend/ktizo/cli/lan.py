"""`ktizo lan …`: the LAN side, dnsmasq."""

from http import HTTPMethod
from typing import Annotated, Any

import typer

from ktizo.cli import show
from ktizo.cli.client import NOT_FOUND, Client, Stop, fail, handled

app = typer.Typer(help="The LAN side: dnsmasq, loaders, interfaces.", no_args_is_help=True)
# What the API gives and does not take.
READ_ONLY = {"updated_at"}


def _settings(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/network/lan")
    return {name: value for name, value in found.items() if name not in READ_ONLY}


@app.command("show")
@handled
def show_lan(as_json: show.AsJson = False) -> None:
    """Show the LAN's settings and how dnsmasq is."""
    client = Client()
    status = client.get("/network/status")
    lan = client.get("/network/lan") if status["set_up"] else None
    if show.wants_json(as_json):
        show.json_text({"lan": lan, "status": status})
        return
    show.fields(list((lan or {}).items()))
    show.fields(
        [
            ("running", "yes" if status["running"] else "no"),
            ("last error", status["last_error"]),
            ("notes", status["notes"]),
        ]
    )
    rows = [
        [str(one["arch"]), one["label"], one["over"], one["file"] or "-", one["why"]]
        for one in status["loaders"]
    ]
    show.table(["ARCH", "FIRMWARE", "OVER", "LOADER", "WHY"], rows)


@app.command("set")
@handled
def set_lan(
    interface: Annotated[str | None, typer.Option(help="As `ip link` names it.")] = None,
    address: Annotated[str | None, typer.Option(help="This box's own address there.")] = None,
    subnet: Annotated[str | None, typer.Option(help="As 192.168.1.0/24.")] = None,
    mode: Annotated[str | None, typer.Option(help="proxy or full.")] = None,
    first: Annotated[str | None, typer.Option(help="First address to lend; full mode.")] = None,
    last: Annotated[str | None, typer.Option(help="Last address to lend; full mode.")] = None,
    gateway: Annotated[str | None, typer.Option(help="Default router; full mode.")] = None,
    dns: Annotated[list[str] | None, typer.Option(help="DNS server; full mode.")] = None,
    ntp: Annotated[list[str] | None, typer.Option(help="Time server; full mode.")] = None,
    loader: Annotated[str | None, typer.Option(help="UEFI x86-64: ipxe or snponly.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Only show the file and what is wrong.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Change the LAN's settings; what is not given stays. Does not switch it on."""
    given = {
        "interface": interface,
        "server_address": address,
        "subnet": subnet,
        "mode": mode,
        "range_start": first,
        "range_end": last,
        "gateway": gateway,
        "dns": dns,
        "ntp": ntp,
        "uefi_loader": loader,
    }
    client = Client()
    try:
        before = _settings(client)
    except Stop as stop:
        if stop.code != NOT_FOUND:
            raise
        before = {}
    wish = before | {name: value for name, value in given.items() if value is not None}
    if dry_run:
        _print_check(client.post("/network/lan/check", wish), as_json)
        return
    answer = client.call(HTTPMethod.PUT, "/network/lan", body=wish)
    if show.wants_json(as_json):
        show.json_text(answer)
    else:
        show.fields(list(answer.items()))


def _print_check(found: dict[str, Any], as_json: bool) -> None:
    if show.wants_json(as_json):
        show.json_text(found)
    else:
        show.line(found["dnsmasq_conf"])
        for finding in found["findings"]:
            show.line(f"{'error' if finding['blocking'] else 'note'}: {finding['message']}")
        show.line(f"dnsmasq: {found['dnsmasq_says'] or 'ok'}")
    if not found["ok"]:
        fail("these settings cannot be used as they are")


def _switch(enabled: bool, as_json: bool) -> None:
    client = Client()
    wish = _settings(client) | {"enabled": enabled}
    client.call(HTTPMethod.PUT, "/network/lan", body=wish)
    status = client.get("/network/status")
    if show.wants_json(as_json):
        show.json_text(status)
    else:
        show.line("dnsmasq runs" if status["running"] else "dnsmasq is off")


@app.command("on")
@handled
def switch_on(as_json: show.AsJson = False) -> None:
    """Run dnsmasq. It must come up, else everything stays as it was."""
    _switch(True, as_json)


@app.command("off")
@handled
def switch_off(as_json: show.AsJson = False) -> None:
    """Stop dnsmasq: machines are told nothing and boot as their firmware likes."""
    _switch(False, as_json)


@app.command("interfaces")
@handled
def interfaces(as_json: show.AsJson = False) -> None:
    """List this box's network interfaces."""
    found = Client().get("/network/interfaces")
    if show.wants_json(as_json):
        show.json_text(found)
        return
    rows = [
        [one["name"], one["mac"] or "-", "up" if one["up"] else "down", " ".join(one["addresses"])]
        for one in found
    ]
    show.table(["NAME", "MAC", "LINK", "ADDRESSES"], rows)
