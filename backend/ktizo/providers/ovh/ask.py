"""OVHcloud's lists are bare ids: one GET for each, so many at a time and no more."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import quote

from ktizo.core.errors import KtizoError
from ktizo.providers import fields
from ktizo.providers.errors import CredentialsRefused, Forbidden, Gone, ProviderError, Rejected
from ktizo.providers.http import Api

AT_A_TIME = 8
Found = TypeVar("Found")


def path(*parts: str) -> str:
    """Return a path whose parts cannot leave their place; an empty part is Gone.

    Without the check an empty name would ask for the whole list.
    """
    if not all(part and part not in {".", ".."} for part in parts):
        raise Gone("there is no such thing at OVHcloud: its name is empty")
    return "/" + "/".join(quote(part, safe="") for part in parts)


async def ids(api: Api, where: str, **params: Any) -> tuple[str, ...]:
    """Return the ids of a list, each once; a list that cannot be read is not an empty one."""
    told = (await api.get(where, **params)).json()
    found = fields.words(told)
    if not isinstance(told, list) or len(found) != len(told):
        raise ProviderError(f"OVHcloud's list of {where} cannot be read")
    return tuple(dict.fromkeys(found))


async def each(names: Iterable[str], one: Callable[[str], Awaitable[Found | None]]) -> list[Found]:
    """Ask for each of `names`; what went in the meantime is left out."""
    gate = asyncio.Semaphore(AT_A_TIME)

    async def ask(name: str) -> Found | None:
        async with gate:
            try:
                return await one(name)
            except Gone:
                return None

    tasks = [asyncio.create_task(ask(name)) for name in names]
    try:
        found = await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    return [thing for thing in found if thing is not None]


async def maybe(answer: Awaitable[Found]) -> Found | None:
    """Return what is good to know; None where it is not there or the keys may not ask for it."""
    try:
        return await answer
    except Forbidden:
        return None
    except CredentialsRefused:
        raise
    except (Gone, Rejected, ProviderError):
        return None


async def tried(write: Awaitable[Any]) -> bool:
    """Do what only tidies up; whether it worked."""
    try:
        await write
    except KtizoError:
        return False
    return True
