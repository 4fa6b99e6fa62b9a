from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from accounts.browser import HOST, PASSWORD, Appliance, told
from core.moved_clock import Clock
from ktizo.accounts.sessions import session as secret

pytestmark = pytest.mark.anyio

BARE = {"Origin": "", "X-CSRF-Token": ""}


async def test_signing_in_gives_a_cookie_no_page_can_read_and_a_csrf_token(home: Appliance):
    browser = home.browser()
    before = (await browser.ask("GET", "session")).json()
    assert before == {
        "signed_in": False,
        "person": None,
        "csrf_token": None,
        "setup_needed": False,
        "sign_in": {"password": True, "oidc": None},
        "version": before["version"],
    }
    answer = await browser.sign_in("ann")
    said = answer.json()
    assert said["person"] == {"id": 1, "name": "ann", "role": "admin", "source": "password"}
    assert said["signed_in"] is True
    assert said["csrf_token"]
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("ktizo_session=")
    assert {part.strip() for part in cookie.split(";")[1:]} == {
        "HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=strict",
    }  # fmt: skip
    assert browser.cookie not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert (await browser.ask("GET", "session")).json() == said
    assert (await browser.ask("GET", "whoami")).json() == {
        "name": "ann",
        "role": "admin",
        "kind": "person",
        "id": 1,
    }


async def test_over_https_the_cookie_is_bound_to_this_host(home: Appliance):
    browser = home.browser(address="10.9.0.1")
    proxy = {"X-Forwarded-Proto": "https", "Origin": "https://ktizo.test"}
    body = {"name": "ann", "password": PASSWORD}
    answer = await browser.ask("POST", "session", json=body, headers=proxy)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-ktizo_session=")
    assert "Secure" in cookie
    value = cookie.partition("=")[2].partition(";")[0]
    csrf = {"X-CSRF-Token": answer.json()["csrf_token"]}
    named = {"Cookie": f"__Host-ktizo_session={value}"}
    assert (await browser.ask("POST", "things", headers=proxy | csrf | named)).status_code == 200
    # A page of plain HTTP could have planted the other name.
    planted = {"Cookie": f"ktizo_session={value}"}
    assert told(await browser.ask("GET", "things", headers=proxy | planted))[0] == 401
    # Nobody but a trusted proxy can make us believe in https.
    forged = await home.browser().ask("POST", "session", json=body, headers=proxy)
    assert told(forged) == (403, "origin_refused")


async def test_only_the_hash_of_a_cookie_is_stored(home: Appliance):
    browser = await home.signed_in("ann")
    async with home.state.db.read() as session:
        rows = str((await session.execute(sa.text("SELECT * FROM sessions"))).all())
        rows += str((await session.execute(sa.text("SELECT * FROM audit_entries"))).all())
    assert secret.digest(browser.cookie) in rows
    assert browser.cookie not in rows
    assert browser.csrf not in rows


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Origin": "http://evil.test"}, "origin_refused"),
        ({"Origin": "null"}, "origin_refused"),
        ({"Origin": "https://ktizo.test"}, "origin_refused"),
        ({"Origin": "http://ktizo.test:81"}, "origin_refused"),
        ({"Origin": "http://ktizo.test.evil.test"}, "origin_refused"),
        ({"Origin": "http://evil.test", "Sec-Fetch-Site": "same-origin"}, "origin_refused"),
        ({"Origin": HOST, "X-CSRF-Token": ""}, "csrf_refused"),
        ({"Origin": HOST, "X-CSRF-Token": "x" * 43}, "csrf_refused"),
        ({"Origin": HOST, "X-CSRF-Token": b"\xff\xfe"}, "csrf_refused"),
    ],
)
async def test_a_change_that_our_own_page_did_not_send_is_refused(
    home: Appliance, headers: dict[str, Any], code: str
):
    browser = await home.signed_in("ann")
    for method, path in (("POST", "things"), ("DELETE", "session"), ("DELETE", "sessions")):
        assert told(await browser.ask(method, path, headers=headers)) == (403, code)
    assert (await browser.ask("POST", "things")).json() == "done"
    lines = await home.audited("authenticate")
    assert {(line.actor, line.outcome) for line in lines} == {("ann", code)}


async def test_without_an_origin_the_browser_must_say_same_origin(home: Appliance):
    browser = await home.signed_in("ann")
    path, csrf = "/api/v1/things", {"X-CSRF-Token": browser.csrf}
    assert told(await browser.http.post(path, headers=csrf)) == (403, "origin_refused")
    for site in ("cross-site", "same-site", "none", ""):
        answer = await browser.http.post(path, headers=csrf | {"Sec-Fetch-Site": site})
        assert told(answer) == (403, "origin_refused"), site
    answer = await browser.http.post(path, headers=csrf | {"Sec-Fetch-Site": "same-origin"})
    assert answer.json() == "done"


