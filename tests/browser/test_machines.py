"""Machines appear, are looked at, and are let in or not."""

import contextlib
import re

import httpx
import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect

from .conftest import Visit
from .fleet import hardware
from .look import PHONE, Looks
from .served import OFFICE, Hardware, Served

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def box(lived: Served) -> Served:
    """The Ktizo of this module."""
    return lived


def row(page: Page, mac: str) -> Locator:
    return page.get_by_role("row").filter(has_text=mac)


def pending(page: Page) -> int:
    """The number beside Pending in the navigation."""
    text = page.get_by_role("navigation", name="Main").get_by_role("link", name="Pending")
    return int(re.sub(r"\D", "", text.inner_text()) or 0)


def choose(dialog: Locator, label: str, option: str) -> None:
    """Choose an option of a select, which opens only once it has come to rest."""
    wanted = dialog.page.get_by_role("option", name=option, exact=True)
    for _ in range(6):
        dialog.get_by_label(label, exact=True).click(force=True)
        with contextlib.suppress(TimeoutError):
            wanted.wait_for(timeout=3_000)
            break
    wanted.click()


def test_a_machine_appears_by_itself_and_is_approved(visit: Visit, box: Served):
    newcomer = hardware(101, 0)
    page = visit(box, "/machines/pending", "omar")
    expect(row(page, hardware(56, 0).mac)).to_be_visible()
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    before = pending(page)
    page.evaluate("window.neverReloaded = true")

    assert "kernel" not in box.knock(newcomer)
    expect(row(page, newcomer.mac)).to_be_visible()
    expect(row(page, newcomer.mac)).to_contain_text(newcomer.serial)
    expect(page.get_by_role("link", name="Pending")).to_contain_text(str(before + 1))

    row(page, newcomer.mac).get_by_role("button", name="Approve").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(newcomer.uuid)
    expect(dialog).to_contain_text(box.device(newcomer.mac)["pairing_code"])
    expect(dialog.get_by_text("Nothing will be installed")).to_be_visible()
    choose(dialog, "Role", "worker")
    choose(dialog, "Cluster", "prod")
    dialog.get_by_label("Hostname").fill("prod-w-21")
    expect(dialog.get_by_text("installs and erases the install disk")).to_be_visible()
    script = dialog.get_by_role("region", name="iPXE script")
    expect(script).to_contain_text("kernel --name kernel")
    config = dialog.get_by_role("region", name="config.yaml")
    expect(config).to_contain_text("hostname: prod-w-21")
    expect(config).to_contain_text("/dev/nvme0n1")
    expect(dialog.get_by_text("CLI", exact=True).last).not_to_be_visible()
    dialog.get_by_text("Same in CLI and API").last.click()
    expect(dialog.get_by_text(re.compile("ktizo devices approve"))).to_be_visible()
    assert "kernel" not in box.knock(newcomer), "nothing may change before the Yes"

    dialog.get_by_role("button", name="Approve", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("prod-w-21 may install at its next network boot")).to_be_visible()
    expect(row(page, newcomer.mac)).to_have_count(0)
    assert "kernel --name kernel" in box.knock(newcomer)
    assert page.evaluate("window.neverReloaded"), "it was live, not reloaded"


def test_an_approval_can_be_taken_back_at_once(visit: Visit, box: Served):
    newcomer = hardware(102, 1)
    box.seen(newcomer)
    page = visit(box, "/machines/pending", "omar")
    row(page, newcomer.mac).get_by_role("button", name="Approve").click()
    choose(page.get_by_role("dialog"), "Boot profile", "debian")
    page.get_by_role("dialog").get_by_role("button", name="Approve", exact=True).click()
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("is pending again")).to_be_visible()
    expect(row(page, newcomer.mac)).to_be_visible()
    assert "kernel" not in box.knock(newcomer)


def test_many_are_approved_with_one_answer(visit: Visit, box: Served):
    rack = [hardware(number, 2) for number in (103, 104, 105)]
    box.seen(*rack)
    page = visit(box, "/machines/pending", "omar")
    for one in rack:
        row(page, one.mac).get_by_role("checkbox").check()
    bar = page.get_by_role("region", name="Selected machines")
    expect(bar).to_contain_text("3 selected")
    bar.get_by_role("button", name="Approve").click()
    dialog = page.get_by_role("dialog")
    for one in rack:
        expect(dialog).to_contain_text(one.mac)
    expect(dialog).to_contain_text("The installer erases the install disk.")
    choose(dialog, "Role", "worker")
    choose(dialog, "Cluster", "prod")
    dialog.get_by_role("button", name="Approve 3").click()
    expect(page.get_by_text(re.compile("3 .*approved|approved.* 3"))).to_be_visible()
    for one in rack:
        expect(row(page, one.mac)).to_have_count(0)
        assert "kernel --name kernel" in box.knock(one)


