from typing import Any

import pytest
import sqlalchemy as sa

from accounts.browser import PASSWORD, Appliance, told

pytestmark = pytest.mark.anyio

OTHER = "another long password"


def somebody(name: str = "bob", role: str = "operator", password: str = PASSWORD) -> dict[str, Any]:
    return {"name": name, "role": role, "password": password}


async def test_an_administrator_lets_somebody_in(home: Appliance):
    ann = await home.signed_in("ann")
    answer = await ann.ask("POST", "people", json=somebody())
    assert answer.status_code == 201
    made = answer.json()
    assert made == {
        "id": 2,
        "name": "bob",
        "role": "operator",
        "source": "password",
        "disabled": False,
        "created_at": made["created_at"],
        "last_sign_in_at": None,
    }
    bob = await home.signed_in("bob")
    assert (await bob.ask("GET", "whoami")).json()["role"] == "operator"
    listed = (await ann.ask("GET", "people")).json()["people"]
    assert [(each["name"], each["last_sign_in_at"] is None) for each in listed] == [
        ("ann", False),
        ("bob", False),
    ]
    (line,) = await home.audited("people.create")
    assert (line.actor, line.subject, line.address) == ("ann", "person 2", "10.0.0.9")
    assert line.data == {"after": {"name": "bob", "role": "operator"}}


async def test_two_people_never_share_a_name(home: Appliance):
    ann = await home.signed_in("ann")
    for name in ("ann", "ANN", "Ann"):
        assert told(await ann.ask("POST", "people", json=somebody(name))) == (409, "name_taken")
    await ann.ask("POST", "people", json=somebody("Straße"))
    assert told(await ann.ask("POST", "people", json=somebody("STRASSE"))) == (409, "name_taken")


async def test_the_audit_can_tell_people_from_tokens_and_from_ktizo_itself(home: Appliance):
    ann = await home.signed_in("ann")
    body = {"name": "ci", "scope": "viewer"}
    assert (await ann.ask("POST", "tokens", json=body)).status_code == 201
    assert told(await ann.ask("POST", "people", json=somebody("CI"))) == (409, "name_taken")
    body["name"] = "Ann"
    assert told(await ann.ask("POST", "tokens", json=body)) == (409, "name_taken")
    for name in ("ktizo", "Machine", "anonymous", "Administrator", "cli@box"):
        answer = await ann.ask("POST", "people", json=somebody(name))
        assert told(answer) == (422, "name_reserved"), name


NONSENSE: list[dict[str, Any]] = [
    {},
    somebody(name=""),
    somebody(name="x" * 65),
    somebody(name=" bob"),
    somebody(name="bob "),
    somebody(name="b\nob"),
    somebody(name="b\0b"),
    somebody(name="b\u2028b"),
    somebody(role="root"),
    somebody(role=""),
    somebody(password="x" * 11),
    somebody(password="x" * 1025),
    somebody() | {"id": 1},
    somebody() | {"source": "oidc"},
]


@pytest.mark.parametrize("body", NONSENSE, ids=lambda body: str(body)[:50])
async def test_a_person_that_makes_no_sense_is_a_422(home: Appliance, body: Any):
    ann = await home.signed_in("ann")
    assert (await ann.ask("POST", "people", json=body)).status_code == 422
    assert len((await ann.ask("GET", "people")).json()["people"]) == 1


async def test_markup_in_a_name_is_only_text(home: Appliance):
    ann = await home.signed_in("ann")
    name = "<img src=x onerror=alert(1)>"
    answer = await ann.ask("POST", "people", json=somebody(name))
    assert answer.json()["name"] == name
    assert answer.headers["content-type"] == "application/json"


