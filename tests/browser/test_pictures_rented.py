"""Pictures of rented servers: `make screenshots`. Vendors and prices are doubles."""

from dataclasses import replace

from playwright.sync_api import expect

from .conftest import Visit
from .skies import Sky
from .test_pictures import SHEET, draw
from .test_providers import looks, sky

__all__ = ["looks", "sky"]  # fixtures

VENDORS = {"latitude": "USD", "vultr": "USD", "cherry": "EUR", "scaleway": "EUR"}


def several(sky: Sky, names: dict[str, str]) -> None:
    """Add an account at each of these vendors."""
    for name, currency in names.items():
        sky.vendor(name)
        sky.add_account(name, currency=currency)


def test_the_catalogue_is_drawn(visit: Visit, sky: Sky):
    several(sky, VENDORS | {"hetzner": "EUR", "digitalocean": "USD"})
    page = visit(sky.box, "/servers/catalogue", "ada", size=SHEET)
    expect(page.get_by_role("link", name="Order").first).to_be_visible()
    draw(page, "catalogue-light")


def test_rented_servers_are_drawn(visit: Visit, sky: Sky):
    several(sky, VENDORS)
    for number, vendor in enumerate(sky.clouds.vendors.values(), start=1):
        vendor.wanted = replace(vendor.wanted, name=f"node-{number}")
        sky.run(sky.clouds.order(vendor))
        if number % 2:
            vendor.double.deliver()
    page = visit(sky.box, "/servers", "ada", size=SHEET)
    expect(page.get_by_text("node-4").first).to_be_visible()
    draw(page, "servers-light")
