"""The live stream dies: the page says so, and shows what is true again when it is back."""

import re
import signal

from playwright.sync_api import expect

from .conftest import Visit
from .fleet import hardware
from .look import Looks
from .served import Served

STALE = re.compile("Not live.*what you see may be old")


def test_a_killed_server_shows_a_banner_and_fresh_data_when_it_is_back(
    visit: Visit, looks: Looks, young: Served
):
    first, missed, third = (hardware(number, 1) for number in (1, 2, 3))
    page = visit(young, "/machines/pending", "omar")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    expect(page.get_by_text("Nobody is waiting")).to_be_visible()
    young.knock(first)
    expect(page.get_by_role("row").filter(has_text=first.mac)).to_be_visible()

    looks.watch_of(page).offline = True
    young.stop(signal.SIGKILL)
    banner = page.get_by_role("status").filter(has_text=STALE)
    expect(banner).to_be_visible()
    expect(page.get_by_text("not live", exact=True)).to_be_visible()
    # What was there stays on screen; nothing is taken away because we cannot ask.
    expect(page.get_by_role("row").filter(has_text=first.mac)).to_be_visible()

    young.start()
    young.knock(missed)
    expect(page.get_by_role("row").filter(has_text=missed.mac)).to_be_visible()
    expect(banner).to_be_hidden()
    young.knock(third)
    expect(page.get_by_role("row").filter(has_text=third.mac)).to_be_visible()


def test_a_blocked_stream_can_be_tried_again_at_once(visit: Visit, looks: Looks, young: Served):
    page = visit(young, "/machines", "omar")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    looks.watch_of(page).offline = True
    page.context.route("**/api/v1/events**", lambda route: route.abort())
    page.reload()
    expect(page.get_by_role("status").filter(has_text=STALE)).to_be_visible()
    page.context.unroute("**/api/v1/events**")
    page.get_by_role("button", name="Try now").click()
    expect(page.get_by_role("status").filter(has_text=STALE)).to_be_hidden()
    newcomer = hardware(9, 2)
    young.knock(newcomer)
    expect(page.get_by_role("row").filter(has_text=newcomer.mac)).to_be_visible()
