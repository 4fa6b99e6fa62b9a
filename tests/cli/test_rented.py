"""The real command against a whole Ktizo with a vendor's double: what is ordered, and how often."""

import asyncio
import json
import signal
import subprocess
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.conftest import KTIZO, Box
from cli.terminal import Seen, at_terminal
from integration.house import until
from ktizo.core.http import Http
from ktizo.nodes.simulated import Hardware
from provisioning.clouds import SETTINGS, Clouds, Vendor, base_of, open_clouds

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket, pytest.mark.slow]
NAME = "latitude"
WITHIN_S = 60
KEY = SETTINGS[NAME]["api_key"]


class Shell:
    """A shell on the box of a Ktizo that runs in this process."""

    def __init__(self, clouds: Clouds, vendor: Vendor) -> None:
        self.clouds = clouds
        self.vendor = vendor
        variables = {
            "KTIZO_TOKEN": clouds.token,
            "LATITUDE_API_KEY": KEY,
            "LATITUDE_PROJECT": SETTINGS[NAME]["project"],
        }
        self._box = Box(clouds.folder, clouds.port, extra=variables)

    @property
    def env(self) -> dict[str, str]:
        return self._box.env

    @property
    def orders(self) -> int:
        """How many servers were really ordered."""
        return len(self.vendor.double.orders)

    @property
    def wish(self) -> list[str]:
        wanted = self.vendor.wanted
        regions = [word for one in wanted.regions for word in ("--region", one)]
        keys = [word for one in wanted.ssh_keys for word in ("--ssh-key", one)]
        told = ["--account", NAME, "--name", wanted.name, "--plan", wanted.plan]
        return told + regions + keys

    async def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = await asyncio.to_thread(self._box.run, *arguments)
        assert done.returncode == code, done.stderr
        assert KEY not in done.stdout + done.stderr
        return done

    async def json(self, *arguments: str) -> Any:
        return json.loads((await self.run(*arguments)).stdout)

    async def type(self, *arguments: str, answers: dict[str, str]) -> Seen:
        return await asyncio.to_thread(at_terminal, self.env, *arguments, answers=answers)

    async def echo(self) -> str:
        echo: str = (await self.json("servers", "preview", *self.wish))["echo"]
        return echo

    async def order(self, *more: str) -> dict[str, Any]:
        echo = await self.echo()
        found: dict[str, Any] = await self.json(
            "servers", "order", *self.wish, "--confirm", echo, *more
        )
        return found

    async def delivered(self, server: dict[str, Any]) -> dict[str, Any]:
        return await self.clouds.until_server(server["id"], lambda one: one["stage"] == "delivered")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    async with open_clouds(tmp_path) as clouds:
        shell = Shell(clouds, await clouds.vendor(NAME))
        limits = ["--max-hourly", "10", "--currency", "USD"]
        await shell.run("providers", "add", NAME, "--name", NAME, "--from-env", *limits)
        yield shell


async def test_a_server_is_ordered_watched_and_given_back_from_a_shell(shell: Shell):
    assert (await shell.json("providers", "test", NAME))["ok"] is True
    plans = await shell.json("providers", "plans", "--account", NAME, "--in-stock")
    assert shell.vendor.wanted.plan in [one["id"] for one in plans["plans"]]
    assert (await shell.json("providers", "reach"))["ok"] is True
    assert shell.orders == 0
    made = await shell.order()
    assert (made["stage"], shell.orders) == ("ordered", 1)
    number, name = str(made["id"]), made["name"]
    listed = await shell.json("servers", "list", "--stage", made["stage"])
    assert [one["id"] for one in listed["servers"]] == [made["id"]]
    there = await shell.json("servers", "found", NAME)
    assert [one["server_id"] for one in there] == [made["id"]]
    await shell.delivered(made)
    assert (await shell.json("servers", "refresh", number))["stage"] == "delivered"
    await shell.run("servers", "forget", number, code=1)
    echo = f"delete {name} ({made['vendor_id']})"
    refused = await shell.run("servers", "delete", number, code=1)
    assert f"--confirm '{echo}'" in refused.stderr
    seen = await shell.type("servers", "delete", number, answers={">": echo})
    assert seen.code == 0, seen.screen
    assert json.loads(seen.stdout)["stage"] in {"ending", "gone"}
    await shell.json("servers", "refresh", number)
    await shell.run("servers", "forget", number)
    await shell.run("servers", "show", number, code=5)
    assert shell.orders == 1


async def test_nothing_is_ordered_without_its_exact_price(shell: Shell):
    order = ["servers", "order", *shell.wish]
    unconfirmed = await shell.run(*order, code=1)
    echo = await shell.echo()
    assert (unconfirmed.stdout, f"--confirm '{echo}'" in unconfirmed.stderr) == ("", True)
    cheaper = echo.replace(" an hour", "0 an hour")
    assert echo in (await shell.run(*order, "--confirm", cheaper, code=1)).stderr
    seen = await shell.type(*order, answers={">": "yes"})
    assert (seen.code, seen.stdout, shell.orders) == (1, "", 0)
    assert (await shell.json("servers", "list"))["total"] == 0
    seen = await shell.type(*order, answers={">": echo})
    assert seen.code == 0, seen.screen
    assert (echo in seen.screen, shell.orders) == (True, 1)


