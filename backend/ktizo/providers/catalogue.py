"""Plans across all accounts, asked of their providers and kept for a few minutes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from ktizo.core.clock import utc_now
from ktizo.core.errors import KtizoError
from ktizo.providers.audited import OURSELVES
from ktizo.providers.base import Plan, Price
from ktizo.providers.clients import Clients
from ktizo.providers.schemas import AccountTrouble, Catalogue, OfferView, PlanView, PriceView
from ktizo.providers.sealing import declaration_of
from ktizo.providers.store import Account

KEPT = timedelta(minutes=5)
TOTAL_S = 90.0  # a provider that takes longer is a trouble, and the others' plans are shown


@dataclass(frozen=True, slots=True)
class Filter:
    """Which plans are wanted; None: any."""

    region: str | None = None
    talos: bool | None = None
    in_stock: bool | None = None
    kind: str | None = None
    text: str = ""

    def takes(self, plan: PlanView) -> bool:
        """Say whether a plan is wanted."""
        words = f"{plan.id} {plan.name} {plan.cpu} {plan.provider} {plan.account}".lower()
        return (
            (self.talos is None or plan.talos is self.talos)
            and (self.in_stock is None or plan.in_stock is self.in_stock)
            and (self.kind is None or plan.kind == self.kind)
            and (self.region is None or any(one.region == self.region for one in plan.offers))
            and all(word in words for word in self.text.lower().split())
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    at: datetime
    edition: datetime
    plans: tuple[Plan, ...] = ()
    error: KtizoError | None = None


class PlanShelf:
    """Keeps what providers said of their plans, account by account."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._asked: dict[int, _Asked] = {}
        self._locks: dict[int, asyncio.Lock] = {}

    async def catalogue(
        self,
        accounts: Sequence[Account],
        wanted: Filter,
        *,
        limit: int,
        offset: int,
        refresh: bool = False,
    ) -> Catalogue:
        """Return the plans wanted, cheapest first; what could not be asked is named."""
        asked = await asyncio.gather(*(self._of(row, refresh) for row in accounts))
        plans, troubles = [], []
        for row, one in zip(accounts, asked, strict=True):
            if one.error is not None:
                trouble = {"code": one.error.code, "message": one.error.message}
                troubles.append(AccountTrouble(account_id=row.id, account=row.name, **trouble))
            shown = (_view(row, plan, wanted.region) for plan in one.plans)
            plans += [plan for plan in shown if wanted.takes(plan)]
        plans.sort(key=_dearness)
        return Catalogue(
            plans=plans[offset : offset + limit],
            total=len(plans),
            troubles=troubles,
            asked_at=min((one.at for one in asked), default=utc_now()),
        )

    def known(self, account_id: int, plan_id: str) -> Plan | None:
        """Return a plan as its provider told it last; None when nobody has asked."""
        asked = self._asked.get(account_id)
        return next((one for one in asked.plans if one.id == plan_id), None) if asked else None

    async def _of(self, row: Account, refresh: bool) -> _Asked:
        now = utc_now()
        async with self._locks.setdefault(row.id, asyncio.Lock()):
            kept = self._asked.get(row.id)
            if kept is not None and kept.edition == row.updated_at:
                # Who waited for the lock has an answer from after their own question.
                if kept.at >= now:
                    return kept
                if kept.error is None and not refresh and now - kept.at < KEPT:
                    return kept
            self._asked[row.id] = found = await self._ask(row)
            return found

    async def _ask(self, row: Account) -> _Asked:
        try:
            async with asyncio.timeout(TOTAL_S):
                plans = await self._clients.of(row, OURSELVES).plans()
        except KtizoError as error:
            return _Asked(utc_now(), row.updated_at, error=error)
        except TimeoutError:
            slow = KtizoError(f"{row.name} took longer than {TOTAL_S:.0f} s to tell its plans")
            return _Asked(utc_now(), row.updated_at, error=slow)
        return _Asked(utc_now(), row.updated_at, tuple(plans))


def price_view(price: Price) -> PriceView:
    """Return a price as people see it."""
    return PriceView(
        currency=price.currency,
        hourly=_text(price.hourly),
        monthly=_text(price.monthly),
        setup=_text(price.setup) or "0",
    )


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount.normalize():f}"


def _view(row: Account, plan: Plan, region: str | None) -> PlanView:
    offers = [one for one in plan.offers if region is None or one.region == region]
    priced = [
        one.price for one in offers if one.price is not None and one.price.an_hour is not None
    ]
    best = min(priced, key=lambda price: price.an_hour or 0, default=None)
    stock = {one.in_stock for one in offers}
    hour = best.an_hour if best else None
    return PlanView(
        account_id=row.id,
        account=row.name,
        provider=row.provider,
        title=declaration_of(row.provider).title,
        id=plan.id,
        name=plan.name,
        kind=plan.kind,
        cpu=plan.cpu,
        cores=plan.cores,
        memory_gib=plan.memory_gib,
        disks=plan.disks,
        talos=plan.talos,
        why=plan.why,
        offers=[
            OfferView(
                region=one.region,
                price=price_view(one.price) if one.price else None,
                in_stock=one.in_stock,
            )
            for one in plan.offers
        ],
        hourly=None if hour is None else f"{round(hour, 6).normalize():f}",
        currency=best.currency if best else None,
        in_stock=True if True in stock else (None if None in stock or not stock else False),
    )


def _dearness(plan: PlanView) -> tuple[bool, Decimal, str, str]:
    """Sort by price; currencies are not converted, a number is a number."""
    hour = Decimal(plan.hourly) if plan.hourly is not None else Decimal(0)
    return plan.hourly is None, hour, plan.account, plan.id
