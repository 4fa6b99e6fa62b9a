"""The command's table of contents. Exit codes are in client.py and docs/cli.md."""

import typer

from ktizo import __version__
from ktizo.cli import (
    accounts,
    audit,
    clusters,
    devices,
    images,
    keys,
    lan,
    nodes,
    profiles,
    providers,
    servers,
    show,
    simulate,
    talos,
    works,
)
from ktizo.cli.client import Client, handled

app = typer.Typer(
    help="Ktizo turns bare metal into running Talos Linux clusters.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(devices.app, name="devices")
app.add_typer(profiles.app, name="profiles")
app.add_typer(lan.app, name="lan")
app.add_typer(clusters.app, name="clusters")
app.add_typer(nodes.app, name="nodes")
app.add_typer(works.app, name="works")
app.add_typer(images.app, name="images")
app.add_typer(providers.app, name="providers")
app.add_typer(servers.app, name="servers")
app.add_typer(talos.app, name="talos")
app.add_typer(keys.app, name="key")
app.add_typer(audit.app, name="audit")
app.command("setup-link")(accounts.setup_link)
app.command("simulate")(simulate.simulate)


@app.command()
@handled
def serve() -> None:
    """Run the appliance. Settings are KTIZO_* variables; see docs/settings.md."""
    # Here, because the server's libraries take a second that no other command should wait for.
    from ktizo.cli.serve import run

    run()


@app.command()
def version() -> None:
    """Print the version."""
    show.line(__version__)


@app.command()
@handled
def explain(mac: str, as_json: show.AsJson = False) -> None:
    """Say what the machine with this MAC would be told now, and why. Changes nothing."""
    answer = Client().get("/boot/explain", mac=mac)
    if show.wants_json(as_json):
        show.json_text(answer)
    else:
        show.explanation(answer)


def main() -> None:
    """Run the command."""
    app()
