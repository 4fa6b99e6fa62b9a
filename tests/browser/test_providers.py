"""Accounts, catalogue, an order and its end, as a person does them; the double counts orders."""

import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from provisioning.clouds import SETTINGS

from .axe import SOURCE, serious
from .conftest import BUILT, Visit
from .look import DESK, PHONE, Looks
from .skies import Sky, skied

SECRET = SETTINGS["latitude"]["api_key"]
PROJECT = SETTINGS["latitude"]["project"]
needs_axe = pytest.mark.skipif(not SOURCE.exists(), reason="browser: axe-core: npm ci in frontend")


@pytest.fixture
def sky(tmp_path: Path) -> Iterator[Sky]:
    """A Ktizo with doubles where vendors would be, and no account yet."""
    with skied(tmp_path, BUILT) as made:
        yield made


@pytest.fixture
def looks(chromium: Browser, sky: Sky) -> Generator[Looks, None, None]:
    """Browsers that close before their Ktizo does: it waits for live streams to end."""
    all_of_them = Looks(chromium)
    yield all_of_them
    all_of_them.close()


def ordered(sky: Sky) -> dict[str, Any]:
    """Order a server at a double; returns it."""
    vendor = sky.vendor("latitude")
    sky.add_account("latitude", currency="USD")
    server: dict[str, Any] = sky.run(sky.clouds.order(vendor))
    return server


def test_an_account_is_added_tested_and_switched_off_and_its_secret_never_comes_back(
    visit: Visit, sky: Sky
):
    sky.vendor("latitude")
    page = visit(sky.box, "/servers/accounts", "ada")
    expect(page.get_by_text("everything here is off")).to_be_visible()
    page.get_by_role("button", name="Add an account", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Provider").select_option("latitude")
    dialog.get_by_label("Name", exact=True).fill("main")
    dialog.get_by_label("API key").fill(SECRET)
    dialog.get_by_label("Project").fill(PROJECT)
    expect(dialog).to_contain_text("nothing may be ordered")
    dialog.get_by_label("Most a server may cost an hour").fill("2")
    dialog.get_by_label("Currency of both").fill("USD")
    dialog.get_by_role("button", name="Add account").click()
    expect(dialog).to_be_hidden()

    card = page.get_by_role("article", name="Account main")
    expect(card).to_contain_text("Up to 2.00 USD an hour")
    card.get_by_role("button", name="Test credentials").click()
    expect(card).to_contain_text("Credentials are good")
    card.get_by_role("button", name="Change…").click()
    key = page.get_by_role("dialog").get_by_label("API key")
    expect(key).to_have_value("")
    assert SECRET not in page.content()
    page.keyboard.press("Escape")
    card.get_by_role("button", name="Switch off").click()
    expect(card).to_contain_text("is asked nothing")
    (account,) = sky.box.api("GET", "provider-accounts")
    assert (account["enabled"], account["secrets"]) == (False, ["api_key"])


def test_a_server_is_ordered_once_after_its_price_was_repeated(visit: Visit, sky: Sky):
    vendor = sky.vendor("latitude")
    sky.add_account("latitude", currency="USD")
    page = visit(sky.box, "/servers/catalogue?talos=yes", "omar")
    row = page.get_by_role("row").filter(has_text=vendor.wanted.plan).first
    expect(row).to_contain_text("USD an hour")
    row.get_by_role("link", name=re.compile("^Order")).click()
    page.get_by_label("Name", exact=True).fill("far-1")
    region = page.get_by_role("combobox", name="Another region")
    if region.count():
        region.select_option(vendor.wanted.regions[0])
        page.get_by_role("button", name="Add region").click()
    page.get_by_role("button", name="Look at the price").click()
    order = page.get_by_role("button", name="Order it")
    expect(order).to_be_disabled()
    assert len(vendor.double.orders) == 0, "looking orders nothing"
    echo = page.get_by_role("group", name="To confirm").inner_text()
    field = page.get_by_label("Type or paste this line to go on")
    field.fill(echo[:-1])
    expect(order).to_be_disabled()
    field.fill(echo)
    order.dblclick()
    expect(page.get_by_role("heading", level=1)).to_contain_text("far-1")
    assert len(vendor.double.orders) == 1
    page.goto("/servers")
    expect(page.get_by_role("row").filter(has_text="far-1")).to_contain_text("Latitude.sh")
    cost = page.get_by_role("region", name="What they cost")
    expect(cost).to_contain_text(re.compile("USD an hour|1 server whose price"))


def test_a_server_is_given_back_by_its_echo_and_then_forgotten(visit: Visit, sky: Sky):
    server = ordered(sky)
    page = visit(sky.box, f"/servers/{server['id']}", "omar")
    act(page, "Give back…")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("It ends at once")
    dialog.get_by_label("Type or paste this line to go on").fill(server["echo_delete"])
    dialog.get_by_role("button", name="Give it back").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name=re.compile("^Ask")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Gone")
    act(page, "Forget…")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill(server["name"])
    dialog.get_by_role("button", name="Forget", exact=True).click()
    expect(page).to_have_url(re.compile("/servers$"))
    assert sky.box.api("GET", "servers")["total"] == 0


def act(page: Page, name: str) -> None:
    """Choose from a server's actions."""
    page.get_by_role("button", name=re.compile("^More: actions of")).click()
    page.get_by_role("menuitem", name=re.compile(re.escape(name))).click()


def test_an_account_that_cannot_be_asked_is_named_above_the_plans(visit: Visit, sky: Sky):
    sky.vendor("latitude")
    sky.add_account("latitude", currency="USD")
    wrong = {"api_key": "wrong-" + "x" * 20, "project": PROJECT}
    body = {"provider": "latitude", "name": "broken", "settings": wrong}
    sky.box.api("POST", "provider-accounts", 201, json=body)
    page = visit(sky.box, "/servers/catalogue", "omar")
    expect(page.get_by_role("alert", name="Not asked")).to_contain_text("broken")
    expect(page.get_by_role("table")).to_contain_text("USD an hour")


@needs_axe
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_of_servers_have_no_serious_finding_and_fit_a_phone(
    theme: str, visit: Visit, looks: Looks, sky: Sky
):
    server = ordered(sky)
    wanted = sky.clouds.vendors["latitude"].wanted
    where = {
        "/servers": "What they cost",
        f"/servers/{server['id']}": "Where it stands",
        "/servers/catalogue": "USD an hour",
        "/servers/accounts": "Providers Ktizo knows",
        f"/servers/order?account=latitude&plan={wanted.plan}": "What is wanted",
    }
    page = visit(sky.box, "/", "ada", theme=theme)
    found = []
    for path, shows in where.items():
        page.goto(path)
        expect(page.get_by_text(shows).filter(visible=True).first).to_be_visible()
        expect(page.get_by_role("main").get_by_text("Loading")).to_have_count(0)
        found += [f"{path}: {finding}" for finding in serious(page)]
        page.set_viewport_size(PHONE)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{path}: it scrolls sideways on a phone")
        page.set_viewport_size(DESK)
    page.goto("/servers/accounts")
    page.get_by_role("button", name="Add an account", exact=True).click()
    expect(page.get_by_role("dialog").get_by_label("Name", exact=True)).to_be_visible()
    found += [f"account dialog: {finding}" for finding in serious(page)]
    assert not found, "\n".join(found)
