"""The LAN through its API: with the real dnsmasq, a real database, and things going wrong."""

import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.databases import fresh_database
from core.web import app_with, client_of
from ktizo.accounts.api import require_token
from ktizo.accounts.tokens import Actor
from ktizo.audit import store as audit_store
from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.core.errors import Unavailable
from ktizo.core.settings import Settings
from ktizo.core.writer import Writer
from ktizo.events.record import sink_for
from ktizo.network import api, store
from ktizo.network.resume import open_lan, resume
from ktizo.network.supervise import Supervisor
from lab.net import Lan

from .samples import a_lan

pytestmark = pytest.mark.anyio

PROXY = {"interface": "lan0", "server_address": "10.77.0.2", "subnet": "10.77.0.0/24"}
ON = PROXY | {"enabled": True}
FULL = ON | {"mode": "full", "range_start": "10.77.0.100", "range_end": "10.77.0.199"}


@dataclass
class Ktizo:
    """The network room and what it stands on."""

    http: httpx.AsyncClient
    db: Database
    writer: Writer
    dnsmasq: Supervisor
    settings: Settings
    events: list[tuple[str, dict[str, Any]]]

    async def put(self, body: dict[str, Any]) -> httpx.Response:
        return await self.http.put("/api/v1/network/lan", json=body)

    async def status(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.http.get("/api/v1/network/status")).json()
        return found

    async def happened(self) -> list[str]:
        await self.writer.flush()
        return [kind for kind, _ in self.events]


def loaders_in(folder: Path) -> Path:
    folder.mkdir()
    for name in ("undionly.kpxe", "ipxe.efi", "snponly.efi"):
        (folder / name).write_bytes(name.encode())
    return folder


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Ktizo]:
    settings = Settings(
        data_dir=folder / "data",
        compiled_dir=folder / "compiled",
        loaders_dir=loaders_in(folder / "loaders"),
    )
    settings.data_dir.mkdir()
    async with fresh_database("sqlite", settings.data_dir) as db:
        writer = Writer(db.write)
        events: list[tuple[str, dict[str, Any]]] = []
        sink_for(writer).listeners.append(
            lambda stored: events.extend((one.kind, one.data) for one in stored)
        )
        dnsmasq, _ = open_lan(settings, writer)
        app = app_with(api.router, settings=settings, db=db, writer=writer, lan=dnsmasq)
        app.dependency_overrides[require_token] = lambda: Actor("olga", "admin", 1)
        async with client_of(app) as http:
            yield Ktizo(http, db, writer, dnsmasq, settings, events)
        await dnsmasq.stop()
        await writer.flush()


@pytest.fixture
async def ktizo(lan: Lan, tmp_path: Path) -> AsyncIterator[Ktizo]:
    async with opened(tmp_path) as it:
        yield it


async def test_before_anyone_set_it_up_there_is_no_lan_and_nothing_runs(ktizo: Ktizo) -> None:
    answer = await ktizo.http.get("/api/v1/network/lan")

    assert (answer.status_code, answer.json()["code"]) == (404, "lan_not_set_up")
    status = await ktizo.status()
    assert (status["set_up"], status["enabled"], status["running"]) == (False, False, False)


async def test_a_lan_that_is_switched_on_runs_and_is_stored_and_audited(ktizo: Ktizo) -> None:
    answer = await ktizo.put(ON)

    assert answer.status_code == 200, answer.text
    assert (await ktizo.http.get("/api/v1/network/lan")).json() == answer.json()
    status = await ktizo.status()
    assert status["running"]
    assert status["since"]
    assert ktizo.dnsmasq.base == "http://10.77.0.2:8000"
    assert await ktizo.happened() == ["lan_started", "lan_changed"]
    assert ktizo.events[0][1]["interface"] == "lan0"
    async with ktizo.db.read() as session:
        line = (await audit_store.page_after(session, 0, 1))[0]
    assert (line.actor, line.action) == ("olga", "network.lan_changed")
    assert line.data["server_address"] == "10.77.0.2"


async def test_switching_it_off_stops_dnsmasq_and_keeps_the_settings(ktizo: Ktizo) -> None:
    await ktizo.put(ON)
    await ktizo.happened()
    await ktizo.put(PROXY)

    status = await ktizo.status()
    assert (status["set_up"], status["enabled"], status["running"]) == (True, False, False)
    assert (await ktizo.happened())[-2:] == ["lan_stopped", "lan_changed"]
    assert (await ktizo.http.get("/api/v1/network/lan")).json()["interface"] == "lan0"


async def test_the_status_says_which_loader_each_architecture_gets_and_why(ktizo: Ktizo) -> None:
    await ktizo.put(ON | {"uefi_loader": "snponly"})

    by_arch = {one["arch"]: one for one in (await ktizo.status())["loaders"]}
    assert by_arch[7] == {
        "arch": 7,
        "label": "UEFI x86-64",
        "over": "tftp",
        "file": "snponly.efi",
        "why": "offered",
        "present": True,
        "size": 11,
        "sha256": hashlib.sha256(b"snponly.efi").hexdigest(),
        "source": str(ktizo.settings.loaders_dir / "snponly.efi"),
    }
    assert by_arch[16]["over"] == "http"
    assert (by_arch[11]["file"], by_arch[11]["present"]) == (None, False)
    assert by_arch[11]["why"].startswith("no ipxe-arm64.efi")


