"""Accounts at providers: what is a secret stays one, and nobody is locked out by us."""

import json
from typing import Any

import httpx
import pytest

from ktizo.providers.registry import PROVIDERS
from provisioning.clouds import SECRETS, SETTINGS
from provisioning.homes import Home

pytestmark = pytest.mark.anyio

CANARY = "canary-5e9d1c7a4b"  # a secret that was typed in the wrong place
ACCOUNTS = "provider-accounts"


async def show(home: Home, key: str | int = "latitude") -> dict[str, Any]:
    found: dict[str, Any] = await home.api("GET", f"{ACCOUNTS}/{key}")
    return found


async def change(home: Home, key: str | int = "latitude", expect: int = 200, **body: Any) -> Any:
    return await home.api("PATCH", f"{ACCOUNTS}/{key}", expect, json=body)


async def try_it(home: Home, key: str = "latitude") -> dict[str, Any]:
    found: dict[str, Any] = await home.api("POST", f"{ACCOUNTS}/{key}/test")
    return found


async def said(home: Home) -> str:
    """Everything Ktizo shows to people, in one text."""
    told = [
        await home.audit(),
        await home.events(),
        await home.api("GET", ACCOUNTS),
        await home.api("GET", "providers"),
        await home.api("GET", "openapi.json"),
        await home.api("GET", "plans"),
        await home.api("GET", "servers"),
    ]
    return json.dumps(told)


# Secrets


@pytest.mark.parametrize("name", list(SETTINGS))
async def test_a_secret_goes_in_and_is_never_seen_again(
    any_home: Home, name: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("DEBUG", logger="ktizo")
    home, secret = any_home, str(SETTINGS[name][SECRETS[name]])
    await home.vendor(name)
    made = await home.account(name)
    assert SECRETS[name] in made["secrets"]
    assert SECRETS[name] not in made["settings"]
    told = [made, await try_it(home, name), await change(home, name, max_hourly="3")]
    told.append(await home.api("GET", f"{ACCOUNTS}/{name}/regions"))
    told.append(await home.api("GET", f"{ACCOUNTS}/{name}/servers"))
    told.append(await home.api("GET", f"{ACCOUNTS}/{name}/ssh-keys"))
    assert secret not in json.dumps(told) + await said(home) + caplog.text
    for table, rows in (await home.dump()).items():
        assert secret not in repr(rows), table
    for file in home.settings.data_dir.rglob("*"):
        if file.is_file():
            assert secret.encode() not in file.read_bytes(), file.name


@pytest.mark.parametrize("name", list(SETTINGS))
async def test_a_refusal_of_settings_quotes_nothing_that_was_typed(
    home: Home, name: str, caplog: pytest.LogCaptureFixture
):
    wrong: list[dict[str, Any]] = []
    for field in PROVIDERS[name].settings.model_fields:
        for value in (CANARY, 7, [CANARY], {"x": CANARY}, True, f"{CANARY}\n", CANARY * 9999):
            wrong.append(SETTINGS[name] | {field: value})
            wrong.append({field: value})
    wrong.append({"nonsense": CANARY})
    for number, settings in enumerate(wrong):
        body = {"provider": name, "name": f"a{number}", "settings": settings}
        answer = await home.office.post(f"/api/v1/{ACCOUNTS}", json=body)
        assert answer.status_code in {201, 422}, answer.text
        if answer.status_code == 422:
            assert CANARY not in answer.text
            assert answer.json()["message"]
        for value in settings.values():
            assert isinstance(value, str) or repr(value) not in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        {"settings": CANARY},
        {"settings": [CANARY]},
        {"settings": None, "api_key": CANARY},
        {"provider": {"x": CANARY}},
        {"name": f"{CANARY} with blanks"},
        {"max_hourly": CANARY},
        {"currency": CANARY},
        CANARY,
        [CANARY],
    ],
)
async def test_a_body_of_another_shape_is_not_quoted_either(home: Home, body: Any):
    whole = {"provider": "latitude", "name": "a", "settings": {"api_key": CANARY}}
    given = whole | body if isinstance(body, dict) else body
    answer = await home.office.post(f"/api/v1/{ACCOUNTS}", json=given)
    assert answer.status_code == 422
    assert CANARY not in answer.text
    assert (await home.api("GET", ACCOUNTS)) == []


