"""`ktizo providers …`: what there is, without a server; what people see, on recorded answers."""

import json
from pathlib import Path

import httpx
import pytest
from httpx import Response

from cli.conftest import Box
from cli.recorded import as_person, flat, run, wire
from ktizo.providers.registry import PROVIDERS
from ktizo.providers.view import provider_view

__all__ = ["as_person", "wire"]


@pytest.fixture
def bare(tmp_path: Path) -> Box:
    """A shell without a server, without a token."""
    return Box(tmp_path)


# Without a server


def test_providers_are_listed_with_their_capabilities_without_a_server(bare: Box):
    found = bare.json("providers", "list", "--json")
    assert [one["name"] for one in found] == list(PROVIDERS)
    assert found == [provider_view(one).model_dump(mode="json") for one in PROVIDERS.values()]
    assert all(one["capabilities"] for one in found)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_is_shown_with_its_secrets_variables_and_notes(name: str, as_person):
    shown = flat(run("providers", "show", name).stdout)
    declared = PROVIDERS[name]
    assert f"name {name}" in shown
    for words in (*declared.environment, *declared.settings.model_fields, *declared.notes):
        assert words in shown
    assert " secret" in shown
    for option in declared.options.model_fields if declared.options else ():
        assert option in shown


def test_a_provider_nobody_knows_is_exit_code_5_and_names_those_there_are(bare: Box):
    done = bare.run("providers", "show", "nimbus")
    assert (done.returncode, done.stdout) == (5, "")
    assert "latitude" in done.stderr


# What people see, on recorded answers


PLAN = {
    "account_id": 1, "account": "lat", "provider": "latitude", "title": "Latitude.sh", "id": "c2",
    "name": "c2", "kind": "metal", "cpu": "Xeon\x1b[31m", "cores": 6, "memory_gib": 32.0,
    "disks": "1 x 480 GB", "talos": False, "why": "no iPXE there", "hourly": "0.18",
    "currency": "USD", "in_stock": True,
    "offers": [
        {"region": "NYC", "price": None, "in_stock": True},
        {"region": "ASH", "price": None, "in_stock": False},
        {"region": "SAO", "price": None, "in_stock": None},
    ],
}  # fmt: skip


def test_plans_are_a_table_and_accounts_that_did_not_answer_are_named(wire, as_person):
    trouble = {"account_id": 2, "account": "vu", "code": "provider_away", "message": "timed out"}
    found = {"plans": [PLAN], "total": 9, "troubles": [trouble], "asked_at": "2026-11-21T10:00:00Z"}
    asked = wire.get("/plans").mock(Response(200, json=found))
    done = run("providers", "plans", "--talos", "--in-stock", "--kind", "metal", "--region", "NYC")
    assert done.exit_code == 0, done.output
    assert "c2 lat Xeon?[31m 32 GiB 1 x 480 GB 0.18 USD NYC SAO?" in flat(done.stdout)
    assert "no: no iPXE there" in flat(done.stdout)
    assert "1 of 9 shown" in done.stdout
    assert "plans are missing: vu: timed out (provider_away)" in done.stderr
    query = httpx.QueryParams(asked.calls.last.request.url.query)
    wanted = {"talos": "true", "in_stock": "true", "kind": "metal", "region": "NYC"}
    assert wanted.items() <= dict(query).items()
    assert not {"account", "provider", "q"} & set(query)


def test_accounts_regions_and_keys_are_tables(wire, as_person):
    account = {
        "id": 1, "name": "lat", "provider": "latitude", "title": "Latitude.sh", "servers": 2,
        "capabilities": [], "settings": {}, "secrets": ["api_key"], "max_hourly": None,
        "max_setup": "0", "currency": "EUR", "enabled": True, "tested_at": "2026-11-21T10:00:00Z",
        "tested": {"ok": False, "name": "", "detail": "", "message": "wrong key"},
    }  # fmt: skip
    wire.get("/provider-accounts").mock(Response(200, json=[account]))
    region = {"id": "NYC", "name": "New York", "country": "US"}
    wire.get("/provider-accounts/lat/regions").mock(Response(200, json=[region]))
    key = {"id": "ssh_1", "name": "mine", "fingerprint": "SHA256:x"}
    wire.get("/provider-accounts/lat/ssh-keys").mock(Response(200, json=[key]))
    shown = flat(run("providers", "accounts").stdout)
    assert "1 lat latitude on orders nothing 0 EUR 2 refused: wrong key" in shown
    assert "NYC New York US" in flat(run("providers", "regions", "lat").stdout)
    assert "ssh_1 mine SHA256:x" in flat(run("providers", "keys", "lat").stdout)


def test_a_public_key_is_added_and_a_private_one_never_leaves_the_box(wire, tmp_path: Path):
    kept = wire.post("/provider-accounts/lat/ssh-keys").mock(
        Response(201, json={"id": "ssh_1", "name": "mine", "fingerprint": "SHA256:x"})
    )
    private, public = tmp_path / "id", tmp_path / "id.pub"
    private.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n")
    public.write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me\n")
    add = ["providers", "add-key", "lat", "--name", "mine"]
    assert run(*add, str(private)).exit_code == 1
    assert not kept.called
    assert run(*add, str(public)).exit_code == 0
    sent = json.loads(kept.calls.last.request.content)
    assert sent == {"name": "mine", "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me"}


def test_a_tested_account_says_whose_it_is_and_a_refused_one_is_exit_code_1(wire, as_person):
    good = {"ok": True, "name": "ann@example.org", "detail": "team 4", "message": ""}
    wire.post("/provider-accounts/lat/test").mock(Response(200, json=good))
    bad = good | {"ok": False, "message": "the key is wrong"}
    wire.post("/provider-accounts/vu/test").mock(Response(200, json=bad))
    assert "ann@example.org" in run("providers", "test", "lat").stdout
    refused = run("providers", "test", "vu")
    assert (refused.exit_code, "the key is wrong" in refused.stderr) == (1, True)
