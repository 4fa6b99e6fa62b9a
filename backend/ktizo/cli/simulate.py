"""`ktizo simulate`: a fleet from power-on to Ready, without hardware."""

import asyncio
import random
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

import typer

from ktizo.cli.client import REFUSED, UNREACHABLE, USAGE, fail, handled
from ktizo.cli.simulation.killing import PHASES, Kills, UnknownPhase
from ktizo.cli.simulation.office import Away, Refused
from ktizo.cli.simulation.wish import Wish

INTERRUPTED = 130
MACHINES = 900_000  # numbers to choose from, so that two fleets on one Ktizo are not the same


@handled
def simulate(
    control_planes: Annotated[int, typer.Option(min=1, max=9)] = 3,
    workers: Annotated[int, typer.Option(min=0, max=2000)] = 20,
    talos: Annotated[str, typer.Option(help="Version of Talos, 1.9 to 1.14.")] = "v1.12.11",
    inspect: Annotated[
        bool, typer.Option("--inspect", help="Look at every machine before approving it.")
    ] = False,
    speed: Annotated[
        float, typer.Option(min=0.1, max=1000, help="How fast the machines are; 1: for watching.")
    ] = 1.0,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the dashboard; 0: any.")] = 0,
    kill: Annotated[
        list[str] | None,
        typer.Option(help=f"Kill Ktizo with -9 in this phase: {', '.join(PHASES)}, or all."),
    ] = None,
    stay: Annotated[
        bool, typer.Option("--stay", help="Leave everything on afterwards, until Ctrl-C.")
    ] = False,
    cluster: Annotated[str, typer.Option(help="Name of the cluster it makes.")] = "simulated",
    url: Annotated[
        str, typer.Option(help="A Ktizo that runs on this box, such as http://127.0.0.1:8000.")
    ] = "",
) -> None:
    """Show a whole fleet from power-on to Ready: real Ktizo, simulated machines.

    Starts a Ktizo of its own on loopback, with data that is thrown away, and acts as its operator.
    """
    wish = Wish(
        control_planes=control_planes,
        workers=workers,
        version=f"v{talos.removeprefix('v')}",
        inspect=inspect,
        speed=speed,
        kill=tuple(kill or ()),
        cluster=cluster,
        # A Ktizo that runs already may have machines, also simulated ones.
        prefix=f"{cluster}-" if url else "",
        first=random.randrange(1, MACHINES) if url else 1,  # noqa: S311 - a number, no secret
    )
    _check(wish, url)
    # Here, because simulated machines bring libraries no other command should wait for.
    from ktizo.cli.simulation import playing

    ended = playing.Ended()
    try:
        asyncio.run(playing.play(wish, ended, url=url, port=port, stay=stay))
    except (KeyboardInterrupt, asyncio.CancelledError):
        if not ended.promises:
            raise typer.Exit(INTERRUPTED) from None
    except (playing.GaveUp, playing.ApplianceFailed, Refused) as error:
        fail(str(error), REFUSED)
    except Away as error:
        fail(f"Ktizo does not answer: {error}", UNREACHABLE)
    if not ended.well:
        fail("not every promise was kept; see above")


def _check(wish: Wish, url: str) -> None:
    try:
        Kills(wish.kill, inspect=wish.inspect)
    except UnknownPhase as error:
        fail(str(error), USAGE)
    if url and wish.kill:
        fail("--kill is for a Ktizo that simulate itself has started, not for --url", USAGE)
    host = urlsplit(url).hostname if url else "127.0.0.1"
    if host != "localhost" and not _loopback(host or ""):
        fail("simulated machines live on loopback addresses: --url must be one too", USAGE)


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
