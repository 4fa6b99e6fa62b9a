"""Everything about rented servers that lives while the appliance does, wired once."""

from typing import Any

from ktizo.core.http import Http
from ktizo.core.settings import Settings
from ktizo.providers.catalogue import PlanShelf
from ktizo.providers.clients import Clients
from ktizo.provisioning.keeper import Keeper
from ktizo.provisioning.order import Orders
from ktizo.provisioning.site import Site


def open_provisioning(state: Any, settings: Settings) -> None:
    """Put `clients`, `plan_shelf`, `orders` and `keeper` on the app's `state`."""
    state.clients = Clients(state.sealer, state.writer)
    state.plan_shelf = PlanShelf(state.clients)
    state.site = Site(
        database=state.db,
        reader=state.reader,
        sealer=state.sealer,
        writer=state.writer,
        clients=state.clients,
        plans=state.plan_shelf,
        doors=state.doors,
        front=state.front,
        assets=state.assets,
        reach=state.nodes.reach,
        rooms_for=state.rooms_for,
        http=Http(tries=1),
        settings=settings,
    )
    state.orders = Orders(state.site)
    state.keeper = Keeper(state.site, state.orders)


async def close_provisioning(state: Any) -> None:
    """Let go of servers and providers."""
    await state.keeper.stop()
    await state.clients.close()
    await state.site.http.close()
