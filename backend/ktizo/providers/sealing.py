"""What of an account is a secret, and where each is sealed to."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr, ValidationError

from ktizo.core.errors import Invalid
from ktizo.core.seal import Sealer
from ktizo.providers.base import Declaration, Settings
from ktizo.providers.registry import PROVIDERS
from ktizo.providers.store import Account


class SettingsWrong(Invalid):
    """An account's settings are not what its provider needs."""


class ProviderUnknown(Invalid):
    """There is no such provider."""


def settings_place(account_id: int) -> str:
    """Return where an account's settings are sealed to."""
    return f"providers|{account_id}|settings"


def rescue_place(account_id: int) -> str:
    """Return where the key for its rescue systems is sealed to."""
    return f"providers|{account_id}|rescue"


def declaration_of(provider: str) -> Declaration:
    """Return what a provider declares; raises ProviderUnknown."""
    found = PROVIDERS.get(provider)
    if found is None:
        raise ProviderUnknown(
            f"there is no provider {provider[:80]!r}; there are {', '.join(PROVIDERS)}"
        )
    return found


def parse(declaration: Declaration, given: Mapping[str, Any]) -> Settings:
    """Return settings as their provider's model; raises SettingsWrong, without any value in it."""
    unknown = sorted(set(given) - set(declaration.settings.model_fields))
    if unknown:
        fields = ", ".join(declaration.settings.model_fields)
        raise SettingsWrong(
            f"{declaration.title} has no setting {unknown[0][:80]!r}; it has {fields}",
            fields=unknown[:20],
        )
    try:
        return declaration.settings.model_validate(dict(given))
    except ValidationError as error:
        wrong = [(".".join(map(str, one["loc"])), one["msg"]) for one in error.errors()]
        name, why = wrong[0] if wrong else ("settings", "not valid")
        raise SettingsWrong(
            f"settings.{name}: {why}", fields=sorted({name for name, _ in wrong})
        ) from None  # the first error quotes what was typed, which may be a key


def secret_names(declaration: Declaration) -> tuple[str, ...]:
    """Return which settings are secrets."""
    return tuple(
        name
        for name, field in declaration.settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    )


def plain(settings: Settings) -> dict[str, Any]:
    """Return settings with their secrets, to be sealed or merged. Never shown."""
    told = settings.model_dump()
    return {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value
        for name, value in told.items()
    }


def text_of(settings: Settings) -> str:
    """Return settings, with their secrets, as the text that is sealed. Never shown."""
    return json.dumps(plain(settings), default=str)


def seal(sealer: Sealer, account_id: int, settings: Settings) -> str:
    """Return settings sealed for an account."""
    return sealer.seal(text_of(settings).encode(), settings_place(account_id))


def open_settings(sealer: Sealer, row: Account) -> Settings:
    """Return an account's settings; raises UnsealFailed, SettingsWrong or ProviderUnknown."""
    text = sealer.unseal(row.settings, settings_place(row.id))
    return parse(declaration_of(row.provider), json.loads(text))


def reseal(sealer: Sealer, row: Account) -> bool:
    """Bring an account's secrets under the current key; True when there was something to do."""
    again = False
    if sealer.needs_reseal(row.settings):
        place = settings_place(row.id)
        row.settings, again = sealer.seal(sealer.unseal(row.settings, place), place), True
    if row.rescue_private and sealer.needs_reseal(row.rescue_private):
        place = rescue_place(row.id)
        row.rescue_private = sealer.seal(sealer.unseal(row.rescue_private, place), place)
        again = True
    return again
