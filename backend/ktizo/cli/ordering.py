"""`ktizo servers order …`: what costs money.

Plain commands; servers.py puts them into the group.
"""

from typing import Annotated, Any

import typer

from ktizo.cli import show
from ktizo.cli.asking import ask, ask_once
from ktizo.cli.assigned import values
from ktizo.cli.client import USAGE, Client, fail, handled
from ktizo.cli.confirming import Confirm, confirmed
from ktizo.cli.server_views import Follow, finish, price
from ktizo.cli.terminal import tell

LOST = (
    "nobody knows whether it was ordered. Ktizo looks for it at the provider and orders nothing by"
    " itself; see `ktizo servers list`, and do not order again before you looked"
)
NOTHING = "nothing was ordered"

ServerId = Annotated[int, typer.Argument(help="Its number; see `ktizo servers list`.", min=1)]
Account = Annotated[str, typer.Option(help="Name or number of an account.")]
Name = Annotated[str, typer.Option(help="Its hostname.")]
Plan = Annotated[str, typer.Option(help="See `ktizo providers plans`.")]
Regions = Annotated[list[str], typer.Option(help="Given again: the next where one is sold out.")]
Keys = Annotated[list[str] | None, typer.Option(help="Id of a key; see `ktizo providers keys`.")]
Options = Annotated[
    list[str] | None,
    typer.Option(metavar="FIELD=VALUE", help="Of the provider; see `ktizo providers show`."),
]
Approved = Annotated[
    bool, typer.Option("--approve", help="Let its machine install as soon as it asks.")
]
Role = Annotated[str | None, typer.Option(help="controlplane or worker.")]
Cluster = Annotated[str | None, typer.Option(help="Join this cluster.")]
Profile = Annotated[str | None, typer.Option(help="Boot profile; default: by role.")]
InstallDisk = Annotated[str | None, typer.Option(help="Such as /dev/nvme0n1.")]
Minutes = Annotated[int | None, typer.Option(help="How long it may install.")]


def approval(approved: bool, **wanted: Any) -> dict[str, Any] | None:
    """Return what its machine is approved with; None: it waits for an approval."""
    given = {name: value for name, value in wanted.items() if value is not None}
    if given and not approved:
        first = "minutes" if "lease_minutes" in given else next(iter(given)).replace("_", "-")
        fail(f"--{first} is of an approval: add --approve", USAGE)
    return given if approved else None


def preview_lines(found: dict[str, Any]) -> list[str]:
    """Return a preview in words."""
    reached = found["reachability"]
    by = "checked by the provider's own dry run" if found["checked"] else "not checked by a dry run"
    lines = [f"costs {price(found['price'])}, without VAT; {by}"]
    lines += [f"  {line}" for line in found["lines"]]
    warnings = [*found["warnings"], *([] if reached["ok"] else [reached["problem"]])]
    return lines + [f"warning: {one}" for one in warnings if one != found["refusal"]]


@handled
def preview(
    account: Account,
    name: Name,
    plan: Plan,
    region: Regions,
    ssh_key: Keys = None,
    option: Options = None,
    approve: Approved = False,
    role: Role = None,
    cluster: Cluster = None,
    profile: Profile = None,
    install_disk: InstallDisk = None,
    minutes: Minutes = None,
    as_json: show.AsJson = False,
) -> None:
    """Say what an order would cost and do, and order nothing; 1 when it may not be ordered."""
    wish = _wish(account, name, plan, region, ssh_key, option)
    wish["approve"] = approval(
        approve,
        role=role,
        cluster=cluster,
        profile=profile,
        install_disk=install_disk,
        lease_minutes=minutes,
    )
    found = ask(Client(), "/servers/preview", wish)
    if show.wants_json(as_json):
        show.json_text(found)
    else:
        for line in preview_lines(found):
            show.line(show.printable(line))
        show.line(f"confirm an order with: {show.printable(found['echo'])}")
    if not found["allowed"]:
        fail(found["refusal"])


@handled
def order(
    account: Account,
    name: Name,
    plan: Plan,
    region: Regions,
    ssh_key: Keys = None,
    option: Options = None,
    approve: Approved = False,
    role: Role = None,
    cluster: Cluster = None,
    profile: Profile = None,
    install_disk: InstallDisk = None,
    minutes: Minutes = None,
    confirm: Confirm = None,
    unreached: Annotated[
        bool, typer.Option("--unreached", help="Although Ktizo does not reach itself from outside.")
    ] = False,
    follow: Follow = False,
    as_json: show.AsJson = False,
) -> None:
    """Order a server, once. This costs money: shows the price, and wants it confirmed."""
    wish = _wish(account, name, plan, region, ssh_key, option)
    wish["approve"] = approval(
        approve,
        role=role,
        cluster=cluster,
        profile=profile,
        install_disk=install_disk,
        lease_minutes=minutes,
    )
    client = Client()
    # What --confirm says is judged by Ktizo against a price asked anew: no dry run is spent here.
    said = confirm if confirm is not None else _agreed(client, wish)
    body = wish | {"confirm": said, "unreached": unreached}
    finish(client, ask_once(client, "/servers", body, lost=LOST), follow, as_json)


@handled
def order_again(
    server: ServerId, confirm: Confirm = None, follow: Follow = False, as_json: show.AsJson = False
) -> None:
    """Order once more what was refused or lost; what the provider has of it is taken instead."""
    client = Client()
    if confirm is None:
        found = client.get(f"/servers/{server}")
        wish = {name: found[name] for name in ("name", "plan", "regions", "ssh_keys", "options")}
        confirm = _agreed(client, wish | {"account": str(found["account_id"])})
    path = f"/servers/{server}/order-again"
    finish(client, ask_once(client, path, {"confirm": confirm}, lost=LOST), follow, as_json)


def _wish(
    account: str,
    name: str,
    plan: str,
    regions: list[str],
    keys: list[str] | None,
    options: list[str] | None,
) -> dict[str, Any]:
    return {
        "account": account,
        "name": name,
        "plan": plan,
        "regions": regions,
        "ssh_keys": keys or [],
        "options": values(options, "--option"),
    }


def _agreed(client: Client, wish: dict[str, Any]) -> str:
    """Show what an order would cost and return what confirms it, once somebody typed that."""
    found = ask(client, "/servers/preview", wish)
    for line in preview_lines(found):
        tell(line)
    if not found["allowed"]:
        fail(f"{found['refusal']}; {NOTHING}")
    return confirmed(found["echo"], nothing=NOTHING)
