"""Handing a machine its config through its own API, where a boot by network alone is not enough.

A complete config given to a machine in maintenance mode erases the disk it names. So everything
that permits it is checked first, and nothing is sent while one thing is not as it should be:

 1. an approval with a live lease, offers left of it, and a history that can be written
 2. a cluster, a Talos boot profile, and a config that can be made
 3. the key the caller has on record, the UUID and a network card on record, no Talos installed
 4. the disk the config names, read from the very bytes that would be sent

Then the use is counted as any installer is (the boot-loop limit holds), and in one write
transaction all that a person could have changed meanwhile is looked at again and the intent is made
durable: the lease's count, and the state `installing`. Only then it is sent, once.

Killed between intent and sending: the machine still waits, under the same key, `installing`. It is
given its config after the restart. That is the same permission used again, not a second one: what
got it is no longer in maintenance mode (it installs, reboots, and has another key), so a machine
that waits with this key got nothing. Killed after sending: it no longer answers in this mode, and
nothing is sent. Answer lost: the same seen from here, so it counts as given. A machine that still
waits `GRACE_S` after its config went out is given it again, as often as its lease has offers; one
that refused it is not asked again before the config or the key is another.

What nobody can prevent: a rejection that comes between the commit and the sending, milliseconds.
The memory of what was sent is one process's; two that watch the same machine could send the same
config twice, which the second time meets a machine that installs and no longer listens.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakValueDictionary

from ktizo.audit.record import Entry
from ktizo.audit.record import record as audit
from ktizo.clusters import serve
from ktizo.clusters.reading import store as members
from ktizo.core.bootdb import BootReader
from ktizo.core.clock import utc_now
from ktizo.core.db import AsyncSession, Database
from ktizo.core.errors import InsufficientStorage, NotFound, Unavailable
from ktizo.core.seal import Sealer
from ktizo.core.writer import Writer
from ktizo.devices import permit
from ktizo.devices.hold import hold
from ktizo.devices.progress import Offer, OfferCounter, OfferSink
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.nodes import due as conditions
from ktizo.nodes.aim import shoot
from ktizo.nodes.client import NodeClient
from ktizo.nodes.client.results import ApplyMode
from ktizo.nodes.due import Due, Handed, Outcome, Stop, not_due, refused
from ktizo.nodes.errors import Busy, Interrupted, NodeError, NotAdmitted, Unreachable
from ktizo.nodes.inspect.found import Found
from ktizo.nodes.inspect.look import look
from ktizo.nodes.words import without_secrets

__all__ = ["GRACE_S", "PATIENCE_S", "Handed", "Handover", "Outcome"]

PATIENCE_S = 30.0  # a controller may show its disks after Talos has begun to answer
GRACE_S = 600.0  # a machine that was given its config is left alone for so long
# Nothing is wrong with the machine: it is away, busy, or has a config by now.
_LATER = (Unreachable, Busy, NotAdmitted)


@dataclass(frozen=True, slots=True)
class _Sent:
    """What a machine was given last. `refusal`: its words when it did not take it."""

    lease_id: int
    pin: str
    sha256: str
    at: float  # of the clock below
    refusal: str = ""


class Handover:
    """Gives approved machines in maintenance mode their config; one at a time each."""

    def __init__(
        self,
        database: Database,
        reader: BootReader,
        sealer: Sealer,
        writer: Writer,
        counter: OfferCounter,
        offers: OfferSink,
        limit: int,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`limit`: installers one lease gives; `counter` and `offers` are the boot path's own."""
        self._database = database
        self._reader = reader
        self._sealer = sealer
        self._writer = writer
        self._counter = counter
        self._offers = offers
        self._limit = limit
        self._clock = clock
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._sent: dict[int, _Sent] = {}
        self._told: dict[int, str] = {}  # why it was refused, told once
        self._missed: dict[int, tuple[str, float]] = {}  # key of this boot, and since when

    async def run(self, device_id: int, client: NodeClient) -> Handed:
        """Give the machine its config if all permits it; `client` must trust one key alone.

        Never raises for what the machine does or says.
        """
        lock = self._locks.setdefault(device_id, asyncio.Lock())
        async with lock:
            try:
                handed = await self._run(device_id, client)
            except Stop as stop:
                self._tell(device_id, client, stop)
                return stop.handed
            except (Unavailable, InsufficientStorage, NotFound) as error:
                # Our own database is away, or the machine was forgotten meanwhile.
                return Handed(Outcome.NOT_DUE, error.message)
            self._told.pop(device_id, None)
            return handed

    async def _run(self, device_id: int, client: NodeClient) -> Handed:
        permitted = await conditions.permitted(self._reader, device_id)
        lease = permitted.lease
        if self._counter.of(lease.id, lease.offers) >= self._limit:
            # As the boot path does: the sink holds the machine and says so.
            over = Offer(device_id, lease.id, self._limit + 1, utc_now())
            self._writer.put(self._offers, lease.id, over)
            raise refused(f"it was given its installer {self._limit} times without getting on")
        if not self._writer.healthy:
            raise not_due("Ktizo cannot write its history, so it lets nothing be installed")
        due = await conditions.due(self._reader, self._sealer, permitted)
        found = await self._look(client)
        self._check_not_sent(due, found.pin)
        conditions.check_identity(due, found)
        await self._check_disk(due, found, client)
        await self._intend(due)
        return await self._send(due, found.pin, client)

    async def _look(self, client: NodeClient) -> Found:
        if client.pin is None:
            raise refused("the key of the machine is not on record; inspect it first")
        try:
            return await look(client)
        except _LATER as error:
            raise not_due(error.message) from error
        except NodeError as error:
            raise refused(error.message, error.code) from error

    def _check_not_sent(self, due: Due, pin: str) -> None:
        sent = self._sent.get(due.device.id)
        if sent is None or (sent.lease_id, sent.pin) != (due.lease.id, pin):
            return
        if sent.refusal:
            if sent.sha256 == due.config.sha256:
                raise refused(sent.refusal, "rejected")
        elif self._clock() - sent.at < GRACE_S:
            raise not_due("it was given its config a moment ago, and should be installing")

    async def _check_disk(self, due: Due, found: Found, client: NodeClient) -> None:
        """Hold the machine for a person when the disk the config names is not in it."""
        shot = shoot(due.config.body, due.member.install_disk, found.disks)
        if shot.wrong:
            raise refused(shot.wrong)
        if not shot.missing:
            self._missed.pop(due.device.id, None)
            return
        pin, since = self._missed.get(due.device.id, ("", 0.0))
        if pin != found.pin:
            pin, since = self._missed[due.device.id] = (found.pin, self._clock())
        if self._clock() - since < PATIENCE_S:
            raise not_due(f"{shot.missing} is not in it yet; looking again")
        del self._missed[due.device.id]
        why = f"the disk it was to be installed on is not in it: {shot.missing}"
        there = [disk.name for disk in found.disks][:16]
        async with self._database.write() as session:
            await self._again(session, due)
            await hold(session, due.device.id, why, now=utc_now(), disk=shot.missing, disks=there)
        self._note(due, EventKind.DISK_MISSING, client, {"disk": shot.missing, "disks": there})
        self._audit(due, client, "disk_missing", disk=shot.missing)
        raise Stop(Outcome.REFUSED, why, code="")

    async def _intend(self, due: Due) -> None:
        """Count the use and make the intent durable; raises Stop when something changed."""
        now = utc_now()
        count = self._counter.add(due.lease.id, due.lease.offers)
        offer = Offer(due.device.id, due.lease.id, count, now)
        self._writer.put(self._offers, due.lease.id, offer)
        async with self._database.write() as session:
            await self._again(session, due)
            await permit.use(session, due.device.id, count, limit=self._limit, now=now)

    async def _again(self, session: AsyncSession, due: Due) -> None:
        """Raise Stop unless all is in this transaction as it was when it was read."""
        try:
            device = await permit.still(session, due.device.id, due.lease.id, now=utc_now())
        except permit.NoLongerPermitted as error:
            raise not_due(error.message) from error
        member = await members.member(members.of_session(session), device.id)
        if not due.still(device, member):
            raise not_due("its config changed meanwhile")

    async def _send(self, due: Due, pin: str, client: NodeClient) -> Handed:
        config, device_id = due.config, due.device.id
        # Before it goes out: a run cut off in the middle has sent it, as far as anybody knows.
        sent = _Sent(due.lease.id, pin, config.sha256, self._clock())
        self._sent[device_id] = sent
        try:
            # `auto` works in maintenance mode from 1.9 to 1.14 (talos.md §7).
            applied = await client.apply_configuration(config.body, mode=ApplyMode.AUTO)
        except asyncio.CancelledError:  # we stop, or the watcher lets go: it may have arrived
            self._given(due, client, ApplyMode.AUTO, "unknown")
            raise
        except Interrupted as error:
            self._given(due, client, ApplyMode.AUTO, "unknown")
            return Handed(Outcome.GIVEN, error.message)
        except _LATER as error:  # not sent, or not taken: it may be tried again at once
            del self._sent[device_id]
            raise not_due(error.message) from error
        except NodeError as error:
            words = without_secrets(error.message, config.body)
            self._sent[device_id] = replace(sent, refusal=words)
            self._audit(due, client, "rejected", sha256=config.sha256)
            # Without `from`: the first error may quote what the second left out.
            raise refused(words, error.code) from None
        self._given(due, client, applied.mode, "sent")
        return Handed(Outcome.GIVEN, f"given its config, applied with mode {applied.mode}")

    def _given(self, due: Due, client: NodeClient, mode: ApplyMode, outcome: str) -> None:
        address = client.address.host
        serve.note_served(
            self._writer, self._sealer, due.config, lease_id=due.lease.id, address=address
        )
        data = {"mode": str(mode), "answered": outcome == "sent"}
        self._note(due, EventKind.HANDED_OVER, client, data)
        self._audit(due, client, outcome, sha256=due.config.sha256)

    def _tell(self, device_id: int, client: NodeClient, stop: Stop) -> None:
        """Put a refusal into the machine's timeline, once as long as it stays the same."""
        reason = stop.handed.reason
        if stop.handed.outcome is not Outcome.REFUSED or self._told.get(device_id) == reason:
            return
        self._told[device_id] = reason
        if stop.code:
            record(
                self._writer,
                EventKind.NODE_TROUBLE,
                device_id=device_id,
                address=client.address.host,
                data={"code": stop.code, "message": reason},
            )

    def _note(self, due: Due, kind: EventKind, client: NodeClient, data: dict[str, Any]) -> None:
        record(
            self._writer,
            kind,
            mac=due.device.boot_mac,
            device_id=due.device.id,
            address=client.address.host,
            data=data,
        )

    def _audit(self, due: Due, client: NodeClient, outcome: str, **data: Any) -> None:
        entry = Entry(
            at=utc_now(),
            actor="ktizo",
            address=client.address.host,
            action="nodes.handover",
            subject=f"device {due.device.id}",
            outcome=outcome,
            data=data,
        )
        audit(self._writer, entry)