async def test_another_role_holds_from_the_next_request_on(home: Appliance):
    ann, bob = await home.signed_in("ann"), await home.signed_in("bob", "operator")
    assert (await bob.ask("POST", "things")).status_code == 200
    answer = await ann.ask("PATCH", "people/2", json={"role": "viewer"})
    assert answer.json()["role"] == "viewer"
    answer = await bob.ask("POST", "things")
    assert told(answer) == (403, "role_missing")
    assert answer.json()["detail"] == {"needs": "operator", "has": "viewer"}
    assert answer.json()["message"] == "this needs the role operator; you are a viewer"
    assert await bob.may_look()
    (line,) = await home.audited("people.change")
    assert (line.actor, line.subject) == ("ann", "person 2")
    assert line.data == {
        "name": "bob",
        "before": {"role": "operator"},
        "after": {"role": "viewer"},
    }


async def test_who_is_shut_out_is_out_at_once_and_may_come_back_later(home: Appliance):
    ann, bob = await home.signed_in("ann"), await home.signed_in("bob", "viewer")
    answer = await ann.ask("PATCH", "people/2", json={"disabled": True})
    assert answer.json()["disabled"] is True
    assert told(await bob.ask("GET", "things")) == (401, "session_ended")
    assert told(await bob.sign_in("bob")) == (401, "sign_in_refused")
    await ann.ask("PATCH", "people/2", json={"disabled": False})
    assert told(await bob.ask("GET", "things")) == (401, "session_ended"), "sessions stay ended"
    assert (await bob.sign_in("bob")).status_code == 200


async def test_a_password_that_an_administrator_sets_ends_every_session(home: Appliance):
    ann, bob = await home.signed_in("ann"), await home.signed_in("bob", "viewer")
    assert (await ann.ask("PATCH", "people/2", json={"password": OTHER})).status_code == 200
    assert not await bob.may_look()
    assert told(await bob.sign_in("bob", PASSWORD)) == (401, "sign_in_refused")
    assert (await bob.sign_in("bob", OTHER)).status_code == 200
    (line,) = await home.audited("people.change")
    assert line.data["after"] == {"password": "changed"}
    assert line.data["sessions_ended"] == {"count": 1}


async def test_a_change_that_changes_nothing_leaves_no_line(home: Appliance):
    ann = await home.signed_in("ann")
    for body in ({}, {"role": "admin"}, {"disabled": False}, {"role": None}):
        assert (await ann.ask("PATCH", "people/1", json=body)).status_code == 200
    assert await home.audited("people.change") == []


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("PATCH", {"role": "operator"}),
        ("PATCH", {"role": "viewer", "disabled": True}),
        ("PATCH", {"disabled": True}),
        ("DELETE", None),
    ],
)
async def test_the_last_administrator_who_may_sign_in_stays(
    home: Appliance, method: str, body: Any
):
    ann = await home.signed_in("ann")
    await home.first_person("bob", "operator")
    zoe = await home.first_person("zoe", "admin")
    await ann.ask("PATCH", f"people/{zoe}", json={"disabled": True})
    assert told(await ann.ask(method, "people/1", json=body)) == (409, "last_admin")
    assert await ann.may_look(), "nothing was changed, no session has ended"
    await ann.ask("PATCH", f"people/{zoe}", json={"disabled": False})
    assert (await ann.ask(method, "people/1", json=body)).status_code in {200, 204}
    assert told(await (await home.signed_in("zoe")).ask(method, f"people/{zoe}", json=body)) == (
        409,
        "last_admin",
    )


async def test_two_administrators_cannot_remove_each_other_at_once(home: Appliance):
    import asyncio

    await home.first_person("zoe", "admin")
    ann, zoe = await home.signed_in("ann"), await home.signed_in("zoe")
    answers = await asyncio.gather(
        ann.ask("DELETE", "people/2"), zoe.ask("DELETE", "people/1"), return_exceptions=False
    )
    async with home.state.db.read() as session:
        left = await session.scalar(sa.text("SELECT count(*) FROM people WHERE role = 'admin'"))
    assert left == 1
    assert sorted(answer.status_code for answer in answers)[0] == 204


