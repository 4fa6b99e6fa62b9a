"""Why would it boot that? The same questions and the same rules as for a machine, nothing noted."""

from dataclasses import asdict, dataclass
from typing import Any

from ktizo.boot.answer import Answer
from ktizo.boot.decide import Action
from ktizo.network.lan import Lan
from ktizo.network.loaders import ARCHITECTURES, Advert
from ktizo.network.reply import reply_for


@dataclass(frozen=True)
class DhcpReply:
    """What a firmware of one kind is told by DHCP here."""

    arch: int
    firmware: str
    ipxe: bool
    next_server: str | None
    filename: str | None
    via: str
    why: str


@dataclass(frozen=True)
class Explanation:
    """What a machine would be told now, and everything that led there."""

    mac: str
    action: Action
    rule: str
    summary: str
    state: str | None
    device_id: int | None
    hostname: str | None
    approved_by: str | None
    approved_at: str | None
    lease: dict[str, Any] | None
    profile: str | None
    profile_problem: str | None
    boots_from: str | None
    command_line: str | None
    pairing_code: str
    status: int
    script: str
    dhcp: list[DhcpReply]


SUMMARIES = {
    Action.LOCAL_DISK: "boot from disk",
    Action.HOLD: "wait for approval, then boot from disk or install",
    Action.MENU_UNKNOWN: "show a menu without installers; boot from disk by default",
    Action.INSPECT: "boot Talos in memory to be looked at; no disk is written",
    Action.MENU: "show the menu of boot profiles; boot from disk by default",
    Action.BOOT: "boot the profile's kernel",
}


def explain(mac: str, answer: Answer, dhcp: list[DhcpReply]) -> Explanation:
    """Return `answer` with its reasons spelled out."""
    device, chosen, look = answer.device, answer.chosen, answer.look
    files = look.files or chosen.files
    lease = device.lease if device else None
    at = device.approved_at if device else None
    return Explanation(
        mac=mac,
        action=answer.decision.action,
        rule=answer.decision.rule,
        summary=f"{SUMMARIES[answer.decision.action]}: {answer.decision.reason}",
        state=device.state if device else None,
        device_id=device.id if device else None,
        hostname=device.hostname if device else None,
        approved_by=device.approved_by if device else None,
        approved_at=at.isoformat() if at else None,
        lease=asdict(lease) if lease else None,
        profile=chosen.profile.name if chosen.profile else None,
        profile_problem=look.problem or chosen.problem or None,
        boots_from=files.source if files else None,
        command_line=look.cmdline or chosen.cmdline or None,
        pairing_code=answer.code,
        status=answer.status,
        script=answer.body.decode(),
        dhcp=dhcp,
    )


def dhcp_replies(lan: Lan | None, adverts: tuple[Advert, ...], base: str) -> list[DhcpReply]:
    """Return the DHCP answer for every kind of firmware, and for iPXE itself."""
    if lan is None:
        return []
    kinds = [(a.code, a.label, False) for a in ARCHITECTURES] + [(0, "iPXE, any firmware", True)]
    replies = []
    for arch, label, ipxe in kinds:
        reply = reply_for(lan, adverts, base, arch=arch, ipxe=ipxe)
        replies.append(
            DhcpReply(
                arch, label, ipxe, reply.next_server, reply.filename, str(reply.via), reply.why
            )
        )
    return replies
