"""A cluster's secrets: sealed, never shown unasked, and every look is in the audit."""

import json
import logging

import pytest

from clusters.conftest import bundle
from clusters.office import CLUSTERS, MACHINES, VOLUMES, exactly, join, make, refused
from ktizo.accounts.api import require_token
from ktizo.accounts.tokens import Actor
from ktizo.audit import store as audit
from ktizo.clusters import sealing, store
from ktizo.clusters.history import last_config
from ktizo.clusters.redact import secret_texts
from ktizo.clusters.reseal import reseal
from ktizo.clusters.serve import machine_config, note_served
from ktizo.core import yaml
from ktizo.core.seal import Sealer, UnsealFailed, new_key
from ktizo.events import store as events
from ktizo.events.kinds import EVERYTHING
from ktizo.talos import secrets

pytestmark = pytest.mark.anyio
WHY = {"reason": "moving house"}


def hold_no_secret(text: str) -> None:
    for secret in secret_texts(bundle()):
        assert not secret or secret not in text
        assert not secret or json.dumps(secret)[1:-1] not in text
    assert "PRIVATE KEY" not in text


async def test_secrets_are_described_but_not_told(api):
    await make(api)
    answer = await api.get(f"{CLUSTERS}/prod/secrets")
    assert set(answer.json()["certificates"]) == {"os", "k8s", "etcd", "k8saggregator"}
    hold_no_secret(answer.text)


async def test_secrets_are_given_out_for_a_reason_and_the_audit_keeps_it(api, db):
    await make(api)
    path = f"{CLUSTERS}/prod/secrets/export"
    assert (await api.post(path, json={})).status_code == 422
    assert (await api.post(path, json={"reason": " "})).status_code == 422
    answer = await api.post(path, json=WHY)
    assert secrets.load(answer.text) == bundle()
    assert answer.headers["cache-control"] == "no-store"
    async with db.read() as session:
        last = (await audit.newest(session, {}, before_id=None, limit=1))[0]
    assert (last.action, last.data["reason"]) == ("clusters.secrets_exported", "moving house")


async def test_talosconfig_and_kubeconfig_are_made_here(api, db, machine):
    await make(api)
    await join(api, await machine(), "controlplane", address="192.0.2.11/24")
    answer = await api.post(f"{CLUSTERS}/prod/talosconfig", json=WHY | {"roles": ["os:reader"]})
    context = yaml.load(answer.text)["contexts"]["prod"]
    assert context["endpoints"] == ["192.0.2.11"]
    wrong = WHY | {"roles": ["os:nobody"]}
    assert (await api.post(f"{CLUSTERS}/prod/talosconfig", json=wrong)).status_code == 422
    answer = await api.post(f"{CLUSTERS}/prod/kubeconfig", json=WHY)
    assert yaml.load(answer.text)["clusters"][0]["cluster"]["server"] == "https://192.0.2.10:6443"
    async with db.read() as session:
        actions = [line.action for line in await audit.page_after(session, 0, 100)]
    assert actions[-2:] == ["clusters.talosconfig_made", "clusters.kubeconfig_made"]


async def test_only_administrators_see_secrets(api, machine):
    await make(api)
    device = await machine()
    await join(api, device)
    app = api._transport.app
    app.dependency_overrides[require_token] = lambda: Actor("eve", "read", 2)
    for path, body in (
        (f"{CLUSTERS}/prod/secrets/export", WHY),
        (f"{CLUSTERS}/prod/talosconfig", WHY),
        (f"{CLUSTERS}/prod/kubeconfig", WHY),
        (f"{MACHINES}/{device}/preview?reason=curious", None),
    ):
        hold_no_secret(refused(await api.post(path, json=body), 403, "role_missing"))


