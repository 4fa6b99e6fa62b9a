"""What providers there are, and what they sell."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request

from ktizo.providers import store
from ktizo.providers.api.desk import Asking
from ktizo.providers.catalogue import Filter, PlanShelf
from ktizo.providers.registry import PROVIDERS
from ktizo.providers.schemas import Catalogue, ProviderView
from ktizo.providers.view import provider_view

router = APIRouter()


@router.get("/providers")
async def list_providers() -> list[ProviderView]:
    """List every provider Ktizo knows, and what it can do."""
    return [provider_view(one) for one in PROVIDERS.values()]


@router.get("/plans")
async def list_plans(
    request: Request,
    office: Asking,
    account: Annotated[str | None, Query(max_length=63, description="Name or number.")] = None,
    provider: Annotated[str | None, Query(max_length=32)] = None,
    region: Annotated[str | None, Query(max_length=100)] = None,
    talos: Annotated[bool | None, Query(description="Whether Ktizo can boot Talos there.")] = None,
    in_stock: Annotated[bool | None, Query()] = None,
    kind: Annotated[Literal["metal", "vm"] | None, Query()] = None,
    q: Annotated[str, Query(max_length=100, description="Words in plan, CPU or account.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
    refresh: Annotated[bool, Query(description="Ask the providers again.")] = False,
) -> Catalogue:
    """List plans across all accounts, cheapest first. Kept for five minutes."""
    shelf: PlanShelf = request.app.state.plan_shelf
    async with office.database.read() as session:
        if account is not None:
            rows = [await store.account(session, account)]
        else:
            rows = [one for one in await store.accounts(session) if one.enabled]
    rows = [one for one in rows if provider is None or one.provider == provider]
    wanted = Filter(region=region, talos=talos, in_stock=in_stock, kind=kind, text=q)
    return await shelf.catalogue(rows, wanted, limit=limit, offset=offset, refresh=refresh)