async def test_above_the_accounts_limit_nothing_is_ordered(shell: Shell):
    echo = await shell.echo()
    await shell.run("providers", "change", NAME, "--max-hourly", "0.0001")
    seen = await shell.type("servers", "order", *shell.wish, answers={})
    assert (seen.code, "the account may spend 0.0001" in seen.screen) == (1, True)
    await shell.run("servers", "order", *shell.wish, "--confirm", echo, code=1)
    assert shell.orders == 0


async def test_wrong_credentials_are_told_and_are_exit_code_1(shell: Shell):
    shell.vendor.double.refuse_credentials = True
    done = await shell.run("providers", "test", NAME, code=1)
    assert json.loads(done.stdout)["ok"] is False
    (account,) = await shell.json("providers", "accounts")
    assert account["tested"]["ok"] is False
    plans = await shell.run("providers", "plans", "--refresh")
    assert "plans are missing: latitude" in plans.stderr


async def test_unreached_orders_only_when_said(shell: Shell):
    stranger = httpx.MockTransport(lambda _: httpx.Response(200, text="somebody else"))
    shell.clouds.state.site.http = Http(transport=stranger)
    reach = await shell.run("providers", "reach", code=1)
    assert "somebody else answers" in reach.stderr
    echo = await shell.echo()
    order = ["servers", "order", *shell.wish, "--confirm", echo]
    refused = await shell.run(*order, code=1)
    assert "(unreachable)" in refused.stderr
    assert shell.orders == 0
    await shell.run(*order, "--unreached")
    assert shell.orders == 1


async def test_a_lost_answer_is_told_as_such_and_the_server_is_found_not_ordered_again(
    shell: Shell,
):
    echo = await shell.echo()
    shell.vendor.double.lose_answers = 1
    lost = await shell.run("servers", "order", *shell.wish, "--confirm", echo, code=1)
    assert "nobody knows whether it was ordered" in lost.stderr
    assert shell.orders == 1

    async def found() -> Any:
        (one,) = (await shell.clouds.api("GET", "servers"))["servers"]
        return one if one["vendor_id"] else None

    adopted = await until("Ktizo finds it", found)
    again = await shell.run("servers", "order-again", str(adopted["id"]), "--confirm", echo, code=1)
    assert "nothing to be ordered again" in again.stderr
    assert shell.orders == 1


async def test_a_server_is_adopted_by_an_account_that_did_not_order_it(shell: Shell):
    made = await shell.order()
    await shell.delivered(made)
    # Two accounts with one key are two that see the same servers.
    await shell.run("providers", "add", NAME, "--name", "other", "--from-env")
    (there,) = await shell.json("servers", "found", "other")
    assert (there["vendor_id"], there["server_id"]) == (made["vendor_id"], None)
    taken = await shell.json("servers", "adopt", "other", there["vendor_id"])
    assert (taken["account"], taken["stage"]) == ("other", "delivered")
    again = await shell.run("servers", "adopt", "other", there["vendor_id"], code=1)
    assert again.stdout == ""
    await shell.run("servers", "adopt", "other", "sv_nobody", code=5)
    assert shell.orders == 1


async def test_an_order_is_followed_step_by_step_and_goes_on_when_nobody_watches(shell: Shell):
    clouds = shell.clouds
    await clouds.cluster(shell.vendor.machine_at)
    approve = ["--approve", "--cluster", "demo", "--role", "controlplane"]
    made = await shell.order(*approve, "--install-disk", "/dev/sda")
    follow = await asyncio.create_subprocess_exec(
        KTIZO,
        "servers",
        "show",
        str(made["id"]),
        "--follow",
        env=shell.env,
        stdout=PIPE,
        stderr=PIPE,
    )
    assert follow.stdout is not None
    assert b"the provider makes it ready" in await follow.stdout.readline()
    seen = await shell.delivered(made)
    hardware = replace(Hardware(), macs=tuple(one.lower() for one in seen["macs"]))
    boot_url = base_of(shell.vendor.boot_urls[-1])
    clouds.machine(shell.vendor.machine_at, boot_url, hardware=hardware).power_on()
    async with asyncio.timeout(WITHIN_S):
        while b"Talos is installed" not in (line := await follow.stdout.readline()):
            assert line, await follow.communicate()
    follow.send_signal(signal.SIGINT)
    _, said = await follow.communicate()
    assert (follow.returncode, b"Ktizo goes on without you" in said) == (130, True)
    assert (await clouds.server(made["id"]))["hostname"] == made["name"]
    assert shell.orders == 1
