"""The law of the house, under any order of events: no permission, no kernel.

A machine of random steps plays the LAN, the office, the clock and the power cut against a whole
Ktizo, and keeps its own small book of permissions, made only of what the office was answered.
"""

import asyncio
import re
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from integration.conftest import Clock
from integration.house import BASE, UUID_A, UUID_B, House, Told, open_house
from integration.test_clusters import FILES, imported
from ktizo.core.db import bump_boot_version
from ktizo.devices import lease
from ktizo.devices.inspection import expire_overdue_inspections
from ktizo.devices.lifecycle import UNDECIDED
from ktizo.devices.tables import Device, DeviceMac

MACS = ("52:54:00:00:00:0a", "52:54:00:00:00:0b", "52:54:00:00:00:0c")
# Who comes with which marks: A and B are one cheap board twice, C says nothing of itself.
OWN: dict[str, dict[str, str]] = {
    MACS[0]: {"uuid": UUID_A, "serial_hex": b"SN-A".hex()},
    MACS[1]: {"uuid": UUID_A},
    MACS[2]: {},
}
CLAIMS = st.sampled_from([None, None, {}, {"uuid": UUID_B}, {"serial_hex": b"SN-X".hex()}])
CHOICES = st.sampled_from(["", "", "", "debian", "rescue", "wait"])
ANYTHING = (
    *("approve", "reinstall", "reject", "restore", "ran"),
    *("resolve recorded", "resolve claimed", "resolve separate", "resolve merge"),
)
# What an operator would think of, by the state he sees.
SENSIBLE = {
    "pending": ("approve", "approve", "reject"),
    "approved": ("approve", "reject", "ran"),
    "installing": ("approve", "reject", "ran"),
    "installed": ("reinstall", "ran"),
    "running": ("reinstall",),
    "lapsed": ("approve", "reinstall"),
    "boot_loop": ("approve", "reinstall"),
    "conflict": ("resolve recorded", "resolve claimed", "resolve separate", "resolve merge"),
    "rejected": ("restore",),
}
MISHAPS = st.sampled_from(
    ["time", "clean up", "restart", "power cut", "forget", "card of another", "forgery", "forgery"]
)
macs = st.sampled_from([*MACS[:1] * 4, *MACS[1:]])
mostly_undecided = st.sampled_from([*MACS, *MACS[2:] * 3])
LIMIT = 3
PARTIAL = ["EventSinkConfig", "KmsgLogConfig"]
_LOOK = sa.select(DeviceMac.mac, Device.id, Device.state, Device.uuid, Device.serial).join(
    Device, Device.id == DeviceMac.device_id
)


@dataclass
class Grant:
    """A permission as the office was told it: which one, since which step, and until when."""

    granted_at: str
    step: int
    until: datetime
    offers: int = 0


@dataclass
class Leave:
    """Leave to look at a machine: since which step, and until when."""

    step: int
    until: datetime


