from typing import Any

import pytest
import sqlalchemy as sa

from accounts.browser import PASSWORD, Appliance, Browser, told
from core.moved_clock import Clock
from ktizo.accounts.setup import link
from ktizo.accounts.setup.begin import first_link
from ktizo.accounts.setup.link import address, base_of

pytestmark = pytest.mark.anyio


async def first(home: Appliance) -> str | None:
    async with home.state.db.write() as session:
        return await first_link(session)


async def use(browser: Browser, token: str | None, name: str = "ann", **more: Any) -> Any:
    body = {"token": token, "name": name, "password": PASSWORD, **more}
    answer = await browser.ask("POST", "setup", json=body)
    if answer.status_code == 200:
        browser.csrf = answer.json()["csrf_token"]
    return answer


async def fresh(browser: Browser, *, recover: bool) -> Any:
    return await browser.ask("POST", "setup-link", json={"recover": recover})


async def test_the_link_makes_the_first_administrator_and_signs_in(untouched: Appliance):
    token = await first(untouched)
    browser = untouched.browser()
    assert (await browser.ask("GET", "session")).json()["setup_needed"] is True
    answer = await use(browser, token)
    said = answer.json()
    assert said["signed_in"] is True
    assert said["setup_needed"] is False
    assert said["person"] == {"id": 1, "name": "ann", "role": "admin", "source": "password"}
    assert (await browser.ask("POST", "things")).json() == "done"
    assert (await untouched.browser().sign_in("ann")).status_code == 200
    assert (await untouched.browser().ask("GET", "session")).json()["setup_needed"] is False
    made, used, began = (await untouched.audited())[:3]
    assert (made.actor, made.action) == ("ktizo", "setup.link")
    assert (used.actor, used.action, used.data["by"]) == ("ann", "people.create", "set-up link")
    assert (began.actor, began.action) == ("ann", "sessions.start")


async def test_the_link_works_once(untouched: Appliance):
    token = await first(untouched)
    await use(untouched.browser(), token)
    answer = await use(untouched.browser(), token, "eve")
    assert told(answer) == (403, "setup_link_refused")
    assert "eve" not in str(await untouched.audited("people.create"))


async def test_two_who_use_it_at_once_are_not_both_let_in(untouched: Appliance):
    import asyncio

    token = await first(untouched)
    answers = await asyncio.gather(
        *(use(untouched.browser(f"10.0.0.{n}"), token, f"person {n}") for n in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403]


async def test_a_restart_prints_no_second_link_while_one_is_out(untouched: Appliance, clock: Clock):
    assert await first(untouched) is not None
    assert await first(untouched) is None
    clock.forward(hours=25)
    assert await first(untouched) is not None, "nobody could come in with the old one"


async def test_once_people_can_sign_in_a_start_prints_none(home: Appliance):
    assert await first(home) is None


async def test_a_link_ends_after_a_day(untouched: Appliance, clock: Clock):
    token = await first(untouched)
    clock.forward(hours=24)
    assert told(await use(untouched.browser(), token)) == (403, "setup_link_refused")


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 200, "\0", "é" * 43, "../" * 10])
async def test_what_is_no_link_opens_nothing(untouched: Appliance, token: str):
    await first(untouched)
    assert told(await use(untouched.browser(), token)) == (403, "setup_link_refused")
    assert (await untouched.browser().ask("GET", "session")).json()["setup_needed"] is True


async def test_guessing_links_is_slowed_down(untouched: Appliance):
    real = await first(untouched)
    browser = untouched.browser()
    codes = [(await use(browser, link.make())).status_code for _ in range(12)]
    assert codes == [403] * 10 + [429] * 2
    assert (await use(untouched.browser("10.0.0.10"), real)).status_code == 200


async def test_another_site_cannot_use_it(untouched: Appliance):
    token = await first(untouched)
    body = {"token": token, "name": "eve", "password": PASSWORD}
    headers = {"Origin": "http://evil.test"}
    answer = await untouched.browser().ask("POST", "setup", json=body, headers=headers)
    assert told(answer) == (403, "origin_refused")


async def test_a_first_run_link_is_of_no_use_once_people_exist(untouched: Appliance):
    token = await first(untouched)
    await untouched.first_person("bob")
    assert told(await use(untouched.browser(), token)) == (409, "already_set_up")


async def test_a_fresh_link_makes_the_older_one_worthless(untouched: Appliance):
    from ktizo.accounts.create import make as make_token
    from ktizo.core.clock import utc_now

    old = await first(untouched)
    async with untouched.state.db.write() as session:
        token, _ = await make_token(session, "cli@box", utc_now())
    box = untouched.browser()
    box.http.headers["Authorization"] = f"Bearer {token}"
    answer = await fresh(box, recover=False)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    new = answer.json()["url"].partition("/setup#token=")[2]
    assert told(await use(untouched.browser(), old)) == (403, "setup_link_refused")
    assert (await use(untouched.browser(), new)).status_code == 200


async def test_when_people_exist_only_a_recovery_link_adds_an_administrator(home: Appliance):
    ann = await home.signed_in("ann")
    answer = await fresh(ann, recover=False)
    assert told(answer) == (409, "already_set_up")
    assert "ktizo setup-link --recover" in answer.json()["message"]
    answer = await fresh(ann, recover=True)
    token = answer.json()["url"].partition("#token=")[2]
    browser = home.browser()
    assert told(await use(browser, token, "ann")) == (409, "name_taken")
    assert (await use(browser, token, "zoe")).json()["person"]["role"] == "admin"
    assert told(await use(home.browser(), token, "eve")) == (403, "setup_link_refused")
    lines = {line.action: line for line in await home.audited()}
    assert lines["setup.link"].actor == "ann"
    assert lines["setup.link"].data["recover"] is True
    assert lines["people.create"].data["recover"] is True


@pytest.mark.parametrize("role", ["viewer", "operator"])
async def test_only_administrators_make_links(home: Appliance, role: str):
    bob = await home.signed_in("bob", role)
    assert told(await fresh(bob, recover=True)) == (403, "role_missing")


async def test_the_secret_is_stored_and_audited_nowhere(untouched: Appliance):
    token = await first(untouched)
    assert token is not None
    async with untouched.state.db.read() as session:
        rows = str((await session.execute(sa.text("SELECT * FROM setup_links"))).all())
        rows += str((await session.execute(sa.text("SELECT * FROM audit_entries"))).all())
    assert link.digest(token) in rows
    assert token not in rows


async def test_the_link_is_an_address_a_browser_understands():
    assert address(base_of("10.0.0.1", 8000, None), "x") == "http://10.0.0.1:8000/setup#token=x"
    assert base_of("::1", 80, None) == "http://[::1]:80"
    assert base_of("0.0.0.0", 8000, "https://boot.example") == "https://boot.example"
    anywhere = base_of("0.0.0.0", 8000, None)
    assert "0.0.0.0" not in anywhere
    assert anywhere.endswith(":8000")