async def test_who_is_removed_is_gone_with_every_session(home: Appliance):
    ann, bob = await home.signed_in("ann"), await home.signed_in("bob", "viewer")
    assert (await ann.ask("DELETE", "people/2")).status_code == 204
    assert told(await bob.ask("GET", "things")) == (401, "session_ended")
    assert told(await bob.sign_in("bob")) == (401, "sign_in_refused")
    assert told(await ann.ask("DELETE", "people/2")) == (404, "person_not_found")
    answer = await ann.ask("POST", "people", json=somebody())
    assert answer.json()["id"] == 3, "a number in the audit stays one person's"
    (line,) = await home.audited("people.delete")
    assert line.data["before"] == {"name": "bob", "role": "viewer", "disabled": False}


async def test_an_administrator_can_sign_somebody_out_everywhere(home: Appliance):
    ann, bob = await home.signed_in("ann"), await home.signed_in("bob", "viewer")
    assert (await ann.ask("DELETE", "people/2/sessions")).status_code == 204
    assert not await bob.may_look()
    assert await ann.may_look()
    assert (await bob.sign_in("bob")).status_code == 200
    assert told(await ann.ask("DELETE", "people/99/sessions")) == (404, "person_not_found")


async def test_one_changes_ones_own_password_and_other_sessions_end(home: Appliance):
    here = await home.signed_in("bob", "viewer")
    there = await home.signed_in("bob")
    body = {"current": PASSWORD, "new": OTHER}
    assert (await here.ask("PUT", "people/me/password", json=body)).status_code == 204
    assert await here.may_look()
    assert not await there.may_look()
    assert told(await there.sign_in("bob", PASSWORD)) == (401, "sign_in_refused")
    assert (await there.sign_in("bob", OTHER)).status_code == 200
    (line,) = await home.audited("people.password")
    assert (line.actor, line.outcome) == ("bob", "ok")
    assert line.data["after"] == {"password": "changed"}


async def test_who_finds_an_open_browser_cannot_try_passwords_there(home: Appliance):
    browser = await home.signed_in("ann")
    codes = []
    for number in range(12):
        body = {"current": f"guess {number}", "new": OTHER}
        answer = await browser.ask("PUT", "people/me/password", json=body)
        codes.append(told(answer)[0])
    assert codes == [403] * 10 + [429] * 2
    assert told(answer) == (429, "too_many_tries")
    lines = await home.audited("people.password")
    assert {(line.actor, line.outcome) for line in lines} == {("ann", "password_refused")}


@pytest.mark.parametrize("new", ["", "x" * 11, "x" * 1025])
async def test_a_new_password_has_a_length(home: Appliance, new: str):
    browser = await home.signed_in("ann")
    body = {"current": PASSWORD, "new": new}
    assert (await browser.ask("PUT", "people/me/password", json=body)).status_code == 422
    assert (await browser.ask("PATCH", "people/1", json={"password": new})).status_code == 422


async def test_no_password_is_stored_answered_or_audited(home: Appliance):
    ann = await home.signed_in("ann")
    answers = [
        await ann.ask("POST", "people", json=somebody(password=OTHER)),
        await ann.ask("PATCH", "people/2", json={"password": f"{OTHER}!"}),
        await ann.ask("POST", "people", json=somebody(password="short one") | {"role": "x"}),
        await ann.ask("PUT", "people/me/password", json={"current": "wrong one", "new": OTHER}),
        await ann.ask("GET", "people"),
    ]
    await home.state.writer.flush()
    async with home.state.db.read() as session:
        rows = [
            str((await session.execute(sa.text(f"SELECT * FROM {table}"))).all())
            for table in ("people", "sessions", "audit_entries")
        ]
    for text in [answer.text for answer in answers] + rows:
        for typed in (PASSWORD, OTHER, "short one", "wrong one"):
            assert typed not in text
    assert "argon2" not in "".join(answer.text for answer in answers)
