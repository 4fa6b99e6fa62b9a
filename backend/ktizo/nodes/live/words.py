"""What a node's events look like as lines of a console. Pure."""

from ktizo.nodes.client import payloads
from ktizo.nodes.client.payloads import Payload

Words = tuple[str, str]  # level, text


def words(kind: str, payload: Payload | None) -> Words:
    """Return an event as a line; `payload` is None for a kind this Ktizo does not know."""
    match payload:
        case payloads.MachineStatus():
            return _status(payload)
        case payloads.ServiceState():
            return _service(payload)
        case payloads.Sequence() | payloads.Phase() | payloads.Task():
            return _step(payload)
        case payloads.ConfigError():
            what = "is not valid" if payload.loaded else "cannot be loaded"
            return "error", f"machine config {what}: {payload.error}"
        case payloads.Addresses():
            return "info", f"{payload.hostname or 'no name'} at {', '.join(payload.addresses)}"
        case payloads.Restart():
            return "warn", "restarts"
    return "debug", f"event {kind[:60]}"


def _status(found: payloads.MachineStatus) -> Words:
    ready = "ready" if found.ready else "not ready"
    unmet = "; ".join(f"{name}: {why}" for name, why in found.unmet[:20])
    return "info", f"stage {found.stage}, {ready}{f' ({unmet})' if unmet else ''}"


def _step(found: payloads.Sequence | payloads.Phase | payloads.Task) -> Words:
    what = type(found).__name__.lower()
    error = found.error if isinstance(found, payloads.Sequence) else ""
    level = "error" if error else "debug" if isinstance(found, payloads.Task) else "info"
    return level, f"{what} {found.name} {found.action}{f': {error}' if error else ''}"


def _service(found: payloads.ServiceState) -> Words:
    level = "error" if found.action == "failed" else "warn" if found.healthy is False else "info"
    health = {True: ", healthy", False: ", not healthy", None: ""}[found.healthy]
    said = f": {found.message}" if found.message else ""
    return level, f"service {found.service} {found.action}{health}{said}"
