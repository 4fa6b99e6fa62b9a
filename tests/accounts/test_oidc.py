import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI

from accounts.browser import HOST, PASSWORD, Appliance, Browser, told
from accounts.provider import CLIENT_ID, CLIENT_SECRET, ISSUER, KEY, OTHER_KEY, Provider
from core.moved_clock import Clock
from ktizo.accounts.oidc.flight import safe_next
from ktizo.accounts.oidc.provider import Provider as Asked
from ktizo.accounts.oidc.role import OidcNoRole, RoleMap, name_of
from ktizo.core.http import Http
from ktizo.core.settings import Settings

pytestmark = pytest.mark.anyio

OIDC: dict[str, Any] = {
    "oidc_issuer": ISSUER,
    "oidc_client_id": CLIENT_ID,
    "oidc_client_secret": CLIENT_SECRET,
    "oidc_name": "Lab ID",
}
HOUR = 3600


@pytest.fixture
def settings() -> Settings:
    return Settings(**OIDC)


@pytest.fixture
def provider(app: FastAPI) -> Provider:
    provider = Provider()
    http = Http(transport=provider.transport, tries=1)
    app.state.oidc = Asked(app.state.settings, http)
    return provider


def mapped(home: Appliance, **more: Any) -> None:
    """Let groups decide roles."""
    roles = {"oidc_role_admin": "boss, root", "oidc_role_operator": "crew"}
    home.state.settings = Settings(**OIDC, **roles, **more)


async def go(browser: Browser, next_: str = "/machines") -> str:
    answer = await browser.http.get("/api/v1/oidc/login", params={"next": next_})
    assert answer.status_code == 302
    return answer.headers["location"]


async def back(browser: Browser, **said: str) -> Any:
    return await browser.http.get("/api/v1/oidc/callback", params=said)


async def through(browser: Browser, provider: Provider, next_: str = "/machines") -> str:
    """Sign in at the provider; returns where the browser ends up."""
    answer = await back(browser, **provider.authorize(await go(browser, next_)))
    assert answer.status_code == 302
    assert "ktizo_oidc" not in browser.http.cookies
    return answer.headers["location"]


async def me(browser: Browser) -> Any:
    said = (await browser.ask("GET", "session")).json()
    browser.csrf = said["csrf_token"] or ""
    return said["person"]


async def people(home: Appliance) -> list[Any]:
    ann = await home.signed_in("ann", address="10.0.0.77")
    return (await ann.ask("GET", "people")).json()["people"]


async def test_somebody_new_signs_in_at_the_provider_and_is_a_viewer(
    home: Appliance, provider: Provider
):
    browser = home.browser()
    ways = (await browser.ask("GET", "session")).json()["sign_in"]
    assert ways == {"password": True, "oidc": {"name": "Lab ID", "url": "/api/v1/oidc/login"}}
    answer = await browser.http.get("/api/v1/oidc/login?next=/machines/7")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    answer = await back(browser, **provider.authorize(answer.headers["location"]))
    assert answer.headers["location"] == "/machines/7"
    assert "SameSite=strict" in answer.headers["set-cookie"]
    assert await me(browser) == {"id": 2, "name": "olga", "role": "viewer", "source": "oidc"}
    assert told(await browser.ask("POST", "things")) == (403, "role_missing")
    lines = await home.audited()
    created, began = [line for line in lines if line.actor == "olga"][:2]
    assert created.data == {
        "after": {"name": "olga", "role": "viewer"},
        "by": "oidc",
        "issuer": ISSUER,
    }
    assert (began.action, began.data) == ("sessions.start", {"by": "oidc"})


async def test_the_same_subject_is_the_same_person_whatever_the_name(
    home: Appliance, provider: Provider
):
    await through(home.browser(), provider)
    provider.claims = {"preferred_username": "olga the second"}
    browser = home.browser()
    await through(browser, provider)
    assert (await me(browser))["id"] == 2
    provider.claims = {"sub": "subject-2"}
    await through(browser, provider)
    assert (await me(browser))["id"] == 3


@pytest.mark.parametrize("name", ["ann", "ANN", "ktizo", "cli@box", "machine"])
async def test_a_provider_cannot_make_anybody_somebody_else_here(
    home: Appliance, provider: Provider, name: str
):
    provider.claims = {"preferred_username": name}
    browser = home.browser()
    await through(browser, provider)
    person = await me(browser)
    assert (person["id"], person["role"], person["source"]) == (2, "viewer", "oidc")
    assert person["name"] not in {"ann", "ANN", "ktizo", "cli@box", "machine"}
    assert (await home.browser().sign_in("ann")).json()["person"]["id"] == 1


