"""The pictures of README and docs: `make screenshots`. Only then; a test is no place to draw."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from .conftest import Visit
from .fleet import hardware
from .look import PHONE
from .places import PLACES, address, settled
from .racks import SimulatedRack
from .served import Served
from .simulation import Simulation

FOLDER = Path(os.environ.get("KTIZO_SCREENSHOTS") or "nowhere")  # noqa: TID251 - of the tests
SHEET: ViewportSize = {"width": 1440, "height": 760}
LARGEST = 200_000  # bytes
STORY_MS = 240_000
BOTH = ("home", "machines", "machine", "cluster-volumes")
LIGHT = ("pending", "cluster-patches", "images", "network", "analytics", "audit", "profiles")
WANTED = [(name, theme) for name in BOTH for theme in ("light", "dark")]
WANTED += [(name, "light") for name in LIGHT]


@pytest.fixture(scope="module")
def box(lived: Served) -> Served:
    """The Ktizo of this module."""
    return lived


def draw(page: Page, name: str) -> None:
    """Write one picture, without what blinks."""
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.evaluate("document.fonts.ready")
    FOLDER.mkdir(parents=True, exist_ok=True)
    drawn = page.screenshot(animations="disabled", caret="hide")
    assert len(drawn) <= LARGEST, f"{name} has {len(drawn)} bytes"
    (FOLDER / f"{name}.png").write_bytes(drawn)


@pytest.mark.parametrize(("name", "theme"), WANTED, ids=[f"{n}-{t}" for n, t in WANTED])
def test_a_page_is_drawn(name: str, theme: str, visit: Visit, box: Served):
    place = next(one for one in PLACES if one.name == name)
    page = visit(box, address(box, place), "ada", theme=theme, size=SHEET)
    settled(page, place)
    draw(page, f"{name.removesuffix('-volumes')}-{theme}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_approval_is_drawn(theme: str, visit: Visit, box: Served):
    page = visit(box, "/machines/pending", "ada", theme=theme, size=SHEET)
    _approval(page)
    draw(page, f"approve-{theme}")


def test_the_approval_on_a_phone_is_drawn(visit: Visit, box: Served):
    page = visit(box, "/machines/pending", "ada", size=PHONE)
    expect(page.get_by_role("button", name="Approve").first).to_be_visible()
    draw(page, "phone-light")


def test_a_look_inside_is_drawn(visit: Visit, rack: SimulatedRack):
    rack.power_on()
    number = rack.box.device(rack.machine.hardware.macs[0])["id"]
    page = visit(rack.box, f"/machines/{number}?tab=inside", "ada", size=SHEET)
    page.get_by_role("button", name="Look inside", exact=True).click()
    expect(page.get_by_role("region", name="Disks")).to_contain_text("Ceph OSD", timeout=STORY_MS)
    expect(page.get_by_text("Looked into", exact=True)).to_be_visible()
    draw(page, "inside-light")


def test_the_bring_up_of_a_simulated_fleet_is_drawn(chromium: Browser):
    simulation = Simulation()
    context = chromium.new_context(viewport=SHEET)
    try:
        page = context.new_page()
        simulation.sign_in(page)
        page.goto(f"{simulation.url}/clusters/simulated")
        steps = page.get_by_role("list", name="Steps").first
        expect(steps).to_contain_text("of 23 are ready", timeout=STORY_MS)
        draw(page, "bring-up-light")
    finally:
        context.close()
        simulation.end()


def _approval(page: Page) -> None:
    mac = hardware(55, 4).mac
    page.get_by_role("row").filter(has_text=mac).get_by_role("button", name="Approve").click()
    dialog = page.get_by_role("dialog")
    for label, option in (("Role", "worker"), ("Cluster", "edge")):
        dialog.get_by_label(label, exact=True).click(force=True)
        page.get_by_role("option", name=option, exact=True).click()
    dialog.get_by_label("Hostname").fill("edge-w-4")
    expect(dialog.get_by_text("installs and erases the install disk")).to_be_visible()
    expect(dialog.get_by_role("region", name="iPXE script")).to_contain_text("kernel --name")
