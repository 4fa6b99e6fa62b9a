"""A cluster's secrets, for administrators, each time with a reason that the audit keeps."""

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse

from ktizo.accounts.api import needs_admin
from ktizo.clusters import secrets, store
from ktizo.clusters.api.desk import Key, Reading, Writing
from ktizo.clusters.schemas import Asked, KubeconfigIn, SecretsIn, SecretsOut, TalosconfigIn

router = APIRouter(prefix="/clusters", dependencies=[Depends(needs_admin)])
YAML = "application/yaml"


def _secret(text: str) -> Response:
    return PlainTextResponse(text, media_type=YAML, headers={"Cache-Control": "no-store"})


@router.get("/{key}/secrets")
async def describe_secrets(key: Key, desk: Reading) -> SecretsOut:
    """Say which secrets a cluster has, without telling them."""
    row = await store.cluster(desk.session, key)
    if not row.secrets:
        return SecretsOut(there=False)
    certificates = secrets.describe(desk, row)
    return SecretsOut(there=True, since=row.secrets_at, certificates=certificates)


@router.put("/{key}/secrets")
async def replace_secrets(key: Key, body: SecretsIn, request: Request, desk: Writing) -> SecretsOut:
    """Generate or import secrets; `confirm` names the cluster when it has some already."""
    # In a session of its own: while a key is generated, nobody should wait to write.
    async with request.app.state.db.read() as before:
        talos_version = (await store.cluster(before, key)).talos_version
    bundle = await secrets.given(body, talos_version)
    row = await store.cluster(desk.session, key)
    await secrets.replace(desk, row, bundle, body)
    certificates = secrets.describe(desk, row)
    return SecretsOut(there=True, since=row.secrets_at, certificates=certificates)


@router.post("/{key}/secrets/export", response_class=PlainTextResponse)
async def export_secrets(key: Key, body: Asked, desk: Writing) -> Response:
    """Give out secrets.yaml: whoever has it owns the cluster."""
    row = await store.cluster(desk.session, key)
    return _secret(await secrets.export(desk, row, body.reason))


@router.post("/{key}/talosconfig", response_class=PlainTextResponse)
async def make_talosconfig(key: Key, body: TalosconfigIn, desk: Writing) -> Response:
    """Make a talosconfig with the roles and lifetime asked for."""
    row = await store.cluster(desk.session, key)
    return _secret(await secrets.talosconfig(desk, row, body))


@router.post("/{key}/kubeconfig", response_class=PlainTextResponse)
async def make_kubeconfig(key: Key, body: KubeconfigIn, desk: Writing) -> Response:
    """Make an admin kubeconfig; it needs no running machine."""
    row = await store.cluster(desk.session, key)
    return _secret(await secrets.kubeconfig(desk, row, body))
