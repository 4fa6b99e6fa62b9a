"""What an order would cost at most, where any of the wanted regions may be the one it goes to."""

from collections.abc import Sequence

from ktizo.providers.base import Offer, Plan, Price, Quote, Wanted
from ktizo.providers.errors import OutOfStock, Rejected
from ktizo.providers.fields import shown


def dearest(prices: Sequence[Price]) -> Price:
    """Return what none of these prices is above.

    The hour, the month and what is paid once may each come from another one.
    """
    if not prices:
        raise Rejected("name a region")
    if len({one.currency for one in prices}) > 1:
        raise Rejected("the regions have prices in several currencies: name those of one")
    most = max(prices, key=lambda one: one.an_hour or 0)
    months = [one.monthly for one in prices if one.monthly is not None]
    setup = max(one.setup for one in prices)
    return Price(most.currency, most.hourly, max(months, default=None), setup)


def from_catalogue(title: str, plan: Plan, wanted: Wanted) -> Quote:
    """Return the dearest of the wanted regions that sell the plan, sold out for now or not.

    The order goes to each in turn while there is no stock, and stock may come back meanwhile.
    Raises OutOfStock when none of them has any left, Rejected when one does not tell its price.
    """
    if not wanted.regions:
        raise Rejected("name a region")
    there = {one.region: one for one in plan.offers}
    sold = [there[region] for region in wanted.regions if region in there]
    if not any(one.in_stock is not False for one in sold):
        where = " and ".join(wanted.regions)
        raise OutOfStock(f"{title} has no {wanted.plan} in {where}: take another region or plan")
    for one in sold:
        if one.price is None or one.price.an_hour is None:
            raise Rejected(
                f"{title} tells no price of {wanted.plan} in {one.region}: leave that region out"
            )
    prices = [one.price for one in sold if one.price is not None]
    return Quote(dearest(prices), tuple(_line(one) for one in sold))


def _line(offer: Offer) -> str:
    price = offer.price
    if price is None:
        return f"{offer.region}: no price is told"
    parts = []
    if price.hourly is not None:
        parts.append(f"{shown(price.hourly)} {price.currency} an hour")
    if price.monthly is not None:
        parts.append(
            f"{'at most ' if parts else ''}{shown(price.monthly)} {price.currency} a month"
        )
    if price.setup:
        parts.append(f"{shown(price.setup)} {price.currency} once")
    return f"{offer.region}: {', '.join(parts)}" + (
        ", none left for now" if offer.in_stock is False else ""
    )
