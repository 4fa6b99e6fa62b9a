"""`ktizo servers …`: rented servers."""

from typing import Annotated, Any, Literal

import typer

from ktizo.cli import ordering, show
from ktizo.cli.asking import ask, ask_once, look
from ktizo.cli.client import Client, fail, handled
from ktizo.cli.confirming import Confirm, confirmed
from ktizo.cli.ordering import (
    Approved,
    Cluster,
    InstallDisk,
    Minutes,
    Profile,
    Role,
    ServerId,
    approval,
)
from ktizo.cli.server_views import Follow, finish, print_server, table

app = typer.Typer(help="Rented servers: order, reinstall, give back.", no_args_is_help=True)
app.command("preview")(ordering.preview)
app.command("order")(ordering.order)
app.command("order-again")(ordering.order_again)

Account = Annotated[str, typer.Argument(help="Name or number of an account.")]
LOST = (
    "nobody knows whether the provider did it: look with `ktizo servers refresh {}` before you ask"
    " again"
)


@app.command("list")
@handled
def list_servers(
    account: Annotated[str | None, typer.Option(help="Only this account's.")] = None,
    stage: Annotated[
        list[str] | None, typer.Option(help="Such as ordered, unsure, delivered, gone.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 200,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    as_json: show.AsJson = False,
) -> None:
    """List rented servers, newest first. An option given twice means either."""
    found = Client().get("/servers", account=account, stage=stage, limit=limit, offset=offset)
    if show.wants_json(as_json):
        show.json_text(found)
        return
    table(found["servers"])
    if found["total"] > len(found["servers"]):
        show.line(f"{len(found['servers'])} of {found['total']} shown; see --limit and --offset")


@app.command("show")
@handled
def show_server(server: ServerId, follow: Follow = False, as_json: show.AsJson = False) -> None:
    """Show one server."""
    client = Client()
    finish(client, client.get(f"/servers/{server}"), follow, as_json)


@app.command("refresh")
@handled
def refresh(server: ServerId, as_json: show.AsJson = False) -> None:
    """Ask the provider now how a server is."""
    print_server(ask(Client(), f"/servers/{server}/refresh"), as_json)


@app.command("reinstall")
@handled
def reinstall(
    server: ServerId,
    approve: Approved = False,
    role: Role = None,
    cluster: Cluster = None,
    profile: Profile = None,
    install_disk: InstallDisk = None,
    minutes: Minutes = None,
    confirm: Confirm = None,
    follow: Follow = False,
    as_json: show.AsJson = False,
) -> None:
    """Erase a server and boot it from Ktizo again."""
    wanted = approval(
        approve,
        role=role,
        cluster=cluster,
        profile=profile,
        install_disk=install_disk,
        lease_minutes=minutes,
    )
    client = Client()
    if confirm is None:
        confirm = _agreed(client, server, "echo_reinstall", "nothing was reinstalled")
    body = {"confirm": confirm, "approve": wanted}
    path = f"/servers/{server}/reinstall"
    done = ask_once(client, path, body, lost=LOST.format(server))
    finish(client, done, follow, as_json)


@app.command("delete")
@handled
def delete(
    server: ServerId,
    confirm: Confirm = None,
    token: Annotated[str, typer.Option(help="Where the provider mails one (OVHcloud).")] = "",
    as_json: show.AsJson = False,
) -> None:
    """Give a server back. Where a token is mailed, give that with a second `delete`."""
    client = Client()
    if confirm is None:
        confirm = _agreed(client, server, "echo_delete", "nothing was given back")
    body = {"confirm": confirm, "token": token}
    path = f"/servers/{server}/delete"
    print_server(ask_once(client, path, body, lost=LOST.format(server)), as_json)


def _agreed(client: Client, server: int, echo: str, nothing: str) -> str:
    found: dict[str, Any] = client.get(f"/servers/{server}")
    if not found[echo]:
        fail(f"it is {found['stage']}, and the provider has no server for it; {nothing}")
    return confirmed(found[echo], nothing=nothing)


@app.command("power")
@handled
def power(
    server: ServerId,
    action: Annotated[Literal["on", "off", "reboot"], typer.Argument()],
    as_json: show.AsJson = False,
) -> None:
    """Switch a server. One that is off is still paid for."""
    path = f"/servers/{server}/power"
    done = ask_once(Client(), path, {"action": action}, lost=LOST.format(server))
    print_server(done, as_json)


@app.command("forget")
@handled
def forget(server: ServerId) -> None:
    """Take a server out of the list that has ended."""
    Client().post(f"/servers/{server}/forget")


@app.command("found")
@handled
def found(account: Account, as_json: show.AsJson = False) -> None:
    """List every server that an account has at its provider, Ktizo's or not."""
    servers = look(Client(), f"/provider-accounts/{account}/servers")
    if show.wants_json(as_json):
        show.json_text(servers)
        return
    rows = [
        [
            one["vendor_id"],
            one["name"],
            f"{one['status']} ({one['raw_status']})",
            one["plan"] or "-",
            one["region"] or "-",
            one["addresses"][0] if one["addresses"] else "-",
            str(one["server_id"] or "-"),
        ]
        for one in servers
    ]
    show.table(["NUMBER THERE", "NAME", "STATUS", "PLAN", "REGION", "ADDRESS", "ID HERE"], rows)


@app.command("adopt")
@handled
def adopt(
    account: Account,
    vendor_id: Annotated[str, typer.Argument(help="Its number there; see `ktizo servers found`.")],
    as_json: show.AsJson = False,
) -> None:
    """Take a server into the list that Ktizo did not order. Nothing is done to it."""
    body = {"account": account, "vendor_id": vendor_id}
    print_server(ask(Client(), "/servers/adopt", body), as_json)
