"""One Prism for each file of tests: two workers, so never more than two at a time."""

from collections.abc import AsyncIterator, Iterator

import pytest

from .judge import Judge, prism
from .specs import Document


@pytest.fixture(scope="module")
def listening(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Document]]:
    with prism(request.module.SPEC, tmp_path_factory.mktemp("prism")) as started:
        yield started


@pytest.fixture
async def judge(listening: tuple[str, Document]) -> AsyncIterator[Judge]:
    async with Judge(*listening) as made:
        yield made
