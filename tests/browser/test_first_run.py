"""The first minute: from the printed link to a signed-in administrator, and in and out again."""

from playwright.sync_api import Page, expect

from .conftest import Visit
from .look import Looks
from .served import PASSWORDS, Served


def fill_sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def open_menu(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_before_set_up_every_page_says_where_the_link_is(visit: Visit, empty: Served):
    page = visit(empty, "/machines")
    expect(page).to_have_url(f"{empty.url}/setup")
    expect(page.get_by_role("heading", name="Set up Ktizo")).to_be_visible()
    expect(page.get_by_text("ktizo setup-link", exact=True)).to_be_visible()
    expect(page.get_by_label("Password", exact=True)).to_have_count(0)


def test_the_printed_link_makes_the_first_administrator(visit: Visit, looks: Looks, empty: Served):
    address, token = empty.set_up_link
    page = visit(empty, f"{address.removeprefix(empty.url)}#token={token}")
    expect(page).to_have_url(f"{empty.url}/setup")  # out of the address bar, so out of history
    go = page.get_by_role("button", name="Set up and sign in")
    expect(go).to_be_disabled()
    page.get_by_label("Your name").fill("ada")
    page.get_by_label("Password", exact=True).fill("short")
    expect(page.get_by_text("12 characters or more; 7 to go.")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(PASSWORDS["ada"])
    page.get_by_label("Password again").fill("something else")
    expect(page.get_by_text("The two are not the same.")).to_be_visible()
    page.get_by_label("Password again").fill(PASSWORDS["ada"])
    go.click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    expect(page.get_by_role("heading", name="From here to a running cluster")).to_be_visible()
    expect(page.get_by_role("button", name="ada")).to_be_visible()

    # The same link once more: it was good for one person.
    other = visit(empty, f"/setup#token={token}")
    looks.watch_of(other).expect(409, "/api/v1/setup")
    looks.watch_of(other).expect(403, "/api/v1/setup")
    other.get_by_label("Your name").fill("eve")
    other.get_by_label("Password", exact=True).fill(PASSWORDS["ada"])
    other.get_by_label("Password again").fill(PASSWORDS["ada"])
    other.get_by_role("button", name="Set up and sign in").click()
    expect(other.get_by_role("alert")).to_be_visible()
    expect(other).to_have_url(f"{empty.url}/setup")


def test_signing_in_leads_to_where_one_was_going_and_out_of_everything(
    visit: Visit, looks: Looks, empty: Served
):
    empty.populate()
    page = visit(empty, "/clusters")
    looks.watch_of(page).expect(401, "/api/v1/session")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    fill_sign_in(page, "ada", "not the password")
    expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong.")
    fill_sign_in(page, "nobody-here", PASSWORDS["ada"])
    expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong.")
    fill_sign_in(page, "ada", PASSWORDS["ada"])
    expect(page.get_by_role("heading", name="Clusters")).to_be_visible()
    expect(page).to_have_url(f"{empty.url}/clusters")

    open_menu(page, "ada")
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/machines")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_session_ended_elsewhere_leads_to_the_sign_in_page_and_back(
    visit: Visit, looks: Looks, empty: Served
):
    empty.populate()
    page = visit(empty, "/audit", "ada")
    expect(page.get_by_role("heading", name="Audit", exact=True)).to_be_visible()
    watch = looks.watch_of(page)
    for path in ("events", "events/recent", "devices", "audit", "overview"):
        watch.expect(401, f"/api/v1/{path}")
    watch.offline = True  # the stream ends with the session
    me = empty.api("GET", "people")["people"][0]["id"]
    empty.api("DELETE", f"people/{me}/sessions", 204)
    empty.sessions.clear()
    page.get_by_role("link", name="Machines").first.click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    fill_sign_in(page, "ada", PASSWORDS["ada"])
    expect(page.get_by_role("heading", name="Machines")).to_be_visible()


def test_the_theme_is_remembered_by_the_browser(visit: Visit, empty: Served):
    empty.populate()
    page = visit(empty, "/", "ada")
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    lit = page.evaluate(paper)
    open_menu(page, "ada")
    page.get_by_role("menuitem", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate(paper) != lit
