"""What the contract tests stand on: every provider's cases, a guard, and a changed vendor."""

import importlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import httpx
from hypothesis import strategies as st

from ktizo.providers.base import Server
from ktizo.providers.errors import (
    Gone,
    NotYet,
    OutOfStock,
    ProviderAway,
    ProviderError,
    Rejected,
    Unsupported,
)
from ktizo.providers.guard import Guard, Limits, echo_of_order

from .contract import Case

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs" / "providers"
NAMES = sorted(path.stem.removeprefix("cases_") for path in HERE.glob("cases_*.py"))
OURS = (ProviderError, ProviderAway, OutOfStock, NotYet, Gone, Rejected, Unsupported)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["errors", "error", "code", "message", "data", "status", "id", "meta"])
            | st.text(max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
Answer = Callable[[httpx.Request], httpx.Response]


def module(name: str) -> ModuleType:
    return importlib.import_module(f".cases_{name}", __package__)


def variants() -> Iterator[str]:
    for name in NAMES:
        yield name
        text = (HERE / f"cases_{name}.py").read_text()
        if "VARIANTS" in text:  # so that one broken provider does not hide the others
            yield from (f"{name}:{variant}" for variant in module(name).VARIANTS)


async def make(which: str) -> Case:
    name, _, variant = which.partition(":")
    cases = module(name)
    made: Case = await (cases.VARIANTS[variant] if variant else cases.make)()
    return made


def guard_of(case: Case, hourly: str | None = "1000") -> Guard:
    """Return a guard whose time is only what it slept; every sleep delivers a little."""
    clock = [0.0]

    async def sleep(seconds: float) -> None:
        clock[0] += seconds
        case.double.deliver()

    limit = Decimal(hourly) if hourly is not None else None
    limits = Limits(limit, setup=Decimal(1000))
    return Guard(case.client, limits, sleep=sleep, clock=lambda: clock[0])


async def order(case: Case, guard: Guard | None = None) -> Server:
    quote = await case.client.price_of(case.wanted)
    guard = guard or guard_of(case)
    return await guard.create(case.wanted, echo_of_order(case.wanted, quote))


def answering(case: Case, change: Callable[[httpx.Request, Answer], httpx.Response]) -> None:
    """Let `change` stand between the double and its client."""
    original = case.double.answer
    case.double.answer = lambda request: change(request, original)  # type: ignore[method-assign]


def always(status: int, text: str) -> Callable[[httpx.Request, Answer], httpx.Response]:
    def change(_request: httpx.Request, _original: Answer) -> httpx.Response:
        return httpx.Response(status, text=text)

    return change
