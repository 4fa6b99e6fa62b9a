"""Each verb at each provider: the exact requests it makes, and what it makes of the answers."""

from typing import Any

import pytest
import respx

from .respx_wire import NAMES, ORDERS, VERBS, Line, body_of, said, script

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", NAMES)
def test_every_verb_has_its_script(name: str) -> None:
    assert set(script(name).verbs) == set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", NAMES)
@respx.mock
async def test_a_verb_makes_exactly_these_requests(
    name: str, verb: str, respx_mock: respx.MockRouter
) -> None:
    vendor = script(name)
    scripted = vendor.verbs[verb]
    line, slept = Line(scripted), []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    line.on(respx_mock)
    client = vendor.make(sleep)
    found = await _outcome(scripted.ask(client), scripted.gives)
    await client.close()
    assert [call.does for call in line.waiting] == []
    assert sorted(map(said, line.seen)) == sorted(call.does for call in scripted.calls)
    for request in line.seen:
        vendor.proof(request)
        assert request.headers["user-agent"].startswith("ktizo/")
    assert _sent(line.seen) == _scripted(scripted.calls)
    assert (found if isinstance(scripted.gives, type) else scripted.told(found)) == scripted.gives
    if verb in ORDERS and scripted.calls:
        assert [said(one) for one in line.seen].count(scripted.key.does) == 1
    assert slept == []


async def _outcome(asked: Any, gives: Any) -> Any:
    if not (isinstance(gives, type) and issubclass(gives, Exception)):
        return await asked
    with pytest.raises(gives) as told:
        await asked
    assert len(str(told.value)) > 20
    return gives


def _sent(requests: Any) -> list[tuple[str, Any]]:
    """Return what was written, in its order; what is read may come in any."""
    return [(said(one), body_of(one)) for one in requests if one.method != "GET"]


def _scripted(calls: Any) -> list[tuple[str, Any]]:
    return [(one.does, one.sends) for one in calls if not one.does.startswith("GET ")]