async def test_the_csrf_token_of_another_session_is_worth_nothing(home: Appliance):
    one, other = await home.signed_in("ann"), await home.signed_in("ann")
    assert one.csrf != other.csrf
    answer = await one.ask("POST", "things", headers={"X-CSRF-Token": other.csrf})
    assert told(answer) == (403, "csrf_refused")


async def test_another_site_cannot_sign_a_browser_in_under_its_own_name(home: Appliance):
    browser = home.browser()
    body = {"name": "ann", "password": PASSWORD}
    for headers in ({"Origin": "http://evil.test"}, {"Origin": HOST, "Host": "evil.test"}):
        answer = await browser.ask("POST", "session", json=body, headers=headers)
        assert told(answer) == (403, "origin_refused")
    answer = await browser.http.post(
        "/api/v1/session", json=body, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert told(answer) == (403, "origin_refused")
    assert not browser.http.cookies


@pytest.mark.parametrize("idle", [True, False])
async def test_a_session_ends_by_itself(home: Appliance, clock: Clock, idle: bool):
    browser = await home.signed_in("ann")
    if idle:
        clock.forward(hours=12)
    else:
        for _ in range(61):
            clock.forward(hours=11, minutes=59)
            answer = await browser.ask("GET", "things")
            await home.state.writer.flush()
    answer = await browser.ask("GET", "things")
    assert told(answer) == (401, "session_ended")
    assert (await browser.ask("GET", "session")).json()["signed_in"] is False


async def test_a_session_in_use_lasts(home: Appliance, clock: Clock):
    browser = await home.signed_in("ann")
    for _ in range(3):
        clock.forward(hours=11)
        assert await browser.may_look()
        assert await home.state.writer.flush()


async def test_being_seen_costs_a_write_a_minute_at_most(home: Appliance, clock: Clock):
    browser = await home.signed_in("ann")
    await home.state.writer.flush()
    for _ in range(5):
        assert await browser.may_look()
    assert home.state.writer.backlog == 0
    clock.forward(minutes=2)
    for _ in range(5):
        assert await browser.may_look()
    assert home.state.writer.backlog == 1
    await home.state.writer.flush()
    (shown,) = (await browser.ask("GET", "sessions")).json()["sessions"]
    assert shown["last_seen_at"] > shown["created_at"]


async def test_who_signs_out_is_out_and_the_cookie_is_worth_nothing(home: Appliance):
    browser = await home.signed_in("ann")
    kept = browser.cookie
    answer = await browser.ask("DELETE", "session")
    assert answer.status_code == 204
    assert "ktizo_session=" in answer.headers["set-cookie"]
    assert not browser.http.cookies
    browser.http.cookies.set("ktizo_session", kept)
    assert told(await browser.ask("GET", "things")) == (401, "session_ended")


async def test_one_can_sign_out_everywhere_and_nobody_else_is_touched(home: Appliance):
    one, other = await home.signed_in("ann"), await home.signed_in("ann", address="10.0.0.10")
    bob = await home.signed_in("bob", "viewer")
    listed = (await one.ask("GET", "sessions")).json()["sessions"]
    assert [(each["address"], each["current"]) for each in listed] == [
        ("10.0.0.10", False),
        ("10.0.0.9", True),
    ]
    assert (await one.ask("DELETE", "sessions")).status_code == 204
    assert not await one.may_look()
    assert not await other.may_look()
    assert await bob.may_look()
    (line,) = await home.audited("sessions.end_all")
    assert (line.actor, line.subject, line.data) == ("ann", "person 1", {"name": "ann", "count": 2})


def flipped(cookie: str) -> str:
    return cookie[:-1] + ("A" if cookie[-1] != "A" else "B")


@pytest.mark.parametrize(
    "spoil",
    [
        flipped,
        lambda cookie: cookie[:-1],
        lambda cookie: cookie + "A",
        lambda cookie: cookie.swapcase(),
        lambda _: "",
        lambda _: "1",
        lambda _: "' OR 1=1 --",
        lambda _: "x" * 4000,
        lambda cookie: secret.digest(cookie),
        lambda cookie: "%00" + cookie,
    ],
)
async def test_a_cookie_that_was_tampered_with_opens_nothing(home: Appliance, spoil: Any):
    browser = await home.signed_in("ann")
    headers = {"Cookie": f"ktizo_session={spoil(browser.cookie)}"}
    browser.http.cookies.clear()
    answer = await browser.ask("GET", "things", headers=headers)
    assert told(answer)[0] == 401
    assert (await browser.ask("GET", "session", headers=headers)).json()["signed_in"] is False


async def test_a_cookie_somebody_planted_is_never_taken_over(home: Appliance):
    planted = secret.make()
    browser = home.browser()
    browser.http.cookies.set("ktizo_session", planted, domain="ktizo.test")
    assert (await browser.sign_in("ann")).status_code == 200
    assert planted not in browser.http.cookies.values()

    attacker = await home.signed_in("eve", "viewer")
    victim = home.browser()
    victim.http.cookies.set("ktizo_session", attacker.cookie, domain="ktizo.test")
    assert (await victim.sign_in("ann")).status_code == 200
    assert not await attacker.may_look(), "the session that was planted has ended"


async def test_each_sign_in_is_a_session_with_a_secret_of_its_own(home: Appliance):
    browser = await home.signed_in("ann")
    first, csrf = browser.cookie, browser.csrf
    await browser.sign_in("ann")
    assert browser.cookie != first
    assert browser.csrf != csrf
    assert len((await browser.ask("GET", "sessions")).json()["sessions"]) == 1


async def test_a_token_and_a_cookie_together_are_the_token(home: Appliance):
    browser = await home.signed_in("ann")
    body = {"name": "ci", "scope": "viewer"}
    token = (await browser.ask("POST", "tokens", json=body)).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert (await browser.ask("GET", "whoami", headers=headers)).json()["kind"] == "token"
    answer = await browser.ask("POST", "things", headers=headers)
    assert told(answer) == (403, "role_missing")
    wrong = {"Authorization": f"Bearer {token[:-1]}{'A' if token[-1] != 'A' else 'B'}"}
    assert told(await browser.ask("GET", "things", headers=wrong)) == (401, "token_refused")


async def test_a_token_needs_neither_origin_nor_csrf_and_has_no_session(home: Appliance):
    ann = await home.signed_in("ann")
    body = {"name": "ci", "scope": "operator"}
    token = (await ann.ask("POST", "tokens", json=body)).json()["token"]
    robot = home.browser()
    robot.http.headers["Authorization"] = f"Bearer {token}"
    for headers in ({}, {"Origin": "http://evil.test"}):
        answer = await robot.http.post("/api/v1/things", headers=headers)
        assert answer.json() == "done"
    assert (await robot.http.get("/api/v1/sessions")).json() == {"sessions": []}
    assert (await robot.http.delete("/api/v1/session")).status_code == 204
    assert (await robot.http.delete("/api/v1/sessions")).status_code == 204
    assert await ann.may_look()
    wish = {"current": "x", "new": PASSWORD}
    answer = await robot.http.put("/api/v1/people/me/password", json=wish)
    assert told(answer) == (409, "no_password_here")


async def test_user_agents_are_kept_short_and_plain(home: Appliance):
    browser = home.browser()
    browser.http.headers["User-Agent"] = "<script>\t" + "x" * 900
    await browser.sign_in("ann")
    (shown,) = (await browser.ask("GET", "sessions")).json()["sessions"]
    assert shown["user_agent"].startswith("<script>?x")
    assert len(shown["user_agent"]) == 200


async def test_a_live_view_ends_when_who_watches_is_signed_out(home: Appliance):
    from ktizo.events import api as events

    browser = await home.signed_in("ann")
    looked: list[bool] = []

    @home.app.get("/api/v1/long")
    async def long(request: events.Request) -> list[bool]:
        looked.append(await request.state.admitted())
        await browser_end()
        looked.append(await request.state.admitted())
        return looked

    async def browser_end() -> None:
        await browser.ask("DELETE", "sessions")

    assert (await browser.ask("GET", "long")).json() == [True, False]


async def test_frames_stop_when_the_listener_is_no_longer_admitted(
    monkeypatch: pytest.MonkeyPatch,
):
    from ktizo.events import api as events

    monkeypatch.setattr(events, "ASK_AGAIN_S", 0)
    answers = iter([True, True, False])

    async def admitted() -> bool:
        return next(answers)

    async def endless() -> Any:
        while True:
            yield b"frame"

    assert [each async for each in events.while_admitted(endless(), admitted)] == [b"frame"] * 2


async def test_what_ran_out_is_thrown_away_at_the_next_sign_in(home: Appliance, clock: Clock):
    await home.signed_in("ann")
    clock.forward(days=2)
    await home.signed_in("ann")
    async with home.state.db.read() as session:
        assert (await session.execute(sa.text("SELECT count(*) FROM sessions"))).scalar() == 1
    assert timedelta(days=2) > secret.IDLE
