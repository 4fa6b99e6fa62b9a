"""Each page, light and dark: nothing in the console, nothing serious for a screen reader's user."""

import pytest
from playwright.sync_api import expect

from .axe import SOURCE, serious
from .conftest import Visit
from .look import DESK, PHONE
from .places import PLACES, Place, address, settled
from .served import Served

FOR_ADMINS = tuple(
    one for one in PLACES if one.path.startswith(("/settings", "/network", "/clusters/prod"))
)
needs_axe = pytest.mark.skipif(not SOURCE.exists(), reason="browser: axe-core: npm ci in frontend")


@pytest.fixture(scope="module")
def box(lived: Served) -> Served:
    """The Ktizo of this module."""
    return lived


@needs_axe
def test_no_page_has_a_serious_finding_of_axe_or_scrolls_sideways(visit: Visit, box: Served):
    page = visit(box, "/", "ada")
    found = []
    for place in PLACES:
        page.goto(address(box, place))
        settled(page, place)
        found += [f"{place.name}: {finding}" for finding in serious(page)]
        page.set_viewport_size(PHONE)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{place.name}: it scrolls sideways on a phone")
        page.set_viewport_size(DESK)
    assert not found, "\n".join(found)


@needs_axe
def test_in_the_dark_everything_can_be_read_as_well(visit: Visit, box: Served):
    page = visit(box, "/", "ada", theme="dark")
    found = []
    for place in PLACES:
        page.goto(address(box, place))
        settled(page, place)
        found += [f"{place.name}: {finding}" for finding in serious(page, "color-contrast")]
    assert not found, "\n".join(found)


@needs_axe
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_neither_have_the_entry_pages_and_the_dialogs(theme: str, visit: Visit, box: Served):
    page = visit(box, "/sign-in", theme=theme)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    found = serious(page)
    page = visit(box, "/machines/pending", "ada", theme=theme)
    page.get_by_role("button", name="Approve").first.click()
    expect(page.get_by_role("dialog").get_by_text("Script it will be sent")).to_be_visible()
    found += serious(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_role("listbox").get_by_role("option").first).to_be_visible()
    found += serious(page)
    page.goto("/clusters")
    page.get_by_role("button", name="New cluster").click()
    expect(page.get_by_role("dialog").get_by_label("Endpoint")).to_be_visible()
    found += serious(page)
    page.goto("/settings?tab=tokens")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_role("dialog").get_by_label("Name")).to_be_visible()
    found += serious(page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("who", "where"), [("vera", PLACES), ("omar", FOR_ADMINS)])
def test_no_page_asks_for_what_a_lesser_role_may_not_have(
    who: str, where: tuple[Place, ...], visit: Visit, box: Served
):
    """The watch fails this test when one answer is a 403."""
    page = visit(box, "/", who)
    for place in where:
        page.goto(address(box, place))
        expect(page.get_by_role("heading", level=1)).to_contain_text(place.heading)
        expect(page.get_by_role("main").get_by_text("Loading")).to_have_count(0)
        expect(page.get_by_role("alert").filter(has_text="needs the role")).to_have_count(0)


def test_every_page_can_be_reached_from_the_navigation(visit: Visit, box: Served):
    page = visit(box, "/", "omar")
    nav = page.get_by_role("navigation", name="Main")
    for place in PLACES:
        if place.path.count("/") == 1 and "?" not in place.path and place.name != "missing":
            nav.get_by_role("link", name=place.heading).first.click()
            expect(page.get_by_role("heading", name=place.heading, level=1)).to_be_visible()
            expect(nav.locator("[aria-current=page]").last).to_contain_text(place.heading)
