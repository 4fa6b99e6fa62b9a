"""Showing what a machine would get now, and how that differs from what it was given."""

import difflib

from ktizo.clusters import check, serve, store
from ktizo.clusters.changes import Desk, facts_of, facts_of_member
from ktizo.clusters.history import last_config
from ktizo.clusters.reading import store as reading
from ktizo.clusters.redact import redacted
from ktizo.clusters.schemas import Diff, Preview
from ktizo.clusters.secrets import insist_admin
from ktizo.clusters.serve import ServedConfig
from ktizo.core.db import AsyncSession
from ktizo.core.seal import Sealer

REDACTING = "clusters-redact"  # the sealing key's subkey for fingerprints


async def config_for(session: AsyncSession, sealer: Sealer, device_id: int) -> ServedConfig:
    """Return what the machine would be served now, made by the function that serves it."""
    found = await serve.machine_config(reading.of_session(session), sealer, device_id)
    if found is None:
        raise store.NotAMember(f"machine {device_id} belongs to no cluster")
    return found


async def preview(desk: Desk, device_id: int, reason: str | None) -> Preview:
    """Return what the machine would get; with a reason the very bytes, and a line in the audit."""
    config = await config_for(desk.session, desk.sealer, device_id)
    facts, bundle = await facts_of(desk.session, desk.sealer, config.cluster_id)
    shared = check.prepared(facts, bundle, config.role)
    member = await reading.member(reading.of_session(desk.session), device_id)
    assert member is not None  # noqa: S101 - config_for has just read it
    wanted = await facts_of_member(desk.session, desk.sealer, member)
    warnings = check.machine(shared, wanted, bundle)
    text = config.body.decode()
    if reason is None:
        text = redacted(text, desk.sealer.subkey(REDACTING))
    else:
        insist_admin(desk)
        subject = f"cluster {facts.name}"
        await desk.note("config_shown", subject, device_id, device=device_id, reason=reason)
    return Preview(
        device_id=device_id,
        cluster=facts.name,
        cluster_version=config.cluster_version,
        role=config.role,
        sha256=config.sha256,
        size=len(config.body),
        config=text,
        warnings=list(warnings),
        redacted=reason is None,
    )


async def diff(
    session: AsyncSession, sealer: Sealer, device_id: int, served_id: int | None = None
) -> Diff:
    """Return how what the machine would get now differs from what it was given.

    A changed secret shows as another fingerprint.
    """
    config = await config_for(session, sealer, device_id)
    row, before = await last_config(session, sealer, device_id, served_id)
    key = sealer.subkey(REDACTING)
    old, new = (redacted(text, key).splitlines() for text in (before, config.body))
    lines = difflib.unified_diff(
        old, new, f"served {row.at:%Y-%m-%d %H:%M:%S}Z", "now", lineterm=""
    )
    return Diff(
        device_id=device_id,
        same=row.sha256 == config.sha256,
        served_at=row.at,
        served_sha256=row.sha256,
        sha256=config.sha256,
        diff="\n".join(lines),
    )