async def test_who_signs_in_elsewhere_has_no_password_here(home: Appliance, provider: Provider):
    browser = home.browser()
    await through(browser, provider)
    await me(browser)
    body = {"current": PASSWORD, "new": PASSWORD}
    answer = await browser.ask("PUT", "people/me/password", json=body)
    assert told(answer) == (409, "no_password_here")
    ann = await home.signed_in("ann", address="10.0.0.8")
    answer = await ann.ask("PATCH", "people/2", json={"password": PASSWORD})
    assert told(answer) == (409, "no_password_here")
    assert told(await home.browser().sign_in("olga")) == (401, "sign_in_refused")


@pytest.mark.parametrize(
    ("groups", "role"),
    [(["crew"], "operator"), (["crew", "boss"], "admin"), ("root", "admin"), (["else"], "viewer")],
)
async def test_groups_decide_the_role_at_every_sign_in(
    home: Appliance, provider: Provider, groups: Any, role: str
):
    mapped(home)
    provider.claims = {"groups": groups}
    browser = home.browser()
    await through(browser, provider)
    assert (await me(browser))["role"] == role
    provider.claims = {"groups": ["crew"]}
    await through(browser, provider)
    assert (await me(browser))["role"] == "operator"
    changes = await home.audited("people.change")
    expected = [] if role == "operator" else [{"role": role}]
    assert [line.data["before"] for line in changes] == expected


async def test_without_a_mapping_the_role_an_administrator_gave_stays(
    home: Appliance, provider: Provider
):
    browser = home.browser()
    await through(browser, provider)
    ann = await home.signed_in("ann", address="10.0.0.8")
    await ann.ask("PATCH", "people/2", json={"role": "operator"})
    await through(browser, provider)
    assert (await me(browser))["role"] == "operator"


async def test_who_has_no_role_may_be_refused(home: Appliance, provider: Provider):
    mapped(home, oidc_default_role="none")
    provider.claims = {"groups": ["else"]}
    assert await through(home.browser(), provider) == "/sign-in?problem=oidc_no_role"
    assert len(await people(home)) == 1
    provider.claims = {"groups": ["crew"]}
    assert await through(home.browser(), provider) == "/machines"


async def test_who_was_shut_out_here_stays_out(home: Appliance, provider: Provider):
    await through(home.browser(), provider)
    ann = await home.signed_in("ann", address="10.0.0.8")
    await ann.ask("PATCH", "people/2", json={"disabled": True})
    browser = home.browser()
    assert await through(browser, provider) == "/sign-in?problem=oidc_person_disabled"
    assert await me(browser) is None


NOW = int(time.time())


WRONG: list[dict[str, Any]] = [
    {"claims": {"nonce": "another"}},
    {"claims": {"nonce": None}},
    {"claims": {"aud": "another client"}},
    {"claims": {"aud": None}},
    {"claims": {"aud": []}},
    {"claims": {"aud": [CLIENT_ID, "another"], "azp": "another"}},
    {"claims": {"aud": [CLIENT_ID, "another"]}},
    {"claims": {"iss": "https://evil.example"}},
    {"claims": {"iss": f"{ISSUER}/"}},
    {"claims": {"iss": None}},
    {"claims": {"exp": NOW - HOUR, "iat": NOW - 2 * HOUR}},
    {"claims": {"exp": None}},
    {"claims": {"exp": "tomorrow"}},
    {"claims": {"iat": NOW + HOUR, "exp": NOW + 2 * HOUR}},
    {"claims": {"nbf": NOW + HOUR}},
    {"claims": {"sub": None}},
    {"claims": {"sub": ""}},
    {"claims": {"sub": 7}},
    {"claims": {"at_hash": "wrong"}},
    {"header": {"alg": "none"}},
    {"header": {"alg": "None"}},
    {"header": {"alg": "HS256"}, "key": CLIENT_SECRET.encode()},
    {"header": {"alg": "HS256"}, "key": KEY.as_pem(private=False)},
    {"key": OTHER_KEY},
    {"key": OTHER_KEY, "header": {"kid": KEY.kid}},
    {"tokens": {"id_token": None}},
    {"tokens": {"id_token": "x.y.z"}},
    {"tokens": {"id_token": "x" * 100_000}},
    {"tokens": {"id_token": ["x"]}},
]


