"""What a node's own API proves: it is installed, or runs. Spends its lease."""

from ktizo.audit.record import Entry, append
from ktizo.core.clock import utc_now
from ktizo.core.db import Database, bump_boot_version
from ktizo.core.writer import Writer
from ktizo.devices import approval
from ktizo.devices import store as devices
from ktizo.devices.lifecycle import Event, WrongState
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.nodes.watch.state import NodeState

# Before these its disk is not written yet, or is being wiped.
_PROVES = {
    NodeState.BOOTING: Event.PROVED_INSTALLED,
    NodeState.REBOOTING: Event.PROVED_INSTALLED,
    NodeState.UPGRADING: Event.PROVED_INSTALLED,
    NodeState.RUNNING: Event.PROVED_RUNNING,
}
HOW = "its Talos API"


class Proofs:
    """Turns what was proved into states of machines."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def prove(self, device_id: int, state: NodeState) -> None:
        """Note that an installed machine is in `state`; from then on it boots its own disk."""
        how = _PROVES.get(state)
        if how is None:
            return
        now = utc_now()
        async with self._database.write() as session:
            device = (await devices.by_ids(session, [device_id])).get(device_id)
            if device is None:
                return
            before = device.state
            try:
                news = await approval.prove(session, device, how, now=now)
            except WrongState:  # rejected or contested meanwhile: a person has the last word
                return
            if not news:
                return
            await bump_boot_version(session)
            mac, after = device.boot_mac, device.state
            await append(
                session,
                Entry(
                    at=now,
                    actor="ktizo",
                    address=None,
                    action="nodes.proved",
                    subject=f"device {device_id}",
                    outcome=after,
                    data={"before": before, "by": HOW},
                ),
            )
        record(
            self._writer,
            EventKind.DONE,
            mac=mac,
            device_id=device_id,
            data={"how": HOW, "state": after},
        )