def test_a_viewer_sees_and_cannot_decide(visit: Visit, box: Served):
    newcomer = hardware(106, 3)
    (number,) = box.seen(newcomer)
    page = visit(box, "/machines/pending", "vera")
    expect(row(page, newcomer.mac)).to_contain_text("needs an operator")
    expect(page.get_by_role("button", name=re.compile("^(Approve|Reject)"))).to_have_count(0)
    expect(page.get_by_role("main").get_by_role("checkbox")).to_have_count(0)
    page.goto(f"/machines/{number}")
    expect(page.get_by_role("heading", name="What it would boot now, and why")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    page.goto("/settings?tab=people")
    expect(page.get_by_text("People are for administrators")).to_be_visible()

    signed_in = {"Cookie": f"ktizo_session={box.session('vera')}", "Origin": box.url}
    csrf = httpx.get(f"{box.url}/api/v1/session", headers=signed_in).json()["csrf_token"]
    signed_in["X-CSRF-Token"] = csrf
    for method, path in (
        ("POST", f"devices/{number}/approve"),
        ("POST", "devices/bulk"),
        ("DELETE", f"devices/{number}"),
        ("GET", "tokens"),
        ("GET", "people"),
        ("PUT", "network/lan"),
    ):
        answer = httpx.request(method, f"{box.url}/api/v1/{path}", headers=signed_in, json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "role_missing"), path
    assert "kernel" not in box.knock(newcomer)


def test_what_a_machine_says_of_itself_is_shown_as_text(visit: Visit, box: Served):
    hostile = Hardware(
        "52:54:00:66:66:01", f"{HOSTILE}Evil", "<script>alert(2)</script>", "<b>\"'&amp;S1"
    )
    (number,) = box.seen(hostile)
    page = visit(box, "/machines/pending", "omar")
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    expect(row(page, hostile.mac)).to_contain_text(HOSTILE)
    for path in (f"/machines/{number}", "/machines?q=Evil", "/", "/audit"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.locator("main img, main script, main b:text-is('\"')").count() == 0
    page.goto(f"/machines/{number}")
    expect(page.get_by_text("<b>\"'&amp;S1").first).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("dialog")).to_contain_text("<script>alert(2)</script>")


def test_the_audit_says_who_approved_and_from_where(visit: Visit, looks: Looks, box: Served):
    newcomer = hardware(107, 4)
    (number,) = box.seen(newcomer)
    page = visit(box, f"/machines/{number}", "omar")
    page.get_by_role("button", name="Approve").click()
    choose(page.get_by_role("dialog"), "Boot profile", "debian")
    page.get_by_role("dialog").get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_text("may install at its next network boot").first).to_be_visible()
    audit = visit(box, "/audit", "ada")
    line = audit.get_by_role("row").filter(has_text=re.compile("approve")).first
    expect(line).to_contain_text("omar")
    expect(line).to_contain_text(OFFICE)
    audit.get_by_role("button", name="Verify the chain").click()
    expect(audit.get_by_text(re.compile("^Whole: .* lines, none changed"))).to_be_visible()
    line.get_by_role("button", name="omar").click()
    expect(audit).to_have_url(re.compile("actor=omar"))


def test_a_machine_is_approved_on_a_phone(visit: Visit, box: Served):
    newcomer = hardware(108, 0)
    page = visit(box, "/", "omar", size=PHONE)
    box.seen(newcomer)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Pending").click()
    page.get_by_role("button", name=re.compile("^Approve .*R650")).first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls aside"
    card = row(page, newcomer.mac)
    card.get_by_role("button", name="Approve").tap()
    dialog = page.get_by_role("dialog")
    choose(dialog, "Boot profile", "debian")
    expect(dialog.get_by_text("installs and erases the install disk")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls aside"
    dialog.get_by_role("button", name="Approve", exact=True).tap()
    expect(dialog).to_be_hidden()
    assert "kernel" in box.knock(newcomer)


def test_the_keyboard_is_enough(visit: Visit, box: Served):
    newcomer = hardware(109, 1)
    box.seen(newcomer)
    page = visit(box, "/", "omar")
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    page.keyboard.press("/")
    search = page.get_by_role("combobox", name="Name, MAC, serial")
    expect(search).to_be_focused()
    page.keyboard.type(newcomer.serial)
    expect(page.get_by_role("option").first).to_contain_text(newcomer.mac)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(newcomer.product)
    expect(page.get_by_role("heading", level=1)).to_be_focused()

    opener = page.get_by_role("button", name="Approve…")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for _ in range(25):
        page.keyboard.press("Tab")
        assert page.evaluate("!!document.activeElement.closest('[role=dialog]')"), "focus got out"
    dialog.get_by_label("Hostname").focus()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