@pytest.mark.parametrize("wrong", WRONG, ids=[str(number) for number in range(len(WRONG))])
async def test_an_id_token_that_is_not_for_this_sign_in_is_refused(
    home: Appliance, provider: Provider, wrong: dict[str, Any]
):
    for name, value in wrong.items():
        setattr(provider, name, value)
    browser = home.browser()
    assert await through(browser, provider) == "/sign-in?problem=oidc_refused"
    assert await me(browser) is None
    assert len(await people(home)) == 1
    (line,) = await home.audited("authenticate")
    assert line.outcome in {"oidc_refused", "key_unknown"}


async def test_the_way_back_must_fit_the_way_there(home: Appliance, provider: Provider):
    browser, other = home.browser(), home.browser()
    said = provider.authorize(await go(browser))
    theirs = provider.authorize(await go(other))
    expired = "/sign-in?problem=oidc_expired"
    stranger = home.browser()
    for asks, back_with in (
        (stranger, said),  # no cookie: somebody else's address was opened
        (other, said | {"state": said["state"]}),  # the cookie of another sign-in
        (stranger, {"state": "", "code": "x"}),
    ):
        assert (await back(asks, **back_with)).headers["location"] == expired
        assert await me(asks) is None
    for spoilt in ({"state": theirs["state"]}, {"state": "x"}, {"state": ""}, {"iss": "https://e"}):
        browser = home.browser()
        said = provider.authorize(await go(browser))
        assert (await back(browser, **(said | spoilt))).headers["location"] == expired
        assert "/realms/lab/token" not in provider.asked


async def test_a_sign_in_works_once(home: Appliance, provider: Provider):
    browser = home.browser()
    said = provider.authorize(await go(browser))
    kept = dict(browser.http.cookies)
    assert (await back(browser, **said)).headers["location"] == "/machines"
    thief = home.browser()
    thief.http.cookies.update(kept)
    answer = await back(thief, **said)
    assert answer.headers["location"] == "/sign-in?problem=oidc_refused"


async def test_a_sign_in_that_takes_too_long_begins_again(
    home: Appliance, provider: Provider, clock: Clock
):
    browser = home.browser()
    said = provider.authorize(await go(browser))
    clock.forward(minutes=11)
    assert (await back(browser, **said)).headers["location"] == "/sign-in?problem=oidc_expired"


@pytest.mark.parametrize("value", ["", "x", "!" * 100, "ktizo" * 2000])
async def test_a_cookie_that_was_tampered_with_is_no_sign_in(
    home: Appliance, provider: Provider, value: str
):
    said = provider.authorize(await go(home.browser()))
    browser = home.browser()
    headers = {"Cookie": f"ktizo_oidc={value}"}
    answer = await browser.http.get("/api/v1/oidc/callback", params=said, headers=headers)
    assert answer.headers["location"] == "/sign-in?problem=oidc_expired"


async def test_the_cookie_on_the_way_cannot_be_read(home: Appliance, provider: Provider):
    browser = home.browser()
    said = provider.authorize(await go(browser))
    import base64

    cookie = browser.http.cookies["ktizo_oidc"]
    assert said["state"].encode() not in base64.urlsafe_b64decode(cookie + "===")


async def test_a_person_who_says_no_at_the_provider_is_not_signed_in(
    home: Appliance, provider: Provider
):
    browser = home.browser()
    said = provider.authorize(await go(browser))
    answer = await back(browser, state=said["state"], error="access_denied")
    assert answer.headers["location"] == "/sign-in?problem=oidc_refused"


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"issuer": f"{ISSUER}/"}, "oidc_refused"),
        ({"issuer": "https://evil.example"}, "oidc_refused"),
        ({"token_endpoint": "http://id.example/token"}, "oidc_refused"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "oidc_refused"),
        ({"jwks_uri": None}, "oidc_refused"),
    ],
)
async def test_a_provider_that_speaks_for_another_is_not_used(
    home: Appliance, provider: Provider, said: dict[str, Any], problem: str
):
    provider.said = said
    assert await go(home.browser()) == f"/sign-in?problem={problem}"


async def test_a_provider_that_is_away_is_said_so_and_passwords_go_on(
    home: Appliance, provider: Provider
):
    provider.away = True
    assert await go(home.browser()) == "/sign-in?problem=oidc_unavailable"
    assert (await home.browser().sign_in("ann")).status_code == 200
    provider.away = False
    assert await through(home.browser(), provider) == "/machines"


