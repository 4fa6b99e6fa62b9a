"""The event sink: nodes publish what happens to them, one unary call each (talos.md §11)."""

from google.protobuf.message import DecodeError

from ktizo.nodes.client.payloads import kind_of, payload_of
from ktizo.nodes.errors import Malformed
from ktizo.nodes.live.console import Consoles
from ktizo.nodes.live.door import Connection, Door
from ktizo.nodes.live.h2c import UnaryServer
from ktizo.nodes.live.limits import Counts, Limits
from ktizo.nodes.live.replay import EventIds
from ktizo.nodes.live.timeline import Timeline
from ktizo.nodes.live.words import words
from ktizo.nodes.wire import sink_pb2 as wire
from ktizo.nodes.wire.methods import PUBLISH

_EVENTS_OF_CALL = 4  # HTTP/2's own, of one call; more of them are paid for like calls


class EventSink:
    """Where events go, whichever line they came by."""

    def __init__(
        self, consoles: Consoles, timeline: Timeline, counts: Counts, limits: Limits
    ) -> None:
        self._consoles, self._timeline, self._counts = consoles, timeline, counts
        self._ids = EventIds(limits)

    def take(self, device_id: int, address: str, data: bytes) -> bool:
        """Take one EventRequest; False when it cannot be read at all."""
        try:
            request = wire.EventRequest.FromString(data)
        except DecodeError:
            return False
        if not self._ids.is_new(device_id, request.id):
            self._counts.repeated += 1
            return True
        kind = kind_of(request.data.type_url)
        try:
            payload = payload_of(kind, request.data.value)
        except Malformed:
            # Not refused: the node would send it again and again, and nothing after it.
            self._counts.malformed += 1
            return True
        self._counts.accepted += 1
        level, text = words(kind, payload)
        self._consoles.add(device_id, "event", level, text)
        self._timeline.heard(device_id, address, payload)
        return True


class EventConnection(Connection):
    """One node's connection to the sink."""

    def __init__(self, door: Door, sink: EventSink) -> None:
        super().__init__(door)
        self._sink = sink
        self._calls = 0
        self._server: UnaryServer | None = None

    def begin(self) -> None:
        """Greet; strangers hear nothing."""
        self._server = UnaryServer(PUBLISH.path, self._answer)
        self.write(self._server.pending())

    def take(self, data: bytes) -> int:
        """Take frames, answer the calls in them."""
        if self._server is None:
            return 0
        self._calls = 0
        found = self._server.feed(data)
        self.write(self._server.pending())
        if self._server.over:
            self.abort()
        return max(self._calls, found // _EVENTS_OF_CALL)

    def _answer(self, message: bytes) -> bool:
        if self.device_id is None:
            return False
        self._calls += 1
        if self._sink.take(self.device_id, self.address, message):
            self.understood = True
            return True
        self.bad()
        return False