async def test_a_provider_that_quotes_the_key_is_not_repeated(home: Home):
    vendor = await home.vendor("latitude")
    await home.account()
    key = SETTINGS["latitude"]["api_key"]
    vendor.double.answer = lambda _request: httpx.Response(401, text=f"bad key {key}")  # type: ignore[method-assign]
    tested = await try_it(home)
    assert tested["ok"] is False
    assert key not in json.dumps(tested) + await said(home)


# Rules


async def test_a_setting_left_out_stays_and_an_empty_text_clears_it(home: Home):
    await home.vendor("scaleway")
    await home.account("scaleway")
    before = await show(home, "scaleway")
    default = PROVIDERS["scaleway"].settings.model_fields["zones"].default
    changed = await change(home, "scaleway", settings={"zones": "nl-ams-1"})
    assert changed["settings"] == before["settings"] | {"zones": changed["settings"]["zones"]}
    assert changed["secrets"] == before["secrets"]
    assert "nl-ams-1" in str(changed["settings"]["zones"])
    cleared = await change(home, "scaleway", settings={"zones": ""})
    assert cleared["settings"]["zones"] == list(default)
    assert (await try_it(home, "scaleway"))["ok"]
    # What has no default cannot be cleared, and nothing of the request is kept.
    refused = await change(home, "scaleway", 422, settings={"secret_key": "", "zones": "pl-waw-1"})
    assert refused["detail"]["fields"] == ["secret_key"]
    assert (await show(home, "scaleway"))["settings"] == cleared["settings"]


async def test_an_unknown_provider_or_setting_is_refused_with_what_there_is(home: Home):
    refused = await home.account("latitude", 422, provider="hertzner")
    assert "hetzner" in refused["message"]
    refused = await home.account("latitude", 422, settings={"api_kee": "x"})
    assert "api_key" in refused["message"]
    assert refused["detail"]["fields"] == ["api_kee"]
    await home.account()
    await change(home, expect=422, settings={"api_kee": "x"})
    await change(home, expect=422, provider="vultr")


async def test_names_are_unique_and_stand_in_paths(home: Home):
    first = await home.account()
    refused = await home.account("latitude", 409)
    assert refused["code"] == "account_exists"
    second = await home.account("latitude", name="second")
    taken = await change(home, "second", 409, name="latitude")
    assert taken["code"] == "account_exists"
    assert (await show(home, second["id"]))["name"] == "second"
    assert (await change(home, second["id"], name="other"))["id"] == second["id"]
    assert (await show(home, "other"))["id"] == second["id"]
    await home.api("GET", f"{ACCOUNTS}/second", 404)
    assert [one["name"] for one in await home.api("GET", ACCOUNTS)] == ["latitude", "other"]
    assert first["id"] != second["id"]


@pytest.mark.parametrize("name", ["1", "2026", "-a", "a-", "A", "a b", "", "a" * 64, "ä", "a/b"])
async def test_a_name_that_could_be_taken_for_something_else_is_refused(home: Home, name: str):
    await home.account("latitude", 422, name=name)


@pytest.mark.parametrize("amount", ["-1", "1e9", "NaN", "Infinity", "0.0000001", "ten", True])
async def test_a_limit_is_an_amount_of_money(home: Home, amount: Any):
    await home.account("latitude", 422, max_hourly=amount)
    await home.account("latitude", 422, max_setup=amount)


async def test_a_limit_is_kept_as_it_was_typed_and_null_takes_it_away(home: Home):
    made = await home.account("latitude", max_hourly="0.10", max_setup="12.5", currency="USD")
    assert (made["max_hourly"], made["max_setup"], made["currency"]) == ("0.10", "12.5", "USD")
    same = await change(home, enabled=True)
    assert same["max_hourly"] == "0.10"
    none = await change(home, max_hourly=None)
    assert (none["max_hourly"], none["max_setup"]) == (None, "12.5")


async def test_an_account_without_limits_orders_nothing(home: Home):
    vendor = await home.vendor("latitude")
    await home.account("latitude", max_hourly=None, max_setup=0)
    shown = await home.api("POST", "servers/preview", json=vendor.order())
    assert not shown["allowed"]
    await home.api("POST", "servers", 409, json=vendor.order(confirm=shown["echo"]))
    assert vendor.double.orders == []


