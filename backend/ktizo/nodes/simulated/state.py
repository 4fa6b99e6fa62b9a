"""A simulated node's resources: kept, listed, watched."""

import re
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ktizo.core import yaml
from ktizo.core.clock import utc_now
from ktizo.nodes.simulated.tape import Tape
from ktizo.nodes.wire import cosi_pb2 as wire

Key = tuple[str, str, str]  # namespace, type, id


@dataclass(frozen=True, slots=True)
class Kept:
    """A resource as kept."""

    key: Key
    spec: Any
    version: int = 1
    created: datetime = field(default_factory=utc_now, compare=False)

    def message(self) -> wire.Resource:
        """Return it as it goes over the wire."""
        namespace, kind, name = self.key
        metadata = wire.Metadata(
            namespace=namespace, type=kind, id=name, version=str(self.version), phase="running"
        )
        metadata.created.FromDatetime(self.created)
        spec = wire.Spec(yaml_spec=yaml.dump(self.spec) if self.spec else "")
        return wire.Resource(metadata=metadata, spec=spec)


@dataclass(frozen=True, slots=True)
class Changed:
    """A resource before and after; one of them may be missing."""

    old: Kept | None
    new: Kept | None


class State:
    """All resources of one node."""

    def __init__(self) -> None:
        self._kept: dict[Key, Kept] = {}
        self.tape: Tape[Changed] = Tape()

    def put(self, namespace: str, kind: str, name: str, spec: Any) -> None:
        """Create or update a resource; the same spec again is no change."""
        key = (namespace, kind, name)
        old = self._kept.get(key)
        if old is not None and old.spec == spec:
            return
        new = Kept(key, spec) if old is None else replace(old, spec=spec, version=old.version + 1)
        self._kept[key] = new
        self.tape.append(Changed(old, new))

    def keep_only(self, keys: Iterable[Key]) -> None:
        """Destroy everything else."""
        for key in set(self._kept) - set(keys):
            self.tape.append(Changed(self._kept.pop(key), None))

    def get(self, key: Key) -> Kept | None:
        """Return one resource."""
        return self._kept.get(key)

    def list(self, namespace: str, kind: str, pattern: str = "") -> list[Kept]:
        """Return all of a type, by id."""
        return [
            one
            for key, one in sorted(self._kept.items())
            if key[:2] == (namespace, kind) and re.search(pattern, key[2])
        ]

    async def watch(self, request: wire.WatchRequest) -> AsyncGenerator[wire.WatchResponse, None]:
        """Answer a Watch as COSI does: first an empty message, then what was asked for."""
        begin = self.tape.end
        yield wire.WatchResponse()
        for event in self._first(request):
            yield wire.WatchResponse(event=[event])
        async for change in self.tape.follow(begin):
            key = (change.new or change.old or _NOTHING).key
            if key[:2] != (request.namespace, request.type):
                continue
            if not request.HasField("id") or key[2] == request.id:
                yield wire.WatchResponse(event=[_event(change)])

    def _first(self, request: wire.WatchRequest) -> Iterable[wire.Event]:
        if request.HasField("id"):
            found = self._kept.get((request.namespace, request.type, request.id))
            gone = Kept((request.namespace, request.type, request.id), "", 0)
            yield _event(Changed(None, found) if found else Changed(gone, None))
        elif request.options.bootstrap_contents:
            for one in self.list(request.namespace, request.type):
                yield _event(Changed(None, one))
            if request.api_version >= 1:
                yield wire.Event(event_type=wire.BOOTSTRAPPED)


_NOTHING = Kept(("", "", ""), "")


def _event(change: Changed) -> wire.Event:
    if change.new is None:
        gone = change.old or _NOTHING
        return wire.Event(event_type=wire.DESTROYED, resource=gone.message())
    if change.old is None:
        return wire.Event(event_type=wire.CREATED, resource=change.new.message())
    old, new = change.old.message(), change.new.message()
    return wire.Event(event_type=wire.UPDATED, resource=new, old=old)
