"""Guessing: what a stranger learns, and how fast he may try."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from accounts.browser import PASSWORD, Appliance, told
from ktizo.accounts.people.passwords import Passwords, TooBusy
from ktizo.accounts.throttle import SignInTries, TooManyTries

pytestmark = pytest.mark.anyio


class Counting(Passwords):
    """Passwords that say how much work was done."""

    def __init__(self, real: Passwords) -> None:
        super().__init__(real._hasher)
        self.checks: list[bool] = []

    async def fits(self, password: str, stored: str | None) -> bool:
        self.checks.append(stored is not None)
        return await super().fits(password, stored)


async def test_every_refusal_has_the_same_words_after_the_same_work(home: Appliance):
    home.state.passwords = counting = Counting(home.state.passwords)
    bob = await home.first_person("bob", "viewer")
    ann = await home.signed_in("ann")
    await ann.ask("PATCH", f"people/{bob}", json={"disabled": True})
    await home.first_person("zoe", "viewer")
    async with home.state.db.write() as session:
        text = "UPDATE people SET password_hash = NULL, source = 'oidc' WHERE name = 'zoe'"
        await session.execute(sa.text(text))
    counting.checks.clear()
    tries = [("ann", "wrong password"), ("nobody", PASSWORD), ("bob", PASSWORD), ("zoe", PASSWORD)]
    answers = []
    for number, (name, password) in enumerate(tries):
        stranger = home.browser(address=f"10.0.1.{number}")
        answers.append(await stranger.sign_in(name, password))
    assert {told(answer) for answer in answers} == {(401, "sign_in_refused")}
    assert len({answer.text for answer in answers}) == 1
    assert len({str(answer.headers) for answer in answers}) == 1
    assert len(counting.checks) == len(tries), "as many hashes as tries, whoever exists"


async def test_without_a_stored_hash_a_real_one_is_checked_all_the_same(
    monkeypatch: pytest.MonkeyPatch, home: Appliance
):
    passwords: Passwords = home.state.passwords
    verified = []
    real = passwords._hasher.verify

    def verify(self: PasswordHasher, stored: str, password: bytes) -> Any:
        verified.append(stored)
        return real(stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    assert not await passwords.fits("nobody", None), "not even with the dummy's own password"
    (stored,) = verified
    mine = await passwords.hash(PASSWORD)
    assert stored.split("$")[:4] == mine.split("$")[:4], "the same parameters: the same time"


@pytest.mark.parametrize("spelling", ["ann", "ANN", "Ann"])
async def test_a_name_may_be_written_in_any_case(home: Appliance, spelling: str):
    assert (await home.browser().sign_in(spelling)).json()["person"]["name"] == "ann"


async def test_a_password_is_the_same_however_its_accents_are_typed(home: Appliance):
    await home.first_person("zoe", "viewer", "caf\u00e9 caf\u00e9 caf\u00e9")
    answer = await home.browser().sign_in("zoe", "cafe\u0301 cafe\u0301 cafe\u0301")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"name": "ann", "password": "x" * 1025},
        {"name": "ann", "password": "x" * 1_000_000},
        {"name": "ann"},
        {"name": "x" * 65, "password": PASSWORD},
        {"name": "", "password": PASSWORD},
        {"name": "a\0b", "password": PASSWORD},
        {"name": "ann", "password": ["x"]},
        {"name": "ann", "password": PASSWORD, "role": "admin"},
        {"name": {"$ne": ""}, "password": PASSWORD},
    ],
    ids=lambda body: str(body)[:40],
)
async def test_what_cannot_be_a_name_and_a_password_is_refused_before_any_hashing(
    home: Appliance, body: Any
):
    home.state.passwords = counting = Counting(home.state.passwords)
    answer = await home.browser().ask("POST", "session", json=body)
    assert answer.status_code == 422
    assert counting.checks == []


async def test_half_a_character_is_no_password(home: Appliance):
    body = b'{"name":"ann","password":"\\ud800aaaaaaaaaaaaaaaa"}'
    headers = {"Content-Type": "application/json"}
    answer = await home.browser().ask("POST", "session", content=body, headers=headers)
    assert answer.status_code == 422


async def test_the_longest_password_works(home: Appliance):
    await home.first_person("zoe", "viewer", "x" * 1024)
    assert (await home.browser().sign_in("zoe", "x" * 1024)).status_code == 200


async def test_an_address_has_ten_tries_a_minute(home: Appliance):
    guesser = home.browser()
    answers = [await guesser.sign_in(f"name {number}", "guess guess!") for number in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert told(answers[-1]) == (429, "too_many_tries")
    assert 1 <= answers[-1].json()["detail"]["retry_after_s"] <= 60
    assert told(await guesser.sign_in("ann"))[0] == 429, "the right one too: it is one address"
    assert (await home.browser("10.0.0.10").sign_in("ann")).status_code == 200


async def test_tries_that_come_all_at_once_are_counted_before_they_are_made(home: Appliance):
    guesser = home.browser()
    answers = await asyncio.gather(*(guesser.sign_in("ann", f"guess {n}") for n in range(15)))
    assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 5


async def test_signing_in_often_is_not_guessing(home: Appliance):
    for _ in range(25):
        assert (await home.browser().sign_in("ann")).status_code == 200


async def test_signing_in_as_oneself_does_not_buy_more_guesses(home: Appliance):
    await home.first_person("eve", "viewer")
    guesser = home.browser()
    codes = []
    for number in range(12):
        assert (await home.browser().sign_in("eve")).status_code in {200, 429}
        codes.append((await guesser.sign_in("ann", f"guess {number}")).status_code)
    assert codes == [401] * 10 + [429] * 2


async def test_a_guesser_from_everywhere_gets_little_and_never_locks_anybody_out(home: Appliance):
    codes = []
    for number in range(60):
        guesser = home.browser(address=f"10.1.0.{number}")
        codes += [(await guesser.sign_in("ann", f"guess {n}")).status_code for n in range(2)]
    assert codes[:30].count(401) == 30
    assert codes.count(429) >= 40, "under attack an address has one try on this name"
    for number in range(3):
        elsewhere = home.browser(address=f"10.2.0.{number}")
        assert (await elsewhere.sign_in("ann")).status_code == 200
        assert (await elsewhere.sign_in("ann")).status_code == 200
    assert (await home.browser("10.3.0.1").sign_in("bob")).status_code == 401, "other names: calm"


async def test_the_throttle_gives_a_try_back_only_once():
    tries = SignInTries()
    for _ in range(20):
        await tries.take("10.0.0.1", "ann")
        await tries.give_back("10.0.0.1", "ann")
    for _ in range(10):
        await tries.take("10.0.0.1", "ann")
    with pytest.raises(TooManyTries, match="wait"):
        await tries.take("10.0.0.1", "bob")


async def test_a_crowd_that_hashes_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ktizo.accounts.people.passwords.WAITING", 2)
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    results = await asyncio.gather(
        *(passwords.hash("x" * 12) for _ in range(4)), return_exceptions=True
    )
    assert [isinstance(result, TooBusy) for result in results].count(True) == 2
    assert await passwords.hash("x" * 12), "and then it goes on"


async def test_a_hash_of_weaker_parameters_is_made_anew_at_the_next_sign_in(home: Appliance):
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    async with home.state.db.write() as session:
        await session.execute(
            sa.text("UPDATE people SET password_hash = :hash"), {"hash": weak.hash(PASSWORD)}
        )
    home.state.passwords = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert (await home.browser().sign_in("ann")).status_code == 200
    async with home.state.db.read() as session:
        stored = await session.scalar(sa.text("SELECT password_hash FROM people"))
    assert "m=16,t=2,p=1" in stored
    assert (await home.browser().sign_in("ann")).status_code == 200


async def test_passwords_are_argon2id_with_the_parameters_of_rfc_9106():
    assert (await Passwords().hash("x" * 12)).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_sign_ins_are_in_the_audit_and_what_was_typed_is_not(home: Appliance):
    await home.browser().sign_in("ann", "my other password")
    await home.browser().sign_in("hunter2 hunter2", "ann")
    await home.browser().sign_in("ann")
    lines = await home.audited("sessions.start")
    assert [(line.actor, line.subject, line.outcome, line.address) for line in lines] == [
        ("ann", "session 1", "ok", "10.0.0.9"),
        ("anonymous", "person 1", "sign_in_refused", "10.0.0.9"),
        ("anonymous", "an unknown name", "sign_in_refused", "10.0.0.9"),
    ]
    async with home.state.db.read() as session:
        said = str((await session.execute(sa.text("SELECT * FROM audit_entries"))).all())
    for typed in ("my other password", "hunter2", PASSWORD):
        assert typed not in said