async def test_several_accounts_of_one_provider_have_their_own_keys_and_limits(home: Home):
    vendor = await home.vendor("latitude")
    await home.account()
    wrong = SETTINGS["latitude"] | {"api_key": "another-key-0000"}
    await home.account("latitude", name="wrong", settings=wrong, max_hourly=None)
    assert (await try_it(home, "wrong"))["ok"] is False
    assert (await try_it(home, "latitude"))["ok"] is True
    # The refused one is asked nothing more; the good one goes on.
    vendor.asked.clear()
    await home.api("GET", f"{ACCOUNTS}/latitude/regions")
    refused = await home.api("GET", f"{ACCOUNTS}/wrong/regions", 502)
    assert refused["code"] == "credentials_refused"
    keys = {one.headers["authorization"] for one in vendor.asked}
    assert keys == {f"Bearer {SETTINGS['latitude']['api_key']}"}


async def test_roles(home: Home):
    await home.vendor("latitude")
    await home.account()
    body = {"provider": "latitude", "name": "b", "settings": SETTINGS["latitude"]}
    key = {"name": "k", "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0000000 a@b"}
    reads = ["", "/latitude", "/latitude/regions", "/latitude/ssh-keys", "/latitude/servers"]
    changes: list[tuple[str, str, Any]] = [
        ("POST", "", body),
        ("PATCH", "/latitude", {"max_hourly": "9"}),
        ("POST", "/latitude/test", None),
        ("DELETE", "/latitude", None),
    ]
    for role, may_add_keys in (("viewer", False), ("operator", True)):
        async with await home.client_of(role) as client:
            for path in reads:
                assert (await client.get(f"/api/v1/{ACCOUNTS}{path}")).status_code == 200
            for method, path, json_ in changes:
                answer = await client.request(method, f"/api/v1/{ACCOUNTS}{path}", json=json_)
                assert answer.status_code == 403, (role, method, path, answer.text)
            answer = await client.post(f"/api/v1/{ACCOUNTS}/latitude/ssh-keys", json=key)
            assert answer.status_code == (201 if may_add_keys else 403), answer.text
    async with home._client("10.0.0.9", {}) as nobody:
        for path in reads:
            assert (await nobody.get(f"/api/v1/{ACCOUNTS}{path}")).status_code == 401
    for method, path, json_ in changes:
        answer = await home.office.request(method, f"/api/v1/{ACCOUNTS}{path}", json=json_)
        assert answer.is_success, (method, path, answer.text)


async def test_an_account_with_servers_that_may_cost_is_not_forgotten(any_home: Home):
    home = any_home
    _, server, _ = await home.rent("latitude")
    refused = await home.api("DELETE", f"{ACCOUNTS}/latitude", 409)
    assert refused["code"] == "account_in_use"
    assert (await show(home))["servers"] == 1
    for stage in ("wanted", "unsure", "delivered", "failed", "ending"):
        await home.change(server["id"], stage=stage)
        await home.api("DELETE", f"{ACCOUNTS}/latitude", 409)
    await home.change(server["id"], stage="gone")
    await home.api("DELETE", f"{ACCOUNTS}/latitude", 204)
    assert await home.api("GET", ACCOUNTS) == []
    assert (await home.api("GET", "servers"))["total"] == 0
    made = await home.account()  # its number is not given out again
    assert made["id"] > server["account_id"]


async def test_every_change_is_in_the_audit_and_on_the_stream(home: Home):
    await home.vendor("latitude")
    await home.account()
    await change(home, settings={"api_key": SETTINGS["latitude"]["api_key"]}, max_hourly="4")
    await try_it(home)
    await home.flush()
    await home.api("DELETE", f"{ACCOUNTS}/latitude", 204)
    lines = [one for one in await home.audit() if one["action"].startswith("providers.")]
    assert [(one["action"], one["subject"]) for one in lines] == [
        ("providers.account_added", "account latitude"),
        ("providers.account_changed", "account latitude"),
        ("providers.check", "latitude"),
        ("providers.account_removed", "account latitude"),
    ]
    assert lines[1]["data"]["fields"] == ["max_hourly", "settings"]
    assert {one["address"] for one in lines} == {"10.0.0.2"}
    events = [one["data"] for one in await home.events("account_changed")]
    assert sorted(one["change"] for one in events) == [
        "account_added",
        "account_changed",
        "account_removed",
    ]
