"""What every provider must do on the wire and over time; see test_contract.py."""

import asyncio

import pytest

from ktizo.providers.base import PowerAction, Status
from ktizo.providers.errors import (
    CredentialsRefused,
    Gone,
    NotYet,
    Unsupported,
)
from ktizo.providers.guard import (
    ConfirmationMissing,
    echo_of_loss,
)

from .contract import Case
from .plumbing import (
    OURS,
    always,
    answering,
    guard_of,
    module,
    order,
)

pytestmark = pytest.mark.anyio


async def test_a_get_is_tried_again_while_the_vendor_is_away(case: Case) -> None:
    case.double.away = 2
    await case.client.list_servers()
    assert case.double.away == 0


@pytest.mark.parametrize("body", ["", "{}", "null", "<html>", '"x"'])
async def test_a_list_that_cannot_be_read_is_not_an_empty_one(case: Case, body: str) -> None:
    """An empty list says that our tag is nowhere, and the server would be ordered again."""
    await order(case)
    answering(case, always(200, body))
    with pytest.raises(OURS):
        await case.client.list_servers()


async def test_a_rate_limit_waits_and_goes_on(case: Case) -> None:
    case.double.limited = 1
    await case.client.list_servers()
    assert case.double.limited == 0
    assert sum(case.slept) > 0


async def test_a_wrong_key_is_told_at_once_and_never_tried_again(case: Case, which: str) -> None:
    case.double.refuse_credentials = True
    with pytest.raises(CredentialsRefused):
        await case.client.check()
    sent = len(case.double.requests)
    allowed = getattr(module(which.partition(":")[0]), "REQUESTS_WHEN_REFUSED", 1)
    assert sent <= allowed
    for ask in (case.client.check, case.client.list_servers):
        with pytest.raises(CredentialsRefused):
            await ask()
    assert len(case.double.requests) == sent


async def test_what_waits_for_its_turn_is_not_sent_after_a_refusal(case: Case) -> None:
    """Two ask at once: the one that is refused stops the other, if that has not gone out yet."""
    case.double.refuse_credentials = True
    asked = [case.client.check() for _ in range(8)]
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(one, CredentialsRefused) for one in told)
    sent = len(case.double.requests)
    with pytest.raises(CredentialsRefused):
        await case.client.list_servers()
    assert len(case.double.requests) == sent


async def test_good_credentials_name_the_account(case: Case) -> None:
    assert (await case.client.check()).name
    assert case.double.orders == []


async def test_an_unknown_server_is_gone(case: Case, which: str) -> None:
    with pytest.raises(Gone):
        await case.client.get_server(module(which.partition(":")[0]).UNKNOWN_ID)


async def test_a_key_that_is_there_is_not_added_again(case: Case) -> None:
    public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKtizoKtizoKtizoKtizoKtizoKtizoKtizoKtizoKtiz me"
    one = await case.client.add_ssh_key("ktizo", public)
    other = await case.client.add_ssh_key("ktizo", public)
    assert one.id == other.id
    assert one.id in {key.id for key in await case.client.ssh_keys()}


async def test_power_is_switched_or_refused_with_a_reason(case: Case) -> None:
    server = await order(case)
    ready = await guard_of(case).wait_ready(server.id, timeout_s=7200)
    for action in PowerAction:
        try:
            await case.client.power(ready.id, action)
        except (Unsupported, NotYet) as error:
            assert len(str(error)) > 20


# --- time


async def test_a_delivered_server_is_ready(case: Case) -> None:
    server = await order(case)
    ready = await guard_of(case).wait_ready(server.id, timeout_s=7200)
    assert ready.status is Status.READY
    assert ready.addresses


async def test_the_status_from_before_a_reinstall_does_not_count(case: Case) -> None:
    server = await order(case)
    server = await guard_of(case).wait_ready(server.id, timeout_s=7200)
    guard = guard_of(case)
    try:
        await guard.reinstall(server.id, case.wanted.boot_url, echo_of_loss("reinstall", server))
    except Unsupported as error:
        assert len(str(error)) > 20
        return
    delivered: list[Status] = []
    deliver = case.double.deliver

    def noted() -> None:
        delivered.append(Status.UNKNOWN)
        deliver()

    case.double.deliver = noted  # type: ignore[method-assign]
    ready = await guard.wait_ready(server.id, timeout_s=7200, left=server.status)
    assert ready.status is Status.READY
    assert delivered, "the status from before the reinstall was taken for the new one"


async def test_a_reinstall_is_asked_for_by_name(case: Case) -> None:
    server = await guard_of(case).wait_ready((await order(case)).id, timeout_s=7200)
    writes = sum(one.method != "GET" for one in case.double.requests)
    with pytest.raises(ConfirmationMissing):
        await guard_of(case).reinstall(server.id, case.wanted.boot_url, "yes")
    with pytest.raises(ConfirmationMissing):
        await guard_of(case).delete(server.id, "yes")
    assert sum(one.method != "GET" for one in case.double.requests) == writes


async def test_a_server_that_is_reaped_after_its_order_ends_the_wait(case: Case) -> None:
    server = await order(case)
    answering(case, always(404, "{}"))
    with pytest.raises(Gone):
        await guard_of(case).wait_ready(server.id, timeout_s=7200)


async def test_deleting_twice_is_once(case: Case) -> None:
    server = await guard_of(case).wait_ready((await order(case)).id, timeout_s=7200)
    first = await guard_of(case).delete(server.id, echo_of_loss("delete", server))
    assert first.status in {Status.DELETING, Status.GONE} or first.pending
    second = await case.client.delete_server(server.id)
    assert second.status in {Status.DELETING, Status.GONE} or second.pending
