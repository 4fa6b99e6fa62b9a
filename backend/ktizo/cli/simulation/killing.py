"""kill -9 for Ktizo, at the moments that matter."""

from collections.abc import Callable, Iterable

from ktizo.cli.simulation.facts import Facts


def _step(name: str) -> Callable[[Facts], bool]:
    return lambda facts: facts.step(name) != "todo"


# Each phase, in the order of the story, and what shows that it has come. A step that was over
# between two looks counts too: then the kill comes a moment late, and is none the less one.
PHASES: dict[str, Callable[[Facts], bool]] = {
    "seen": lambda facts: bool(facts.devices),
    "inspecting": lambda facts: bool(facts.inspected("booting", "looking")),
    "approved": lambda facts: bool(facts.in_state("approved", "installing")),
    "installing": lambda facts: bool(facts.in_state("installing", "installed")),
    "bootstrapping": _step("etcd"),
    "etcd": _step("etcd_healthy"),
    "joining": _step("joining"),
    "ready-wait": _step("ready"),
    "kubeconfig": _step("kubeconfig"),
}
ALL = "all"


class UnknownPhase(ValueError):
    """There is no such phase."""


class Kills:
    """The phases in which Ktizo is still to be killed."""

    def __init__(self, wanted: Iterable[str], *, inspect: bool) -> None:
        """`wanted`: phases, or `all`; raises UnknownPhase."""
        names = set(wanted)
        if unknown := names - {*PHASES, ALL}:
            raise UnknownPhase(f"no such phase: {', '.join(sorted(unknown))}")
        possible = [name for name in PHASES if inspect or name != "inspecting"]
        if "inspecting" in names and not inspect:
            raise UnknownPhase("`inspecting` needs --inspect")
        self.left = [name for name in possible if ALL in names or name in names]
        self.done: list[str] = []

    def due(self, facts: Facts) -> str | None:
        """Return a phase that has come and was not killed in yet, and count it as done."""
        for name in self.left:
            if PHASES[name](facts):
                self.left.remove(name)
                self.done.append(name)
                return name
        return None
