"""Accounts at providers: credentials, limits, and what the provider shows of them."""

from fastapi import APIRouter, Depends, Response, status
from pydantic import Field

from ktizo.accounts.api import needs_admin
from ktizo.core.db import AsyncSession
from ktizo.core.seal import Sealer
from ktizo.providers import desk as rules
from ktizo.providers import schemas, store
from ktizo.providers.api.desk import Asking, Key, Reading, Writing
from ktizo.providers.store import Account
from ktizo.providers.view import account_view

router = APIRouter(prefix="/provider-accounts")
admins = APIRouter(prefix="/provider-accounts", dependencies=[Depends(needs_admin)])


class AddKey(schemas.Body):
    """A public key to be known at the provider."""

    name: schemas.Text = Field(min_length=1)
    public_key: str = Field(min_length=16, max_length=4000, pattern=r"^(ssh|ecdsa|sk)-[!-~ ]+$")


@router.get("")
async def list_accounts(desk: Reading) -> list[schemas.AccountView]:
    """List the accounts, without secrets."""
    counts = await store.costing(desk.session)
    rows = await store.accounts(desk.session)
    return [account_view(desk.sealer, row, counts.get(row.id, 0)) for row in rows]


@router.get("/{key}")
async def show_account(key: Key, desk: Reading) -> schemas.AccountView:
    """Show an account, without secrets."""
    return await _shown(desk.session, desk.sealer, await store.account(desk.session, key))


@router.get("/{key}/regions")
async def list_regions(key: Key, office: Asking) -> list[schemas.RegionView]:
    """Ask the provider where its servers stand."""
    client = office.clients.of(await office.account(key), office.by)
    found = await client.regions()
    return [schemas.RegionView(id=one.id, name=one.name, country=one.country) for one in found]


@router.get("/{key}/ssh-keys")
async def list_keys(key: Key, office: Asking) -> list[schemas.KeyView]:
    """Ask the provider which SSH keys it knows."""
    client = office.clients.of(await office.account(key), office.by)
    found = await client.ssh_keys()
    return [schemas.KeyView(id=one.id, name=one.name, fingerprint=one.fingerprint) for one in found]


@router.get("/{key}/servers")
async def list_found(key: Key, office: Asking) -> list[schemas.FoundServer]:
    """Ask the provider for every server of the account, Ktizo's or not."""
    async with office.database.read() as session:
        row = await store.account(session, key)
        ours = await store.known(session, row.id)
    found = await office.clients.of(row, office.by).list_servers()
    return [
        schemas.FoundServer(
            vendor_id=one.id,
            name=one.name,
            status=one.status,
            raw_status=one.raw_status,
            plan=one.plan,
            region=one.region,
            addresses=list(one.addresses),
            macs=list(one.macs),
            server_id=ours.get(one.id),
        )
        for one in found
    ]


@router.post("/{key}/ssh-keys", status_code=status.HTTP_201_CREATED)
async def add_key(key: Key, body: AddKey, office: Asking) -> schemas.KeyView:
    """Let the provider know a public key; one it has is returned as it is."""
    client = office.clients.of(await office.account(key), office.by)
    one = await client.add_ssh_key(body.name, body.public_key)
    return schemas.KeyView(id=one.id, name=one.name, fingerprint=one.fingerprint)


@admins.post("", status_code=status.HTTP_201_CREATED)
async def add_account(body: schemas.AddAccount, desk: Writing) -> schemas.AccountView:
    """Add an account. Its secrets are sealed, and never shown again."""
    return await _shown(desk.session, desk.sealer, await rules.add(desk, body))


@admins.patch("/{key}")
async def change_account(
    key: Key, body: schemas.ChangeAccount, desk: Writing
) -> schemas.AccountView:
    """Change an account; what is left out stays."""
    row = await store.account(desk.session, key)
    return await _shown(desk.session, desk.sealer, await rules.change(desk, row, body))


@admins.delete("/{key}", status_code=status.HTTP_204_NO_CONTENT)
async def remove_account(key: Key, desk: Writing) -> Response:
    """Forget an account; refused while it has servers that may cost."""
    await rules.remove(desk, await store.account(desk.session, key))
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@admins.post("/{key}/test")
async def test_account(key: Key, office: Asking) -> schemas.Tested:
    """Try the credentials. Spends nothing; wrong ones are an answer, not an error."""
    return await rules.test(office, key)


async def _shown(session: AsyncSession, sealer: Sealer, row: Account) -> schemas.AccountView:
    counts = await store.costing(session)
    return account_view(sealer, row, counts.get(row.id, 0))
