"""Somebody on the network who has copied every ticket he saw, and wants the configs."""

from collections.abc import Iterable

from ktizo.core.errors import KtizoError
from ktizo.nodes.simulated import SimulatedMachine, cmdline
from ktizo.nodes.simulated.fetch import Fetched, NoAnswer, fetch
from ktizo.nodes.simulated.machine_config import read


class Stranger:
    """Asks from an address of his own for what machines were told to fetch."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.tried: dict[str, bool] = {}  # address of a config -> whether he got one with secrets

    async def try_all(self, machines: Iterable[SimulatedMachine]) -> None:
        """Ask once for the config of every machine that has fetched its own."""
        for machine in machines:
            kernel = machine.kernel
            if kernel is None or not machine.node.wiped:
                continue  # its config has no secrets yet, or it has not fetched it
            url = cmdline.read(kernel.cmdline).config_url
            if not url or url in self.tried:
                continue
            try:
                answer = await fetch(url, self._address)
            except NoAnswer:
                continue  # Ktizo is down: the next time
            self.tried[url] = _has_secrets(answer)


def _has_secrets(answer: Fetched) -> bool:
    """Say whether a complete config came; the one to be looked at with holds no secret."""
    if answer.status != 200:
        return False
    try:
        return read(answer.body).complete
    except (KtizoError, UnicodeDecodeError):
        return False