async def test_secrets_are_replaced_only_by_name(api, machine):
    await make(api)
    path = f"{CLUSTERS}/prod/secrets"
    text = secrets.dump(bundle())
    refused(await api.put(path, json=WHY | {"secrets": text}), 409, "needs_confirmation")
    body = WHY | {"secrets": text, "confirm": "prod"}
    assert (await api.put(path, json=body)).status_code == 200
    both = body | {"machine_config": "x"}
    refused(await api.put(path, json=both), 422, "give_one")
    broken = WHY | {"confirm": "prod", "secrets": text.replace("cluster:", "cluster2:")}
    assert (await api.put(path, json=broken)).status_code == 422


async def test_a_cluster_is_taken_over_from_its_secrets_or_a_control_plane_s_config(api, machine):
    made = await make(api, secrets=secrets.dump(bundle()))
    assert made["has_secrets"] is True
    device = await machine()
    await join(api, device, "controlplane")
    body = WHY | {"confirm": "prod", "machine_config": await exactly(api, device)}
    assert (await api.put(f"{CLUSTERS}/prod/secrets", json=body)).status_code == 200
    answer = await api.post(f"{CLUSTERS}/prod/secrets/export", json=WHY)
    assert secrets.load(answer.text) == bundle()


async def test_no_answer_event_log_or_audit_line_holds_a_secret(
    house, api, machine, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    await make(api)
    device = await machine()
    await join(api, device, "controlplane", address="192.0.2.11/24")
    config = await machine_config(house.reader, house.sealer, device)
    note_served(house.writer, house.sealer, config, lease_id=1)
    assert await house.writer.flush()
    ca = yaml.load_all(config.body)[0]["machine"]["ca"]["key"]
    bad = f"machine:\n  ca:\n    key: {ca}x\n  token: {bundle().trustd_token}\n  colour: blue\n"
    said = [
        (await api.get(path)).text
        for path in (
            CLUSTERS,
            f"{CLUSTERS}/prod",
            f"{CLUSTERS}/prod/secrets",
            f"{CLUSTERS}/prod/members",
            f"{CLUSTERS}/prod/patches",
            "/api/v1/cluster/settings",
            f"{MACHINES}/{device}/preview",
            f"{MACHINES}/{device}/diff",
            f"{MACHINES}/{device}/history",
            VOLUMES,
        )
    ]
    said.append((await api.post("/api/v1/cluster/config/generate")).text)
    said.append((await api.put(f"{MACHINES}/{device}/patches", json={"patches": [bad]})).text)
    assert await house.writer.flush()
    async with house.db.read() as session:
        said += [str(line) for line in await audit.page_after(session, 0, 100)]
        said += [str(one) for one in await events.between(session, 0, None, EVERYTHING, 1000)]
        said.append(str(vars(await store.cluster(session, "prod"))))
        said += [str(vars(row)) for row in await store.served_list(session, device, 5)]
    said += [record.getMessage() for record in caplog.records]
    said += [repr(config), repr(bundle())]
    for text in said:
        hold_no_secret(text)


async def test_a_new_key_seals_everything_again(house, api, machine):
    await make(api)
    device = await machine()
    await join(api, device, patches=["machine: {env: {A: b}}"])
    await api.put(f"{CLUSTERS}/prod/patches/worker", json={"patches": ["machine: {env: {C: d}}"]})
    config = await machine_config(house.reader, house.sealer, device)
    note_served(house.writer, house.sealer, config, lease_id=1)
    assert await house.writer.flush()
    key = new_key()
    old = house.sealer
    both = Sealer([key])
    both._keys |= old._keys  # what Sealer([key, old key]) holds
    async with house.db.write() as session:
        assert await reseal(session, both) == 4
    async with house.db.write() as session:
        assert await reseal(session, both) == 0
    alone = Sealer([key])
    assert (await machine_config(house.reader, alone, device)).body == config.body
    async with house.db.read() as session:
        assert (await last_config(session, alone, device))[1] == config.body
        row = await store.cluster(session, "prod")
        with pytest.raises(UnsealFailed):
            sealing.open_bundle(old, row.secrets, row.id)
        with pytest.raises(UnsealFailed):
            sealing.open_bundle(alone, row.secrets, row.id + 1)
