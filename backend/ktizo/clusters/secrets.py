"""A cluster's secrets: given once more, taken from elsewhere, handed out. Always in the audit."""

import asyncio
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256

from ktizo.accounts.actor import ADMIN
from ktizo.clusters import sealing, store
from ktizo.clusters.changes import Desk, check_all
from ktizo.clusters.create import fresh_bundle
from ktizo.clusters.schemas import KubeconfigIn, SecretsIn, TalosconfigIn
from ktizo.clusters.tables import ClusterRow
from ktizo.core.clock import utc_now
from ktizo.core.errors import Conflict, Invalid
from ktizo.talos import importing, pki, secrets
from ktizo.talos.contracts import contract
from ktizo.talos.kubeconfig import kubeconfig as make_kubeconfig
from ktizo.talos.secrets import Bundle
from ktizo.talos.talosconfig import Access
from ktizo.talos.talosconfig import talosconfig as make_talosconfig

SOURCES = ("secrets", "machine_config", "kubeadm")


class NeedsConfirmation(Conflict):
    """The cluster has secrets; machines made under them would be lost."""


class GiveOne(Invalid):
    """Secrets come from one place."""


def insist_admin(desk: Desk) -> None:
    """Let only administrators see secrets; the routes say so too."""
    desk.actor.insist(ADMIN)


async def given(wanted: SecretsIn, talos_version: str) -> Bundle:
    """Return the secrets a request brings, or fresh ones; before anything is written."""
    sources = (wanted.secrets, wanted.machine_config, wanted.kubeadm)
    if sum(source is not None for source in sources) > 1:
        raise GiveOne("give one of secrets, machine_config and kubeadm, or none to generate")
    # In threads: looking at an RSA key of 4096 bits takes a quarter of a second.
    if wanted.secrets is not None:
        return await asyncio.to_thread(secrets.load, wanted.secrets)
    if wanted.machine_config is not None:
        return await asyncio.to_thread(importing.from_machine_config, wanted.machine_config)
    if wanted.kubeadm is not None:
        files, talos = wanted.kubeadm, contract(talos_version)
        return await asyncio.to_thread(importing.from_kubeadm, files, talos, now=utc_now())
    return await fresh_bundle(talos_version)


async def replace(desk: Desk, row: ClusterRow, bundle: Bundle, wanted: SecretsIn) -> None:
    """Give a cluster these secrets, instead of those it has when that was confirmed."""
    insist_admin(desk)
    if row.secrets and wanted.confirm != row.name:
        raise NeedsConfirmation(
            f"{row.name} has secrets; machines made under them would be locked out. "
            f"Confirm with its name: {row.name}"
        )
    how = next((name for name in SOURCES if getattr(wanted, name) is not None), "generated")
    row.secrets = sealing.seal_bundle(desk.sealer, bundle, row.id)
    row.secrets_at = utc_now()
    await store.save_cluster(desk.session, row)
    await check_all(desk.session, desk.sealer, row.id)
    subject = f"cluster {row.name}"
    await desk.note("secrets_replaced", subject, source=how, reason=wanted.reason)


def describe(desk: Desk, row: ClusterRow) -> dict[str, dict[str, str]]:
    """Return the SHA-256 and last day of each CA's certificate; nothing of it is secret."""
    bundle = sealing.open_bundle(desk.sealer, row.secrets, row.id)
    found: dict[str, dict[str, str]] = {}
    for name in ("os", "k8s", "etcd", "k8saggregator"):
        certificate = pki.load_certificate(getattr(bundle, name).crt)
        found[name] = {
            "sha256": certificate.fingerprint(SHA256()).hex(),
            "valid_until": certificate.not_valid_after_utc.isoformat(),
        }
    return found


async def export(desk: Desk, row: ClusterRow, reason: str) -> str:
    """Return a cluster's secrets.yaml."""
    insist_admin(desk)
    bundle = sealing.open_bundle(desk.sealer, row.secrets, row.id)
    await desk.note("secrets_exported", f"cluster {row.name}", reason=reason)
    return secrets.dump(bundle)


async def talosconfig(desk: Desk, row: ClusterRow, wanted: TalosconfigIn) -> str:
    """Return a talosconfig for the members' addresses, with the roles asked for."""
    insist_admin(desk)
    bundle = sealing.open_bundle(desk.sealer, row.secrets, row.id)
    members = await store.members(desk.session, row.id)
    endpoints = [m.ip for m in members if m.role == "controlplane" and m.ip is not None]
    text = make_talosconfig(
        bundle,
        row.name,
        now=utc_now(),
        access=Access(tuple(wanted.roles), timedelta(hours=wanted.hours)),
        endpoints=endpoints or ([row.vip] if row.vip else []),
        talos=contract(row.talos_version),
    )
    what: dict[str, Any] = {"roles": wanted.roles, "hours": wanted.hours}
    await desk.note("talosconfig_made", f"cluster {row.name}", reason=wanted.reason, **what)
    return text


async def kubeconfig(desk: Desk, row: ClusterRow, wanted: KubeconfigIn) -> str:
    """Return an admin kubeconfig; it works as soon as the API server runs."""
    insist_admin(desk)
    bundle = sealing.open_bundle(desk.sealer, row.secrets, row.id)
    lifetime = timedelta(hours=wanted.hours)
    text = make_kubeconfig(bundle, row.name, row.endpoint, now=utc_now(), lifetime=lifetime)
    subject = f"cluster {row.name}"
    await desk.note("kubeconfig_made", subject, hours=wanted.hours, reason=wanted.reason)
    return text
