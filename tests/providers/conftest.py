"""One case after the other: whatever asks for `case` runs once for every provider."""

from collections.abc import AsyncIterator

import pytest

from .contract import Case
from .plumbing import make, module, variants


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=list(variants()))
def which(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    reason = getattr(module(chosen.partition(":")[0]), "EXEMPT", {}).get(
        request.node.originalname or request.node.name
    )
    if reason:
        pytest.skip(reason)
    return chosen


@pytest.fixture
async def case(which: str) -> AsyncIterator[Case]:
    made = await make(which)
    yield made
    await made.client.close()
