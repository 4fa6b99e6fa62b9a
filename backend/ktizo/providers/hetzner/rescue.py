"""The rescue system and the reset button: the API's half of the way to Talos at Hetzner.

The way: `enter`, `login` until it tells the host keys (they pin whom SSH may talk to), then SSH
(providers/rescue). The rescue system is for the next boot only: after that comes the disk.

The answer to the activation has no host keys: each rescue boot makes fresh ones, and Robot shows
their SHA-256 fingerprints under /rescue/last some 80 s after the reset, before sshd answers.

Sources: robot.hetzner.com/doc/webservice/en.html, boot configuration and reset, read 2026-11-21;
when the host keys appear: a public field report of 2026-09-08, not checked by us.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPMethod
from typing import Any

from ktizo.providers.base import PowerAction, RescueLogin
from ktizo.providers.errors import Failed, Gone, NotYet, Unsupported
from ktizo.providers.fields import text
from ktizo.providers.hetzner import wire
from ktizo.providers.hetzner.robot import Robot


class Reset(StrEnum):
    """What the reset can press. `man`, a technician's hand, is left out: slow, and it can cost."""

    SOFTWARE = "sw"  # Ctrl+Alt+Del
    HARDWARE = "hw"
    POWER = "power"  # a short press: on, or a polite off
    POWER_LONG = "power_long"  # a long press: off


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescue:
    """A rescue system. `password` is root's, once, and empty where keys were given."""

    active: bool
    password: str = field(default="", repr=False)
    keys: tuple[str, ...] = ()  # fingerprints that may log in
    host_keys: tuple[str, ...] = ()  # SHA-256 fingerprints of the rescue system's own keys
    address: str = ""


def _read(answer: object) -> Rescue:
    given = wire.unwrapped(answer, "rescue")
    net = text(given.get("server_ipv6_net"))
    return Rescue(
        active=given.get("active") is True,
        password=text(given.get("password")),
        keys=fingerprints(given.get("authorized_key")),
        host_keys=fingerprints(given.get("host_key")),
        # Without an IPv4 address it has ::2 of the server's network (the installed system ::1).
        address=text(given.get("server_ip")) or (f"{net}2" if net else ""),
    )


def fingerprints(value: object) -> tuple[str, ...]:
    """`[{"key": {fingerprint}}]`, or plain texts."""
    listed = value if isinstance(value, list) else []
    wrapped = (wire.mapping(wire.mapping(one).get("key")).get("fingerprint") for one in listed)
    return tuple(t for t in map(text, wrapped) if t) or wire.texts(value)


async def look(robot: Robot, number: str) -> Rescue:
    """Return whether the rescue system is set for the next boot."""
    return _read((await robot.get(f"/boot/{number}/rescue")).json())


async def last(robot: Robot, number: str) -> Rescue:
    """Return the last activation, with the host keys once it has booted.

    A server that never had one is answered with NOT_FOUND, one that is not there otherwise.
    """
    try:
        answer = await robot.get(f"/boot/{number}/rescue/last")
    except Gone as error:
        if error.detail.get("vendor_code") != "NOT_FOUND":
            raise
        return Rescue(active=False)
    return _read(answer.json())


async def activate(robot: Robot, number: str, keys: tuple[str, ...] = ()) -> Rescue:
    """Set the Linux rescue system for the next boot; `keys` by fingerprint.

    One that is set already may have other keys: it is taken back first.
    """
    path = f"/boot/{number}/rescue"
    form = [("os", "linux"), *[("authorized_key[]", one) for one in keys]]
    try:
        answer = await robot.send(HTTPMethod.POST, path, form=form)
    except NotYet as error:
        if error.detail.get("vendor_code") != "BOOT_ALREADY_ENABLED":
            raise
        await leave(robot, number)
        answer = await robot.send(HTTPMethod.POST, path, form=form)
    return _read(answer.json())


async def leave(robot: Robot, number: str) -> None:
    """Boot from the disk next time; what runs now goes on until the next reset."""
    await robot.send(HTTPMethod.DELETE, f"/boot/{number}/rescue")


async def enter(robot: Robot, number: str, key: str) -> str:
    """Reset into the rescue system, where the key with this fingerprint may log in.

    Returns the host keys of earlier rescue boots, for `login`. A server without a reset is refused
    before anything is set.
    """
    before = (await last(robot, number)).host_keys
    await _insist(robot, number, Reset.HARDWARE)
    await activate(robot, number, (key,))
    await _press(robot, number, Reset.HARDWARE)
    return " ".join(before)


async def login(robot: Robot, number: str, mark: str) -> RescueLogin | None:
    """Return how to log in to the rescue system that was entered with `mark`; None before.

    Host keys of older rescue boots, those in `mark`, never count.
    """
    found = await last(robot, number)
    fresh = tuple(one for one in found.host_keys if one not in mark.split(" "))
    if not fresh:
        return None
    if not found.address:
        raise Failed("Hetzner Robot tells no address of the rescue system; look at it there")
    return RescueLogin(address=found.address, host_keys=fresh)


async def to_disk(robot: Robot, number: str) -> None:
    """Take back a rescue system that is set for the next boot; nothing is restarted."""
    try:
        found = await look(robot, number)
    except Unsupported:
        return  # this server has none, so none is set
    if found.active:
        await leave(robot, number)


async def reset(robot: Robot, number: str, how: Reset = Reset.HARDWARE) -> None:
    """Press once; raises Unsupported where the server does not have it."""
    await _insist(robot, number, how)
    await _press(robot, number, how)


async def _insist(robot: Robot, number: str, how: Reset) -> None:
    offered = wire.texts((await _options(robot, number)).get("type"))
    if how.value not in offered:
        raise Unsupported(f"this server cannot be reset by {how.value!r}, only by Hetzner's people")


async def power(robot: Robot, number: str, action: PowerAction) -> None:
    """Switch a server. The short press turns a running one off, so it is looked at first."""
    if action is PowerAction.REBOOT:
        return await reset(robot, number, Reset.HARDWARE)
    options = await _options(robot, number)
    running = text(options.get("operating_status"))
    if running not in {"running", "shut off"}:
        raise Unsupported("this server does not tell whether it runs; reboot it instead")
    if (running == "running") is (action is PowerAction.ON):
        return None
    how = Reset.POWER if action is PowerAction.ON else Reset.POWER_LONG
    if how.value not in wire.texts(options.get("type")):
        raise Unsupported("this server has no power button that Robot can press")
    return await _press(robot, number, how)


async def _options(robot: Robot, number: str) -> Mapping[str, Any]:
    return wire.unwrapped((await robot.get(f"/reset/{number}")).json(), "reset")


async def _press(robot: Robot, number: str, how: Reset) -> None:
    await robot.order(HTTPMethod.POST, f"/reset/{number}", form=[("type", how.value)])