class Law(RuleBasedStateMachine):
    """Every rule is something that happens; `_judge` is the law."""

    def __init__(self, grown: tuple[Path, str], clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._folder = Path(tempfile.mkdtemp())
        self._runner = asyncio.Runner()
        self._house: Any = open_house(
            self._folder, grown=grown, boot_loop_limit=LIMIT, lease_minutes=60
        )
        self.house: House = self._run(self._house.__aenter__())
        self._run(imported(self.house, FILES))
        self._quiet()
        self.step = 0
        self.grants: dict[int, Grant] = {}
        self.stops: dict[int, int] = {}
        self.states: dict[int, str] = {}
        self.tickets: list[tuple[str, int, str]] = []  # path, machine, the permission's time
        self.leaves: dict[int, Leave] = {}
        self.decided: dict[int, int] = {}  # machine -> the step somebody decided about it last
        self.looks: list[tuple[str, int]] = []  # path, machine
        self.lost = 0  # uses forgotten in power cuts
        self.reused = False  # numbers of forgotten permissions are given out again

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(coroutine)

    def _quiet(self) -> None:
        # The background flush would come at random moments; here a flush is a step of its own.
        self.house.state.writer._task.cancel()

    def teardown(self) -> None:
        self._run(self._house.__aexit__(None, None, None))
        self._runner.close()
        shutil.rmtree(self._folder)

    # The book

    def _look(self) -> dict[str, dict[str, Any]]:
        """Read the machines and note who was stopped since; returns them by MAC."""
        self.step += 1
        found = {}
        for mac, device_id, state, uuid, serial in self._run(
            self.house.state.reader.rows(_LOOK, {})
        ):
            if state != self.states.get(device_id) and state not in {"approved", "installing"}:
                self.stops[device_id] = self.step
            if state not in UNDECIDED:
                self.decided[device_id] = self.step
            self.states[device_id] = state
            found[mac] = {"id": device_id, "state": state, "uuid": uuid, "serial": serial}
        return found

    def _act(self, mac: str, what: str, **body: Any) -> dict[str, Any] | None:
        """Do as the office does; None when there is no such machine or it was refused."""
        device = self._look().get(mac)
        if device is None:
            return None
        path = f"/api/v1/devices/{device['id']}/{what}"
        answer = self._run(self.house.office.post(path, json=body))
        assert answer.status_code in {200, 404, 409, 422}, answer.text
        if answer.status_code != 200:
            return None
        found: dict[str, Any] = answer.json()
        return found

    def _granted(self, device: dict[str, Any] | None) -> None:
        if device is None:
            return
        held = device["lease"]
        known = self.grants.get(device["id"])
        if known is None or known.granted_at != held["granted_at"]:
            until = datetime.fromisoformat(held["expires_at"])
            self.grants[device["id"]] = Grant(held["granted_at"], self.step, until)

    def _may(self, device: dict[str, Any] | None) -> Grant | None:
        """The law: a permission, given after the last stop, in time, and not used up."""
        if device is None:
            return None
        grant = self.grants.get(device["id"])
        if grant is None or grant.step <= self.stops.get(device["id"], 0):
            return None
        in_time = self._clock() < grant.until
        return grant if in_time and grant.offers < LIMIT + self.lost else None

    def _judge(self, told: Told, device: dict[str, Any] | None, claim: dict[str, str]) -> None:
        assert told.status == 200, told
        if not told.installer:
            return
        if told.first_word == "inspection":
            self._judge_look(told, device, claim)
            return
        grant = self._may(device)
        assert grant is not None, f"a kernel without a permission: {device} {told.text}"
        assert device is not None
        assert device["uuid"] in {None, claim.get("uuid")}, device
        grant.offers += 1
        for path in told.ticket_paths:
            self.tickets.append((path, device["id"], grant.granted_at))

    def _judge_look(self, told: Told, device: dict[str, Any] | None, claim: dict[str, str]) -> None:
        """A look: somebody asked, nobody decided since, and what it boots installs nothing."""
        assert device is not None, told
        self._insist_on_leave(device["id"])
        assert device["state"] in UNDECIDED, device
        assert device["uuid"] in {None, claim.get("uuid")}, device
        assert "talos.halt_if_installed=1" in told.line("kernel").split()
        (path,) = told.ticket_paths
        self.looks.append((path, device["id"]))

    def _insist_on_leave(self, device_id: int) -> None:
        leave = self.leaves.get(device_id)
        assert leave is not None, "a look nobody asked for"
        assert leave.step > self.decided.get(device_id, 0), "a look after a decision"
        assert self._clock() < leave.until, "a look out of time"

    # The LAN

    @initialize()
    def a_known_neighbourhood(self) -> None:
        for mac in MACS:
            self._knock(mac)
        self._flush()
        self._decide(MACS[0], "approve")
        self._ask_to_look(MACS[2])
        self._knock(MACS[2])

    def _knock(self, mac: str, claim: dict[str, str] | None = None, **more: str) -> None:
        device = self._look().get(mac)
        said = OWN[mac] if claim is None else claim
        promised = self._promised(device, said)
        told = self._run(self.house.knock(mac, **more, **said))
        self._judge(told, device, said)
        if promised and "rescue" not in more.get("path", ""):
            assert told.installer, f"a permission that is not kept: {device} {told.text}"

    def _promised(self, device: dict[str, Any] | None, said: dict[str, str]) -> bool:
        """Say whether this very request has to be answered with the installer."""
        grant = self._may(device)
        if device is None or grant is None or device["state"] not in {"approved", "installing"}:
            return False
        serial = bytes.fromhex(said.get("serial_hex", "")).decode() or None
        same = device["uuid"] in {None, said.get("uuid")} and device["serial"] in {None, serial}
        return same and grant.offers < LIMIT and not self.reused

    def _flush(self) -> None:
        self._run(self.house.flush())
        self._look()

    @rule(mac=macs, claim=CLAIMS, choice=CHOICES, flush=st.booleans())
    def knock(self, mac: str, claim: dict[str, str] | None, choice: str, flush: bool) -> None:
        self._knock(mac, claim, path=f"/boot/{choice or 'menu'}.ipxe")
        if flush:
            self._flush()

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), address=st.sampled_from(["10.0.0.50", "10.0.0.66"]))
    def use_a_ticket(self, data: st.DataObject, address: str) -> None:
        path, device_id, granted_at = data.draw(st.sampled_from(self.tickets))
        self._look()
        answer = self._run(self.house.at(address).get(path))
        assert answer.status_code in {200, 403}, answer.text
        if answer.status_code == 200:
            self._insist(device_id, granted_at)
            if data.draw(st.booleans()):
                self._prove(answer.text, device_id, granted_at)

    @precondition(lambda self: self.looks)
    @rule(data=st.data(), address=st.sampled_from(["10.0.0.50", "10.0.0.66"]))
    def use_a_ticket_of_a_look(self, data: st.DataObject, address: str) -> None:
        path, device_id = data.draw(st.sampled_from(self.looks))
        self._look()
        answer = self._run(self.house.at(address).get(path))
        assert answer.status_code in {200, 403}, answer.text
        if answer.status_code == 200:
            self._insist_on_leave(device_id)
            assert re.findall(r"^kind: (.*)$", answer.text, re.MULTILINE) == PARTIAL
            assert "machine:" not in answer.text

    def _insist(self, device_id: int, granted_at: str) -> None:
        grant = self.grants[device_id]
        assert grant.granted_at == granted_at, "a ticket of an earlier permission"
        assert grant.step > self.stops.get(device_id, 0), "a ticket of a machine that was stopped"
        assert self._clock() < grant.until, "a ticket out of time"

    def _prove(self, config: str, device_id: int, granted_at: str) -> None:
        found = re.search(rf"{BASE}(/boot/done/[^\s\"']+)", config)
        assert found
        answer = self._run(self.house.at("10.0.0.50").post(found[1]))
        assert answer.status_code in {200, 403}
        if answer.status_code == 200:
            self._insist(device_id, granted_at)
            self._look()
            assert self.states[device_id] == "installed", "answered, so it is kept"

    # The office

    def _decide(self, mac: str, what: str) -> None:
        verb, _, keep = what.partition(" ")
        bodies = {
            "approve": {"profile": "debian"},
            "reinstall": {"confirm": mac},
            "resolve": {"keep": keep},
        }
        device = self._act(mac, verb, **bodies.get(verb, {}))
        if verb in {"approve", "reinstall"}:
            self._granted(device)
        self._look()

    @rule(mac=macs, data=st.data())
    def decide_and_see_what_it_boots(self, mac: str, data: st.DataObject) -> None:
        device = self._look().get(mac)
        sensible = SENSIBLE.get(device["state"], ANYTHING) if device else ANYTHING
        self._decide(mac, data.draw(st.sampled_from(sensible)))
        self._knock(mac)

    @rule(mac=macs, what=st.sampled_from(ANYTHING))
    def decide_anything(self, mac: str, what: str) -> None:
        self._decide(mac, what)
        self._knock(mac)

    @rule(mac=mostly_undecided)
    def ask_to_look_and_see_what_it_boots(self, mac: str) -> None:
        self._ask_to_look(mac)
        self._knock(mac)

    def _ask_to_look(self, mac: str) -> None:
        view = self._act(mac, "inspect")
        device = self._look().get(mac)
        if view is not None and device is not None:
            until = datetime.fromisoformat(view["expires_at"])
            self.leaves[device["id"]] = Leave(self.step, until)

    @rule(mac=mostly_undecided)
    def take_the_look_back(self, mac: str) -> None:
        device = self._look().get(mac)
        if device is not None:
            self._run(self.house.api("DELETE", f"devices/{device['id']}/inspection"))
            self.leaves.pop(device["id"], None)
        self._knock(mac)

    # Time, and the power

    @rule(what=MISHAPS, mac=macs)
    def mishap(self, what: str, mac: str) -> None:
        mishaps = {
            "time": self._time_passes,
            "clean up": self._clean_up,
            "restart": self._restart,
            "power cut": self._power_cut,
            "forget": lambda: self._forget(mac),
            "card of another": lambda: self._knock(mac, macs=MACS[1]),
            "forgery": lambda: self._knock(mac, {"uuid": UUID_B}),
        }
        mishaps[what]()
        self._flush()
        self._knock(mac)

    def _time_passes(self) -> None:
        self._clock.forward(minutes=61)

    def _clean_up(self) -> None:
        async def housekeeping() -> None:
            async with self.house.state.db.write() as session:
                await lease.expire_overdue(session, self._clock())
                await expire_overdue_inspections(session, self._clock())
                await bump_boot_version(session)

        self._run(housekeeping())

    def _restart(self) -> None:
        self._run(self.house.restart())
        self._quiet()

    def _power_cut(self) -> None:
        self.lost += sum(grant.offers for grant in self.grants.values())
        self.house.state.writer._waiting.clear()
        self._restart()

    def _forget(self, mac: str) -> None:
        device = self._look().get(mac)
        if device is not None:
            self._run(self.house.api("DELETE", f"devices/{device['id']}", 204))
            self.reused = True
            books: tuple[dict[int, Any], ...] = (self.grants, self.stops, self.states)
            for book in (*books, self.leaves, self.decided):
                book.pop(device["id"], None)
            self.tickets = [one for one in self.tickets if one[1] != device["id"]]
            self.looks = [one for one in self.looks if one[1] != device["id"]]


@pytest.mark.slow
def test_no_order_of_events_gives_a_kernel_or_a_config_to_a_machine_without_permission(
    grown: tuple[Path, str], clock: Clock
):
    make: Callable[[], Law] = lambda: Law(grown, clock)  # noqa: E731 - hypothesis wants a factory
    run_state_machine_as_test(
        make,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # A step is a whole Ktizo at work: shrinking would take minutes.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
        ),
    )
