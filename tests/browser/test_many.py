"""Ten thousand machines: the list comes at once, and what one sees is in the address."""

import re
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from .conftest import BUILT, Visit
from .crowd import MANY, claim, fill
from .served import Served, serve

AIM_MS = 1000
# Time from the click, or from the start of the load, until the rows are painted and can be used.
SINCE_LOAD = """() => new Promise((done) => requestAnimationFrame(() => setTimeout(() =>
  done(performance.now()))))"""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The Ktizo of this module."""
    folder = tmp_path_factory.mktemp("many")
    fill(folder / "data")
    with serve(folder, KTIZO_FRONTEND_DIR=str(BUILT), KTIZO_MAX_PENDING="20000") as box:
        box.populate()
        assert box.api("GET", "devices?limit=1")["total"] == MANY
        yield box


def rows(page: Page) -> list[str]:
    """The names of the machines that are shown."""
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    return page.get_by_role("row").locator("td:nth-of-type(1), td.macs").all_inner_texts()


def test_the_list_can_be_used_soon(visit: Visit, box: Served, capsys: pytest.CaptureFixture[str]):
    page = visit(box, "/machines", "omar")  # the first load fills the server's caches
    expect(page.get_by_role("row")).to_have_count(51)
    loads, clicks = [], []
    for _ in range(3):
        page.goto("/machines")
        expect(page.get_by_role("row")).to_have_count(51)
        loads.append(page.evaluate(SINCE_LOAD))
        page.get_by_role("link", name="Home").first.click()
        expect(page.get_by_role("heading", name="Home")).to_be_visible()
        began = page.evaluate("performance.now()")
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Machines").click()
        expect(page.get_by_role("row")).to_have_count(51)
        clicks.append(page.evaluate(SINCE_LOAD) - began)
    expect(page.get_by_role("status").filter(has_text=re.compile("of 10.000"))).to_be_visible()
    with capsys.disabled():
        said = "reached" if sorted(loads)[1] < AIM_MS else "NOT reached"
        sys.stdout.write(
            f"\n  list of {MANY:,} machines: usable {min(loads):.0f}-{max(loads):.0f} ms after a"
            f" load, {min(clicks):.0f}-{max(clicks):.0f} ms after a click"
            f" (aim: {AIM_MS} ms, {said}; nothing is asserted)\n"
        )


def test_search_sort_and_page_are_in_the_address_and_survive_the_way_back(
    visit: Visit, box: Served
):
    page = visit(box, "/machines", "omar")
    status = page.get_by_role("navigation", name="Pages of Machines").get_by_role("status")
    expect(status).to_have_text(re.compile("^1–50 of 10.000$"))
    page.get_by_role("button", name="Last seen").click()
    expect(page).to_have_url(re.compile("sort=last_seen"))
    expect(page.get_by_role("row").nth(1)).to_contain_text(claim(0).mac)
    page.get_by_role("button", name="Next page").click()
    expect(status).to_have_text(re.compile("^51–100 of 10.000$"))
    expect(page.get_by_role("row").nth(1)).to_contain_text(claim(50).mac)
    expect(page).to_have_url(re.compile("page=2"))
    page.get_by_label("Search machines").fill("poweredge")
    expect(status).to_contain_text(re.compile(r"^1–50 of 1.66\d$"))
    expect(page).to_have_url(re.compile("q=poweredge"))
    assert "page=" not in page.url, "another search begins at its first page"
    page.get_by_role("button", name="Next page").click()
    expect(status).to_contain_text("51–100")
    # Every sixth machine is one: the fifty-first of them has come, and so its whole page.
    first, fifty_first = page.get_by_role("row").nth(1), claim(50 * 6).mac
    expect(first).to_contain_text(fifty_first)
    here, shown = page.url, rows(page)

    page.get_by_role("row").nth(3).get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("PowerEdge")
    page.go_back()
    expect(page).to_have_url(here)
    expect(first).to_contain_text(fifty_first)
    assert rows(page) == shown
    page.reload()
    expect(first).to_contain_text(fifty_first)
    assert rows(page) == shown


def test_a_state_is_a_filter(visit: Visit, box: Served):
    ids = [one["id"] for one in box.api("GET", "devices?limit=7&sort=id")["items"]]
    box.api("POST", "devices/bulk", json={"ids": ids, "action": "reject"})
    page = visit(box, "/machines", "omar")
    page.get_by_role("group", name="Filter by state").get_by_role("button", name="Rejected").click()
    expect(page.get_by_role("row")).to_have_count(8)
    expect(page).to_have_url(re.compile("state=rejected"))
    page.get_by_label("Search machines").fill(claim(3).serial or "")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_label("Search machines").fill("no such thing")
    expect(page.get_by_text("No machine matches")).to_be_visible()
