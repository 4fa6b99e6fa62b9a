"""`ktizo providers add …`: accounts at providers.

Plain commands; providers.py puts them into the group.
"""

from http import HTTPMethod
from typing import Annotated, Any

import typer

from ktizo.cli import show
from ktizo.cli.asking import ask
from ktizo.cli.assigned import pairs
from ktizo.cli.client import USAGE, Client, fail, handled
from ktizo.cli.credentials import completed, form_of, given

Account = Annotated[str, typer.Argument(help="Name or number of an account.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="A setting; a secret only as FIELD=-, which is typed unseen or a line of stdin.",
    ),
]
FromEnv = Annotated[
    bool, typer.Option("--from-env", help="Take the provider's environment variables.")
]
Hourly = Annotated[
    str | None, typer.Option(help="The most a server may cost an hour; none: order nothing.")
]
Setup = Annotated[str | None, typer.Option(help="The most that may be paid once.")]
Currency = Annotated[str | None, typer.Option(help="Of both limits, such as EUR.")]


@handled
def accounts(as_json: show.AsJson = False) -> None:
    """List the accounts."""
    found = Client().get("/provider-accounts")
    if show.wants_json(as_json):
        show.json_text(found)
        return
    rows = [
        [
            str(one["id"]),
            one["name"],
            one["provider"],
            "on" if one["enabled"] else "off",
            _an_hour(one),
            f"{one['max_setup']} {one['currency']}",
            str(one["servers"]),
            _tested(one),
        ]
        for one in found
    ]
    columns = ["ID", "NAME", "PROVIDER", "IS", "AT MOST AN HOUR", "ONCE", "SERVERS", "TESTED"]
    show.table(columns, rows)


def _an_hour(account: dict[str, Any]) -> str:
    limit = account["max_hourly"]
    return "orders nothing" if limit is None else f"{limit} {account['currency']}"


def _tested(account: dict[str, Any]) -> str:
    tested = account["tested"]
    if tested is None:
        return "never"
    said = f"ok: {tested['name']}" if tested["ok"] else f"refused: {tested['message']}"
    return f"{said}, {show.ago(account['tested_at'])}" if account["tested_at"] else said


def _print(found: dict[str, Any], as_json: bool) -> None:
    if show.wants_json(as_json):
        show.json_text(found)
        return
    show.fields(
        [
            ("account", f"{found['name']} ({found['id']})"),
            ("provider", found["title"]),
            ("is", "on" if found["enabled"] else "off: it is asked nothing"),
            *found["settings"].items(),
            ("secrets", found["secrets"]),
            ("at most an hour", _an_hour(found)),
            ("at most once", f"{found['max_setup']} {found['currency']}"),
            ("servers", found["servers"]),
            ("tested", _tested(found)),
        ]
    )


def _limits(hourly: str | None, setup: str | None, currency: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"max_setup": setup, "currency": currency}
    body = {name: value for name, value in found.items() if value is not None}
    if hourly is not None:
        body["max_hourly"] = None if hourly == "none" else hourly
    return body


@handled
def add(
    provider: Annotated[str, typer.Argument(help="See `ktizo providers list`.")],
    name: Annotated[str, typer.Option(help="What to call the account.")],
    settings: Settings = None,
    from_env: FromEnv = False,
    max_hourly: Hourly = None,
    max_setup: Setup = None,
    currency: Currency = None,
    as_json: show.AsJson = False,
) -> None:
    """Add an account. What is missing is asked for on a terminal, secrets unseen."""
    client = Client()
    form = form_of(client, provider)
    told = completed(form, given(form, pairs(settings, "--set"), from_env=from_env))
    body = {"provider": provider, "name": name, "settings": told}
    body |= _limits(max_hourly, max_setup, currency)
    _print(client.post("/provider-accounts", body), as_json)


@handled
def change(
    account: Account,
    name: Annotated[str | None, typer.Option(help="What to call it from now on.")] = None,
    settings: Settings = None,
    from_env: FromEnv = False,
    max_hourly: Hourly = None,
    max_setup: Setup = None,
    currency: Currency = None,
    enabled: Annotated[
        bool | None, typer.Option("--on/--off", help="Off: its provider is asked nothing.")
    ] = None,
    as_json: show.AsJson = False,
) -> None:
    """Change an account; what is not given stays, and an empty setting goes back to its default."""
    client = Client()
    body = _limits(max_hourly, max_setup, currency)
    if settings or from_env:
        form = form_of(client, client.get(f"/provider-accounts/{account}")["provider"])
        body["settings"] = given(form, pairs(settings, "--set"), from_env=from_env)
    body |= {"name": name} if name is not None else {}
    body |= {"enabled": enabled} if enabled is not None else {}
    if not body:
        fail("say what to change; see --help", USAGE)
    changed = client.call(HTTPMethod.PATCH, f"/provider-accounts/{account}", body=body)
    _print(changed, as_json)


@handled
def remove(account: Account) -> None:
    """Forget an account; refused while it has servers that may cost."""
    Client().call(HTTPMethod.DELETE, f"/provider-accounts/{account}")


@handled
def try_out(account: Account, as_json: show.AsJson = False) -> None:
    """Try an account's credentials, which spends nothing; 1 when they do not work."""
    found = ask(Client(), f"/provider-accounts/{account}/test")
    if show.wants_json(as_json):
        show.json_text(found)
    elif found["ok"]:
        show.fields([("ok", found["name"] or "yes"), ("more", found["detail"])])
    if not found["ok"]:
        fail(found["message"])
