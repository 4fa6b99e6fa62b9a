"""Providers and accounts as the API shows them."""

from ktizo.core.errors import KtizoError
from ktizo.core.seal import Sealer
from ktizo.providers import sealing
from ktizo.providers.base import Declaration
from ktizo.providers.registry import PROVIDERS
from ktizo.providers.schemas import AccountView, ProviderView, Tested
from ktizo.providers.store import Account


def provider_view(declaration: Declaration) -> ProviderView:
    """Return what a provider declares."""
    options = declaration.options
    return ProviderView(
        name=declaration.name,
        title=declaration.title,
        url=declaration.url,
        capabilities=sorted(declaration.capabilities),
        settings_schema=declaration.settings.model_json_schema(),
        options_schema=options.model_json_schema() if options is not None else None,
        environment=dict(declaration.environment),
        notes=list(declaration.notes),
    )


def account_view(sealer: Sealer, row: Account, servers: int) -> AccountView:
    """Return an account without its secrets; one that cannot be opened says so as its test."""
    declaration = PROVIDERS.get(row.provider)
    secrets = sealing.secret_names(declaration) if declaration else ()
    tested = Tested.model_validate(row.tested) if row.tested else None
    try:
        plain = sealing.plain(sealing.open_settings(sealer, row))
    except KtizoError as error:
        plain, tested = {}, Tested(ok=False, message=error.message)
    return AccountView(
        id=row.id,
        name=row.name,
        provider=row.provider,
        title=declaration.title if declaration else row.provider,
        capabilities=sorted(declaration.capabilities) if declaration else [],
        settings={name: value for name, value in plain.items() if name not in secrets},
        secrets=[name for name in secrets if plain.get(name)],
        max_hourly=row.max_hourly,
        max_setup=row.max_setup,
        currency=row.currency,
        enabled=row.enabled,
        tested_at=row.tested_at,
        tested=tested,
        servers=servers,
    )
