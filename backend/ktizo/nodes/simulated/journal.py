"""What a simulated node says: its events, its kernel log, its services' logs."""

from collections import defaultdict
from collections.abc import Sequence

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message

from ktizo.nodes.simulated.tape import Tape
from ktizo.nodes.wire import events_pb2 as wire

_PREFIX = "talos/runtime/machine."


class Journal:
    """The parts of a node that only tell."""

    def __init__(self) -> None:
        self.events: Tape[wire.Event] = Tape()
        self.kernel_log: Tape[bytes] = Tape()
        self.service_logs: defaultdict[str, Tape[bytes]] = defaultdict(Tape)
        self.services: dict[str, bool] = {}  # by name: whether it runs

    def emit(self, payload: Message, actor_id: str = "") -> None:
        """Send an event to whoever listens."""
        self.emit_raw(type(payload).__name__, payload.SerializeToString(), actor_id)

    def emit_raw(self, kind: str, value: bytes, actor_id: str = "") -> None:
        """Send an event of any kind, also one nobody knows or can read."""
        data = AnyMessage(type_url=f"{_PREFIX}{kind}", value=value)
        event = wire.Event(data=data, id=f"event-{self.events.end:08d}", actor_id=actor_id)
        self.events.append(event)

    def say(self, text: str) -> None:
        """Add a line to the kernel log."""
        self.kernel_log.append(f"user: warning: [talos] {text}\n".encode())

    def note_stage(self, stage: str, *, ready: bool, unmet: Sequence[tuple[str, str]]) -> None:
        """Say where the machine stands, in an event and in the kernel log."""
        name = stage.upper().replace(" ", "_")
        if name != "OFF":
            status = wire.MachineStatusEvent.MachineStatus
            conditions = [status.UnmetCondition(name=what, reason=why) for what, why in unmet]
            self.emit(
                wire.MachineStatusEvent(
                    stage=name,
                    status=status(ready=ready, unmet_conditions=conditions),
                )
            )
        self.say(f"stage {stage}, ready {ready}")
