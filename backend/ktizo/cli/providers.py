"""`ktizo providers …`: companies that rent out machines, and what they sell."""

from typing import Annotated, Any

import typer

from ktizo.cli import provider_accounts, show
from ktizo.cli.asking import ask, look
from ktizo.cli.client import NOT_FOUND, Client, fail, handled
from ktizo.cli.provider_accounts import Account

app = typer.Typer(help="Providers of rented machines: accounts, plans.", no_args_is_help=True)
app.command("accounts")(provider_accounts.accounts)
app.command("add")(provider_accounts.add)
app.command("change")(provider_accounts.change)
app.command("remove")(provider_accounts.remove)
app.command("test")(provider_accounts.try_out)


def _known() -> list[dict[str, Any]]:
    """Return what every provider declares, as the API has it."""
    # Here, because the seven clients take a second that no other command should wait for.
    from ktizo.providers.registry import PROVIDERS
    from ktizo.providers.view import provider_view

    return [provider_view(one).model_dump(mode="json") for one in PROVIDERS.values()]


@app.command("list")
@handled
def list_providers(as_json: show.AsJson = False) -> None:
    """List every provider and what it can do; needs no server."""
    found = _known()
    if show.wants_json(as_json):
        show.json_text(found)
        return
    rows = [[one["name"], one["title"], ", ".join(one["capabilities"])] for one in found]
    show.table(["NAME", "PROVIDER", "CAPABILITIES"], rows)


@app.command("show")
@handled
def show_provider(name: str, as_json: show.AsJson = False) -> None:
    """Show what an account there needs and an order may say; needs no server."""
    known = _known()
    found = next((one for one in known if one["name"] == name), None)
    if found is None:
        names = ", ".join(one["name"] for one in known)
        fail(f"there is no provider {name}; there are {names}", NOT_FOUND)
    if show.wants_json(as_json):
        show.json_text(found)
        return
    show.fields([(key, found[key]) for key in ("name", "title", "url", "capabilities")])
    show.line("")
    _settings(found)
    if found["options_schema"]:
        show.line("")
        _options(found["options_schema"])
    for note in found["notes"]:
        show.line(f"note: {note}")


def _settings(found: dict[str, Any]) -> None:
    schema, environment = found["settings_schema"], found["environment"]
    rows = []
    for name, field in schema["properties"].items():
        marks = ["secret"] if field.get("writeOnly") else []
        marks += ["required"] if name in schema.get("required", ()) else []
        variables = [variable for variable, of in environment.items() if of == name]
        rows.append([name, ", ".join(marks), ", ".join(variables), _about(field)])
    show.table(["SETTING", "IS", "ENVIRONMENT VARIABLE", "ABOUT"], rows)


def _options(schema: dict[str, Any]) -> None:
    rows = [
        [name, field.get("type", ""), str(field.get("default", "")), _about(field)]
        for name, field in schema["properties"].items()
    ]
    show.table(["OPTION OF AN ORDER", "TYPE", "DEFAULT", "ABOUT"], rows)


def _about(field: dict[str, Any]) -> str:
    title, said = field.get("title", ""), field.get("description", "")
    return ": ".join(filter(None, [title, said] if title.lower() != said.lower() else [said]))


@app.command("plans")
@handled
def plans(
    account: Annotated[str | None, typer.Option(help="Only this account's.")] = None,
    provider: Annotated[str | None, typer.Option(help="Only this provider's.")] = None,
    region: Annotated[str | None, typer.Option(help="Only what is sold there.")] = None,
    talos: Annotated[
        bool | None, typer.Option("--talos/--no-talos", help="Whether Ktizo can boot Talos there.")
    ] = None,
    in_stock: Annotated[bool | None, typer.Option("--in-stock/--sold-out")] = None,
    kind: Annotated[str | None, typer.Option(help="metal or vm.")] = None,
    search: Annotated[str, typer.Option(help="Words in plan, CPU or account.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask the providers again.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """List what can be ordered in all accounts, cheapest first."""
    found = look(
        Client(),
        "/plans",
        account=account,
        provider=provider,
        region=region,
        talos=talos,
        in_stock=in_stock,
        kind=kind,
        q=search,
        limit=limit,
        offset=offset,
        refresh=refresh,
    )
    if show.wants_json(as_json):
        show.json_text(found)
    else:
        _plans(found)
    for trouble in found["troubles"]:
        why = show.printable(f"{trouble['account']}: {trouble['message']} ({trouble['code']})")
        show.error(f"plans are missing: {why}")


def _plans(found: dict[str, Any]) -> None:
    rows = [
        [
            one["id"],
            one["account"],
            one["cpu"] or "-",
            f"{one['memory_gib']:g} GiB",
            one["disks"] or "-",
            f"{one['hourly']} {one['currency']}" if one["hourly"] else "-",
            _stock(one["offers"]),
            ": ".join(filter(None, ["yes" if one["talos"] else "no", one["why"]])),
        ]
        for one in found["plans"]
    ]
    columns = ["PLAN", "ACCOUNT", "CPU", "MEMORY", "DISKS", "AN HOUR", "IN STOCK", "TALOS"]
    show.table(columns, rows)
    if found["total"] > len(rows):
        show.line(f"{len(rows)} of {found['total']} shown; see --limit, --offset and --search")


def _stock(offers: list[dict[str, Any]]) -> str:
    """Return the regions that have some; with `?` where the provider does not say."""
    there = [
        one["region"] + ("" if one["in_stock"] else "?")
        for one in offers
        if one["in_stock"] is not False
    ]
    return " ".join(there) or "sold out"


@app.command("regions")
@handled
def regions(account: Account, as_json: show.AsJson = False) -> None:
    """List where an account's servers may stand."""
    found = look(Client(), f"/provider-accounts/{account}/regions")
    if show.wants_json(as_json):
        show.json_text(found)
    else:
        rows = [[one["id"], one["name"], one["country"]] for one in found]
        show.table(["REGION", "NAME", "COUNTRY"], rows)


@app.command("keys")
@handled
def keys(account: Account, as_json: show.AsJson = False) -> None:
    """List the SSH keys a provider knows, for `ktizo servers order --ssh-key`."""
    found = look(Client(), f"/provider-accounts/{account}/ssh-keys")
    if show.wants_json(as_json):
        show.json_text(found)
    else:
        rows = [[one["id"], one["name"], one["fingerprint"]] for one in found]
        show.table(["KEY", "NAME", "FINGERPRINT"], rows)


@app.command("add-key")
@handled
def add_key(
    account: Account,
    file: Annotated[typer.FileText, typer.Argument(help="A .pub file; - is standard input.")],
    name: Annotated[str, typer.Option(help="What the provider is to call it.")],
    as_json: show.AsJson = False,
) -> None:
    """Let a provider know a public SSH key; one that it has stays as it is."""
    key = file.read(4001).strip()
    if "PRIVATE KEY" in key:
        fail("that is a private key; give the file that ends in .pub")
    path = f"/provider-accounts/{account}/ssh-keys"
    found = ask(Client(), path, {"name": name, "public_key": key})
    if show.wants_json(as_json):
        show.json_text(found)
    else:
        show.fields([("key", found["id"]), ("name", found["name"])])


@app.command("reach")
@handled
def reach(as_json: show.AsJson = False) -> None:
    """Say whether a rented machine could reach this Ktizo; 1 when it could not."""
    found = look(Client(), "/reachability")
    if show.wants_json(as_json):
        show.json_text(found)
    elif found["ok"]:
        show.line(f"Ktizo is there at {found['url']}")
    if not found["ok"]:
        fail(found["problem"])