async def test_a_check_shows_everything_and_changes_nothing(ktizo: Ktizo) -> None:
    answer = (await ktizo.http.post("/api/v1/network/lan/check", json=FULL)).json()

    assert answer["ok"]
    assert "dhcp-range=10.77.0.100,10.77.0.199,255.255.255.0,12h" in answer["dnsmasq_conf"]
    assert answer["dnsmasq_says"] == "syntax check OK."
    ipxe = answer["replies"][-1]
    assert ipxe["ipxe"] is True
    assert ipxe["filename"].endswith("/boot/boot.ipxe")
    assert len(answer["replies"]) > 3, "one for each kind of firmware"
    assert {"second_dhcp_server", "no_gateway", "no_dns", "no_loader"} == {
        one["code"] for one in answer["findings"]
    }
    assert not (await ktizo.status())["set_up"]
    assert not ktizo.dnsmasq.places.conf.exists()


async def test_a_check_of_another_boxes_address_is_not_ok(ktizo: Ktizo) -> None:
    body = ON | {"server_address": "10.77.0.3"}

    answer = (await ktizo.http.post("/api/v1/network/lan/check", json=body)).json()

    assert not answer["ok"]
    assert answer["findings"][0]["code"] == "server_address_not_on_interface"


async def test_a_fault_keeps_the_lan_from_being_switched_on(ktizo: Ktizo) -> None:
    answer = await ktizo.put(ON | {"interface": "lan7"})

    assert (answer.status_code, answer.json()["code"]) == (422, "lan_fault")
    assert "no interface lan7 on this box; it has: lan0" in answer.json()["message"]
    assert not (await ktizo.status())["set_up"]


async def test_the_same_fault_may_be_stored_while_it_is_off(ktizo: Ktizo) -> None:
    answer = await ktizo.put(PROXY | {"interface": "lan7"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"interface": "lan0\ndhcp-script=/bin/sh"},
        {"domain": "x\nuser=root"},
        {"dns": ["10.77.0.1\n10.77.0.2"]},
        {"lease_time": "12h\n"},
        {"unknown": 1},
    ],
)
async def test_a_value_that_could_leave_its_line_is_refused_at_the_door(
    ktizo: Ktizo, changes: dict[str, Any]
) -> None:
    assert (await ktizo.put(ON | changes)).status_code == 422
    assert not (await ktizo.status())["set_up"]


async def test_when_dnsmasq_does_not_come_up_everything_is_as_before(ktizo: Ktizo) -> None:
    await ktizo.put(FULL)
    running = ktizo.dnsmasq.places.conf.read_text()

    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as other:
        other.bind(("0.0.0.0", 4011))  # proxy mode needs it, full mode does not
        answer = await ktizo.put(ON)

    assert (answer.status_code, answer.json()["code"]) == (409, "port_taken")
    assert "UDP port 4011 by" in answer.json()["message"]
    assert (await ktizo.http.get("/api/v1/network/lan")).json()["mode"] == "full"
    assert (await ktizo.status())["running"]
    assert ktizo.dnsmasq.places.conf.read_text() == running


async def test_when_the_database_cannot_store_it_dnsmasq_goes_back_too(
    ktizo: Ktizo, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ktizo.put(ON)

    async def full_disk(*_: object) -> None:
        raise Unavailable("the database does not answer: database is locked")

    monkeypatch.setattr(store, "save", full_disk)
    answer = await ktizo.put(FULL)

    assert answer.status_code == 503
    assert (await ktizo.status())["running"]
    assert ",proxy," in ktizo.dnsmasq.places.conf.read_text()


async def test_when_compiled_cannot_be_written_the_message_says_so(ktizo: Ktizo) -> None:
    await ktizo.put(ON)
    folder = ktizo.settings.compiled_dir
    folder.rename(folder.with_name("moved"))
    folder.write_text("in the way")

    answer = await ktizo.put(FULL)

    assert answer.status_code == 503
    assert "cannot write" in answer.json()["message"]
    assert (await ktizo.http.get("/api/v1/network/lan")).json()["mode"] == "proxy"
    folder.unlink()
    folder.with_name("moved").rename(folder)


async def test_interfaces_are_listed_to_choose_from(ktizo: Ktizo) -> None:
    answer = await ktizo.http.get("/api/v1/network/interfaces")

    assert answer.json() == [
        {"name": "lan0", "mac": "02:77:00:00:00:02", "up": True, "addresses": ["10.77.0.2/24"]}
    ]


async def test_a_restart_of_ktizo_brings_the_lan_back(ktizo: Ktizo) -> None:
    await ktizo.put(ON)
    await ktizo.dnsmasq.stop()
    again, _ = open_lan(ktizo.settings, ktizo.writer)

    await resume(ktizo.db, again, ktizo.settings)

    assert again.status.running
    assert again.base == "http://10.77.0.2:8000"
    await again.stop()


async def test_a_restart_goes_on_without_a_lan_and_still_places_loaders(ktizo: Ktizo) -> None:
    await resume(ktizo.db, ktizo.dnsmasq, ktizo.settings)

    assert not ktizo.dnsmasq.status.running
    assert (ktizo.dnsmasq.places.tftp / "ipxe.efi").read_bytes() == b"ipxe.efi"
    assert not (ktizo.dnsmasq.places.tftp / "autoexec.ipxe").exists()


async def test_a_restart_with_an_interface_that_is_gone_shows_what_is_wrong(
    ktizo: Ktizo,
) -> None:
    async with ktizo.db.write() as session:
        await store.save(session, a_lan(interface="lan7"), utc_now())

    await resume(ktizo.db, ktizo.dnsmasq, ktizo.settings)

    status = await ktizo.status()
    assert (status["enabled"], status["running"]) == (True, False)
    assert "unknown interface lan7" in status["last_error"]
    assert "lan_failed" in await ktizo.happened()
