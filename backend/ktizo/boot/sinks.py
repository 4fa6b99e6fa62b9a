"""Where a node says what it does: Ktizo's event sink and kernel-log receiver. Pure.

As kernel arguments, so that it speaks from its first second; and as documents of its config, so
that it speaks on when the arguments are another boot loader's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ktizo.talos.documents import event_sink, kmsg_log, network_default_action

KMSG_NAME = "ktizo"


@dataclass(frozen=True)
class Sinks:
    """TCP ports of the two; 0: there is none."""

    events: int = 0
    kernel_log: int = 0

    def arguments(self, base: str) -> tuple[str, ...]:
        """Return the kernel arguments; `base` is how the machine reaches Ktizo, as a URL."""
        host = _host(base)
        events = [f"talos.events.sink={host}:{self.events}"] if self.events else []
        log = [f"talos.logging.kernel={self._log_url(host)}"] if self.kernel_log else []
        return (*events, *log)

    def documents(self, base: str) -> list[Mapping[str, Any]]:
        """Return a partial config: these two documents and nothing else, so nothing is installed.

        A partial config must hold something, or Talos takes it for none and asks again for hours
        (reference talos.md 8). Without sinks it holds Talos's own default: the firewall that lets
        everything in. Every Talos from 1.9 to 1.14 takes it.
        """
        host = _host(base)
        documents: list[Mapping[str, Any]] = []
        if self.events:
            documents.append(event_sink.build(f"{host}:{self.events}"))
        if self.kernel_log:
            # The very text of the argument: Talos leaves a second, equal destination out.
            documents.append(kmsg_log.build(KMSG_NAME, url=self._log_url(host)))
        return documents or [network_default_action.build("accept")]

    def _log_url(self, host: str) -> str:
        return f"tcp://{host}:{self.kernel_log}"


def _host(base: str) -> str:
    host = urlsplit(base).hostname or ""
    return f"[{host}]" if ":" in host else host
