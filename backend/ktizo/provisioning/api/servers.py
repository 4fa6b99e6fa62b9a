"""Rented servers, for people and automation: `/api/v1/servers`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status

from ktizo.providers import store
from ktizo.providers.api.desk import Asking
from ktizo.providers.base import PowerAction
from ktizo.providers.desk import Office
from ktizo.providers.stages import Stage
from ktizo.providers.store import Rented
from ktizo.provisioning import changes, reachability, schemas, wish
from ktizo.provisioning.keeper import Keeper
from ktizo.provisioning.order import Orders
from ktizo.provisioning.site import Site
from ktizo.provisioning.view import views

router = APIRouter()

ServerId = Annotated[int, Path(ge=1, lt=2**31)]


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def _keeper(request: Request) -> Keeper:
    keeper: Keeper = request.app.state.keeper
    return keeper


def _orders(request: Request) -> Orders:
    orders: Orders = request.app.state.orders
    return orders


TheSite = Annotated[Site, Depends(_site)]
TheKeeper = Annotated[Keeper, Depends(_keeper)]
TheOrders = Annotated[Orders, Depends(_orders)]


@router.get("/reachability")
async def show_reachability(site: TheSite) -> schemas.Reachability:
    """Say whether a machine out there can reach this Ktizo, as far as it can be seen from here."""
    return await reachability.look(site.doors, site.http, site.resolve)


@router.get("/servers")
async def list_servers(
    office: Asking,
    keeper: TheKeeper,
    account: Annotated[str | None, Query(max_length=63, description="Name or number.")] = None,
    stage: Annotated[list[Stage] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> schemas.ServerList:
    """List rented servers, newest first."""
    async with office.database.read() as session:
        of = (await store.account(session, account)).id if account is not None else None
        rows, total = await store.servers(
            session, account_id=of, stages=stage, limit=limit, offset=offset
        )
        return schemas.ServerList(servers=await views(session, rows, keeper.said), total=total)


@router.post("/servers/preview")
async def preview_order(body: schemas.Wish, office: Asking, site: TheSite) -> schemas.OrderPreview:
    """Say what an order would cost and do. Nothing is ordered."""
    return await wish.preview(site, office, body)


@router.post("/servers", status_code=status.HTTP_201_CREATED)
async def order_server(
    body: schemas.OrderServer, office: Asking, orders: TheOrders, keeper: TheKeeper
) -> schemas.ServerView:
    """Order a server, once. This costs money: `confirm` repeats the preview's `echo`."""
    row = await orders.order(office, body)
    return await _shown(office, keeper, row)


@router.post("/servers/adopt", status_code=status.HTTP_201_CREATED)
async def adopt_server(
    body: schemas.AdoptServer, office: Asking, site: TheSite, keeper: TheKeeper
) -> schemas.ServerView:
    """Take a server into the list that Ktizo did not order. Nothing is done to it."""
    return await _shown(office, keeper, await changes.adopt(site, office, body))


@router.get("/servers/{server_id}")
async def show_server(server_id: ServerId, office: Asking, keeper: TheKeeper) -> schemas.ServerView:
    """Show one rented server."""
    async with office.database.read() as session:
        row = await store.server(session, server_id)
        return (await views(session, [row], keeper.said))[0]


@router.post("/servers/{server_id}/refresh")
async def refresh_server(
    server_id: ServerId, office: Asking, site: TheSite, keeper: TheKeeper
) -> schemas.ServerView:
    """Ask the provider how the server is, now."""
    return await _shown(office, keeper, await changes.refresh(site, office, server_id))


@router.post("/servers/{server_id}/order-again")
async def order_again(
    server_id: ServerId,
    body: schemas.OrderAgain,
    office: Asking,
    orders: TheOrders,
    keeper: TheKeeper,
) -> schemas.ServerView:
    """Order under the same tag once more; what the provider has under it is adopted instead."""
    return await _shown(office, keeper, await orders.again(office, server_id, body.confirm))


@router.post("/servers/{server_id}/reinstall")
async def reinstall_server(
    server_id: ServerId,
    body: schemas.ReinstallServer,
    office: Asking,
    site: TheSite,
    keeper: TheKeeper,
) -> schemas.ServerView:
    """Erase a server and boot it from Ktizo again, under a new boot path."""
    return await _shown(office, keeper, await changes.reinstall(site, office, server_id, body))


@router.post("/servers/{server_id}/delete")
async def delete_server(
    server_id: ServerId,
    body: schemas.DeleteServer,
    office: Asking,
    site: TheSite,
    keeper: TheKeeper,
) -> schemas.ServerView:
    """Give a server back. Where the provider mails a token, `pending` says so: send it then."""
    return await _shown(office, keeper, await changes.delete(site, office, server_id, body))


@router.post("/servers/{server_id}/power")
async def switch_server(
    server_id: ServerId,
    body: schemas.SwitchPower,
    office: Asking,
    site: TheSite,
    keeper: TheKeeper,
) -> schemas.ServerView:
    """Switch a server's power."""
    row = await changes.power(site, office, server_id, PowerAction(body.action))
    return await _shown(office, keeper, row)


@router.post("/servers/{server_id}/forget", status_code=status.HTTP_204_NO_CONTENT)
async def forget_server(server_id: ServerId, office: Asking) -> Response:
    """Take a server out of the list that has ended."""
    await changes.forget(office, server_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


async def _shown(office: Office, keeper: Keeper, row: Rented) -> schemas.ServerView:
    keeper.look(row.id)
    async with office.database.read() as session:
        return (await views(session, [row], keeper.said))[0]
