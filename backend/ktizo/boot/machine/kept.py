"""An answer as it is kept in memory: ready to be sent again, and to be counted again.

A machine that asks twice gets the very messages of the first time, so what they are made of is
worked out once here and not with every request.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ktizo.boot.answer import Answer
from ktizo.boot.chosen import NO_LOOK, Chosen
from ktizo.boot.decide import Action, Rule
from ktizo.boot.knock import Knock
from ktizo.boot.profile import Profile
from ktizo.core import urls
from ktizo.core.gate import Message, text
from ktizo.devices.facts import DeviceFacts
from ktizo.events.kinds import EventKind
from ktizo.providers.doors import DoorFacts

Key = tuple[Any, ...]


def _light(answer: Answer) -> Answer:
    """Return `answer` without the texts it was made from: 20,000 templates are hundreds of MB."""
    profile = answer.chosen.profile
    answer = replace(answer, look=NO_LOOK)
    if profile is None:
        return answer
    bare = Profile(id=profile.id, name=profile.name, type=profile.type)
    return replace(answer, chosen=Chosen(answer.chosen.state, bare))


def until_of(device: DeviceFacts | None, now: datetime) -> datetime | None:
    """Return when the first thing ends that an answer about `device` may rest on."""
    if device is None:
        return None
    held = (device.lease, device.inspection)
    return min((each.expires_at for each in held if each and each.live(now)), default=None)


@dataclass(frozen=True, slots=True)
class Linux:
    """What an answer boots: paths of kernel and initrds, and the command line."""

    kernel: str
    initrds: tuple[str, ...]
    cmdline: str


def linux_of(answer: Answer) -> Linux | None:
    """Return the kernel an answer starts, None when it starts none."""
    if answer.offers_installer and answer.chosen.files is not None:
        files = answer.chosen.files
        return Linux(files.kernel, files.initrds, answer.chosen.cmdline)
    if answer.inspects and answer.look.files is not None:
        return Linux(answer.look.files.kernel, answer.look.files.initrds, answer.look.cmdline)
    return None


class Kept:
    """One answer, for the version of the database it was made from."""

    __slots__ = (
        "address",
        "answer",
        "claim",
        "data",
        "door",
        "end",
        "key",
        "linux",
        "start",
        "until",
        "version",
    )

    def __init__(
        self,
        answer: Answer,
        version: int,
        until: datetime | None,
        door: DoorFacts | None = None,
    ) -> None:
        """`until`: the lease's or inspection's end; None: good until the version changes."""
        self.version, self.until, self.door = version, until, door
        source = answer.look.files.source if answer.look.files else None
        self.linux = linux_of(answer)
        self.answer = _light(answer)
        self.start: Message
        self.end: Message
        self.start, self.end = text(answer.status, answer.body)
        decision = answer.decision
        data: tuple[tuple[str, Any], ...] = (("action", decision.action), ("rule", decision.rule))
        if decision.action is Action.BOOT:
            profile = answer.chosen.profile
            data += (("profile", profile.name if profile else None),)
        if decision.action is Action.INSPECT:
            data += (("boots", source),)
        self.data = data
        self.address = ""
        self.claim = answer.claim
        self.key: Key = ()

    def asked_from(self, address: str) -> None:
        """Note who asks now: the key its knocks are folded by, and its claim, name the address."""
        claim, decision = self.answer.claim, self.answer.decision
        if claim is not None and claim.address != address:
            claim = replace(claim, address=address)
        if decision.rule is Rule.WRONG_DOOR:
            claim = None  # who speaks for another machine is no sighting of it
        mac = claim.mac if claim else None
        self.address, self.claim = address, claim
        door = self.door.server_id if self.door else None
        self.key = (mac, address, decision.rule, decision.action, door)

    def knock(self, at: datetime) -> Knock:
        """Return what is left behind for history when this is answered at `at`."""
        decision, device, claim = self.answer.decision, self.answer.device, self.claim
        return Knock(
            action="boot",
            kind=EventKind.DECIDED,
            path=urls.MENU,
            address=self.address,
            outcome=f"{decision.action}: {decision.rule}",
            at=at,
            mac=claim.mac if claim else None,
            device_id=device.id if device else None,
            claim=claim,
            door=self.door.server_id if self.door else None,
            data=self.data,
        )