async def test_keys_that_changed_are_fetched_again_but_not_for_everyone_who_asks(
    home: Appliance, provider: Provider, monkeypatch: pytest.MonkeyPatch
):
    await through(home.browser(), provider)
    provider.key, provider.published = OTHER_KEY, [KEY, OTHER_KEY]
    assert await through(home.browser(), provider) == "/sign-in?problem=oidc_refused"
    assert provider.asked.count("/realms/lab/keys") == 1, "asked a moment ago"
    monkeypatch.setattr("ktizo.accounts.oidc.provider.KEYS_AGAIN_S", -1)
    assert await through(home.browser(), provider) == "/machines"
    assert provider.asked.count("/realms/lab/keys") == 2
    assert provider.asked.count("/realms/lab/.well-known/openid-configuration") == 1


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        ("/machines/7?tab=log", "/machines/7?tab=log"),
        ("/", "/"),
        ("", "/"),
        ("//evil.test", "/"),
        ("/\\evil.test", "/"),
        ("/a\\b", "/"),
        ("https://evil.test", "/"),
        ("javascript:alert(1)", "/"),
        ("/\r\nSet-Cookie: a=b", "/"),
        ("/\t/evil.test", "/"),
        ("/api/v1/oidc/login", "/"),
        ("/ü", "/"),
        ("/" + "x" * 500, "/"),
    ],
)
async def test_after_signing_in_nobody_is_sent_elsewhere(
    home: Appliance, provider: Provider, asked: str, goes: str
):
    assert safe_next(asked) == goes
    location = await through(home.browser(), provider, asked)
    assert location == goes
    assert urlsplit(location).netloc == ""


async def test_a_browser_that_held_a_session_gets_a_new_one(home: Appliance, provider: Provider):
    browser = await home.signed_in("ann")
    old = browser.cookie
    await through(browser, provider)
    assert browser.cookie != old
    assert (await me(browser))["name"] == "olga"


async def test_the_first_person_may_come_from_the_provider(
    untouched: Appliance, provider: Provider
):
    mapped(untouched)
    provider.claims = {"groups": ["boss"]}
    browser = untouched.browser()
    assert (await browser.ask("GET", "session")).json()["setup_needed"] is True
    await through(browser, provider)
    assert (await me(browser))["role"] == "admin"


async def test_without_a_provider_there_is_nothing_to_go_to(home: Appliance):
    home.state.settings = Settings()
    assert await go(home.browser()) == "/sign-in?problem=oidc_not_set_up"
    answer = await back(home.browser(), state="x", code="y")
    assert answer.headers["location"] == "/sign-in?problem=oidc_not_set_up"
    said = (await home.browser().ask("GET", "session")).json()
    assert said["sign_in"]["oidc"] is None


async def test_no_secret_of_the_sign_in_reaches_log_or_audit(
    home: Appliance, provider: Provider, caplog: pytest.LogCaptureFixture
):
    provider.claims = {"nonce": "another"}
    browser = home.browser()
    said = provider.authorize(await go(browser))
    await back(browser, **said)
    text = caplog.text + str(await home.audited())
    for word in (said["code"], said["state"], CLIENT_SECRET, "an access token"):
        assert word not in text
    assert "cannot be believed" in caplog.text


async def test_roles_may_lie_deeper_in_the_token():
    roles = RoleMap.of(
        Settings(**OIDC, oidc_role_claim="realm_access.roles", oidc_role_admin="boss")
    )
    assert roles.role({"realm_access": {"roles": ["boss"]}}, None) == "admin"
    assert roles.role({"realm_access.roles": "boss"}, None) == "admin"
    for odd in ({}, {"realm_access": "boss"}, {"realm_access": {"roles": {"boss": 1}}}):
        assert roles.role(odd, "admin") == "viewer"
    strict = RoleMap.of(Settings(**OIDC, oidc_default_role="none"))
    assert strict.role({}, "operator") == "operator"
    with pytest.raises(OidcNoRole):
        strict.role({}, None)


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "olga", "email": "o@e"}, "olga"),
        ({"preferred_username": "  ", "email": "o@e"}, "o@e"),
        ({"preferred_username": 7, "name": "O\nlga\t"}, "O lga"),
        ({"sub": "x" * 300}, "x" * 64),
        ({}, "somebody"),
    ],
)
async def test_what_a_person_is_called(claims: dict[str, Any], name: str):
    assert name_of(claims) == name


async def test_an_issuer_needs_a_client_id():
    with pytest.raises(ValueError, match="KTIZO_OIDC_CLIENT_ID"):
        Settings(oidc_issuer=ISSUER)


async def test_the_redirect_names_the_host_the_browser_used(home: Appliance, provider: Provider):
    browser = home.browser()
    assert f"redirect_uri={HOST.replace(':', '%3A').replace('/', '%2F')}%2Fapi" in await go(browser)
    answer = await browser.http.get("/api/v1/oidc/login", headers={"Host": 'x"onclick='})
    assert told(answer) == (400, "host_unreadable")
