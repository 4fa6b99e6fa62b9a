"""Who says that its servers need a rescue system has every verb for it, and nobody else has."""

import pytest

from ktizo.providers.base import Capability
from providers.plumbing import NAMES, make

pytestmark = pytest.mark.anyio

VERBS = ("enter_rescue", "rescue_login")


@pytest.mark.parametrize("name", NAMES)
async def test_the_rescue_route_is_declared_where_it_is_built(name: str) -> None:
    client = (await make(name)).client
    declared = Capability.NEEDS_SSH_RESCUE in client.declaration.capabilities
    assert [hasattr(client, verb) for verb in VERBS] == [declared] * len(VERBS)
    await client.close()
