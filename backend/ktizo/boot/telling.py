"""From a decision to the script that says it. Pure."""

from dataclasses import dataclass

from ktizo.boot import render
from ktizo.boot.chosen import Chosen, Look
from ktizo.boot.decide import Action, Decision, Facts, Rule
from ktizo.boot.files import Files
from ktizo.boot.profiles import KINDS
from ktizo.devices.facts import DeviceFacts
from ktizo.devices.identity import Claim

WAIT = "wait"  # the menu entry for unknown machines, asked for like a profile
LOOK = "inspection"  # stands where a profile's name stands


@dataclass(frozen=True)
class Told:
    """Everything a script may say. `base` is how the machine reaches Ktizo."""

    decision: Decision
    facts: Facts
    claim: Claim | None
    base: str
    device: DeviceFacts | None
    chosen: Chosen
    look: Look
    items: tuple[render.MenuItem, ...]
    code: str

    @property
    def handover(self) -> str:
        """The iPXE line that ends on this machine's own disk."""
        firmware = self.claim.firmware if self.claim else None
        return render.handover_command(self.device.handover if self.device else "sanboot", firmware)

    @property
    def machine(self) -> str:
        """How the console names it."""
        return render.machine_name(self.claim, self.device.hostname if self.device else None)

    def script(self) -> str:
        """Return the text; what has no kernel to name ends on the local disk."""
        action = self.decision.action
        if action is Action.BOOT and self.chosen.profile and self.chosen.files:
            profile, files = self.chosen.profile, self.chosen.files
            title = f"{KINDS[profile.type].title} ({profile.name})"
            return self._linux(profile.name, title, files, self.chosen.cmdline)
        if action is Action.INSPECT and self.look.files:
            title = "Talos in memory, to look at this machine; nothing on it is written"
            return self._linux(LOOK, title, self.look.files, self.look.cmdline)
        if action is Action.HOLD and self.claim is not None:
            again = WAIT if self.facts.chose_to_wait else "boot"
            product = render.product_name(self.claim)
            hold = render.HoldScript(
                self.base, self.machine, product, self.code, self.handover, again=again
            )
            return render.script(hold)
        if action in {Action.MENU, Action.MENU_UNKNOWN}:
            unknown = action is Action.MENU_UNKNOWN
            menu = render.MenuScript(self.base, self.machine, self.items, unknown, self.handover)
            return render.script(menu)
        return self._disk()

    def _disk(self) -> str:
        rule, reason = self.decision.rule, self.decision.reason
        problem = {
            Rule.PROFILE_BROKEN: self.chosen.problem,
            Rule.INSPECTION_IMPOSSIBLE: self.look.problem,
        }.get(rule)
        reason = f"{reason}: {problem}" if problem is not None else reason
        disk = render.DiskScript(rule, render.plain(reason), self.machine, self.handover)
        return render.script(disk)

    def _linux(self, name: str, title: str, files: Files, cmdline: str) -> str:
        names = "".join(f"initrd=initrd{i} " for i in range(len(files.initrds)))
        return render.script(
            render.LinuxScript(
                machine=self.machine,
                profile=name,
                title=render.plain(title),
                kernel=self.base + files.kernel,
                cmdline=names + cmdline,
                initrds=tuple(self.base + path for path in files.initrds),
                handover=self.handover,
            )
        )
