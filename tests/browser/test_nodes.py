"""Machines are looked into, speak while they boot, and become a cluster: what people see of it."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from .axe import SOURCE, serious
from .conftest import Visit
from .fleet import hardware
from .look import PHONE
from .racks import SimulatedRack
from .served import Served

LONG_MS = 90_000  # a simulated machine boots in seconds, on a busy box in more of them
needs_axe = pytest.mark.skipif(not SOURCE.exists(), reason="browser: axe-core: npm ci in frontend")


@pytest.fixture(scope="module")
def box(lived: Served) -> Served:
    """The Ktizo of this module, for what needs no node."""
    return lived


def tab(page: Page, name: str) -> None:
    """Open one part of a page."""
    page.get_by_role("tab", name=name).click()


def test_a_machine_may_be_looked_into_and_that_is_taken_back(visit: Visit, box: Served):
    newcomer = hardware(121, 0)
    (number,) = box.seen(newcomer)
    page = visit(box, f"/machines/{number}", "omar")
    tab(page, "Inside")
    expect(page.get_by_text("Nothing is written.")).to_be_visible()
    assert "talos" not in box.knock(newcomer), "nobody has asked yet"
    page.get_by_role("button", name="Look inside", exact=True).click()
    expect(page.get_by_text("Asked", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("any other needs a power cycle"))).to_be_visible()
    expect(page.get_by_text(re.compile("by omar"))).to_be_visible()

    script = box.knock(newcomer)
    assert "talos.halt_if_installed" in script, script
    expect(page.get_by_text("Booting", exact=True)).to_be_visible()
    page.get_by_role("button", name="Do not look inside").click()
    expect(page.get_by_role("button", name="Look inside", exact=True)).to_be_visible()
    assert "talos" not in box.knock(newcomer), "it was taken back"
    tab(page, "Overview")
    expect(page.get_by_text("May boot Talos in memory, to be looked at").first).to_be_visible()


def test_whoever_was_decided_upon_is_not_looked_into(visit: Visit, box: Served):
    machines = {one["hostname"]: one["id"] for one in box.api("GET", "devices?limit=200")["items"]}
    page = visit(box, f"/machines/{machines['prod-w-01']}?tab=inside", "omar")
    expect(page.get_by_role("button", name="Look inside")).to_be_disabled()
    expect(page.get_by_text("It is installed: what it runs on is under Node.")).to_be_visible()
    tab(page, "Node")
    expect(page.get_by_text("Talos has not answered on it yet")).to_be_visible()


def test_a_console_with_nothing_in_it_says_what_would_come(visit: Visit, box: Served):
    (number,) = box.seen(hardware(122, 1))
    page = visit(box, f"/machines/{number}?tab=console", "vera")
    expect(page.get_by_text("It has said nothing yet")).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.get_by_text("Same in CLI and API").click()
    expect(page.get_by_text(re.compile("ktizo nodes console .* --follow"))).to_be_visible()


def test_a_cluster_begins_with_its_bring_up(visit: Visit, box: Served):
    page = visit(box, "/clusters/edge", "omar")
    panel = page.get_by_role("region", name="Bring-up", exact=True)
    expect(panel).to_contain_text("edge-cp-1")
    expect(panel).to_contain_text("Not heard of yet")
    expect(panel.get_by_role("button", name="Bring up")).to_be_enabled()
    expect(page.get_by_role("region", name="Health")).to_contain_text("Not brought up")
    tab(page, "Members")
    expect(page.get_by_role("row").filter(has_text="edge-w-1")).to_contain_text("not heard of")
    viewer = visit(box, "/clusters/edge", "vera")
    button = viewer.get_by_role("button", name="Bring up")
    expect(button).to_be_disabled()
    expect(button).to_have_attribute("title", re.compile("needs the role operator"))


@needs_axe
def test_these_parts_can_be_used_by_everybody_and_on_a_phone(visit: Visit, box: Served):
    (number,) = box.seen(hardware(123, 2))
    page = visit(box, "/", "omar")
    found = []
    for path, shows in (
        (f"/machines/{number}?tab=inside", "Look inside before anything is erased"),
        (f"/machines/{number}?tab=console", "It has said nothing yet"),
        (f"/machines/{number}?tab=node", "Talos has not answered on it yet"),
        ("/clusters/edge", "Not brought up"),
    ):
        page.goto(path)
        expect(page.get_by_text(shows)).to_be_visible()
        found += [f"{path}: {finding}" for finding in serious(page)]
    page.set_viewport_size(PHONE)
    for path in (f"/machines/{number}?tab=inside", "/clusters/edge"):
        page.goto(path)
        expect(page.get_by_role("heading", level=2).first).to_be_visible()
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{path}: it scrolls sideways on a phone")
    assert not found, "\n".join(found)


def fate(dialog: Locator, disk: str) -> Locator:
    """The card of a disk in the approval."""
    return dialog.locator(".disk").filter(has=dialog.page.get_by_text(disk, exact=True))


def test_from_a_look_inside_to_a_cluster_that_is_ready(visit: Visit, rack: SimulatedRack):
    """Two of its disks belong to a Ceph: looked at, installed on the third, brought up."""
    box, machine = rack.box, rack.machine
    rack.power_on()
    mac = machine.hardware.macs[0]
    number = box.device(mac)["id"]

    page = visit(box, f"/machines/{number}?tab=inside", "omar")
    page.get_by_role("button", name="Look inside", exact=True).click()
    disks = page.get_by_role("region", name="Disks")
    expect(disks).to_contain_text("/dev/sdc", timeout=LONG_MS)
    expect(disks).to_contain_text("Ceph OSD")
    expect(page.get_by_role("list", name="Warnings")).to_contain_text("Ceph OSD")
    expect(page.get_by_text("Looked into", exact=True)).to_be_visible()
    expect(page.get_by_text("Node: maintenance")).to_be_visible(timeout=LONG_MS)
    assert not serious(page), serious(page)

    tab(page, "Console")
    expect(page.get_by_role("log")).to_contain_text(re.compile(r"\w"), timeout=LONG_MS)
    page.get_by_label("Filter the lines").fill("no such words anywhere")
    expect(page.get_by_text("No line has these words.")).to_be_visible()
    assert not serious(page), serious(page)

    page.get_by_role("button", name="Approve…").click()
    dialog = page.get_by_role("dialog")
    choose(dialog, "Role", "control plane")
    choose(dialog, "Cluster", rack.cluster)
    dialog.get_by_label("Hostname").fill("cp-1")
    dialog.get_by_role("radio", name="/dev/sda", exact=True).check()
    expect(fate(dialog, "/dev/sda")).to_contain_text("Erase")
    expect(fate(dialog, "/dev/sdc")).to_contain_text("Keep")
    yes = dialog.get_by_role("button", name="Approve", exact=True)
    expect(yes).to_be_disabled()
    expect(dialog.get_by_role("checkbox", name=re.compile("^Erase .dev.sda"))).to_be_visible()
    dialog.get_by_role("radio", name="/dev/sdc", exact=True).check()
    expect(fate(dialog, "/dev/sda")).to_contain_text("Keep")
    expect(dialog.get_by_role("checkbox", name=re.compile("^Erase"))).to_have_count(0)
    assert not serious(page), serious(page)
    yes.click()
    expect(dialog).to_be_hidden()

    expect(page.get_by_text(re.compile("^Node: (booting|running)"))).to_be_visible(timeout=LONG_MS)
    tab(page, "Node")
    services = page.get_by_role("region", name="Services", exact=True)
    expect(services.get_by_role("row").nth(1)).to_be_visible()
    assert not serious(page), serious(page)

    page.goto(f"/clusters/{rack.cluster}")
    page.get_by_role("button", name="Bring up").click()
    steps = page.get_by_role("list", name="Steps").first
    expect(steps.get_by_role("listitem").first).to_be_visible()
    expect(page.get_by_text("It is up: your way in")).to_be_visible(timeout=LONG_MS)
    health = page.get_by_role("region", name="Health")
    expect(health).to_contain_text("1 of 1 nodes ready", timeout=LONG_MS)
    expect(health).to_contain_text("1 with a vote, 1 must be up, 1 is: none may be lost.")
    assert not serious(page), serious(page)
    expect(page.get_by_role("region", name="Past work")).to_contain_text("6 of 6 steps")

    page.goto(f"/machines/{number}?tab=node")
    page.get_by_role("button", name="Restart…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Restart", exact=True)).to_be_disabled()
    assert not serious(page), serious(page)
    assert rack.fleet.faults == []


def choose(dialog: Locator, label: str, option: str) -> None:
    """Choose an option of a select."""
    dialog.get_by_label(label, exact=True).click(force=True)
    dialog.page.get_by_role("option", name=option, exact=True).click()
