"""Talos on a server without iPXE: its provider's rescue system, SSH, and another kernel.

    due ──> entering ──> booting ──> waiting ──> starting ──> started
                 ▲___________│           ▲___________│

`row.way` holds where it stands, and every step is written down before it is done, so that a
kill is found again: ENTERING is done again (it only restarts the rescue system), STARTING looks
whether the rescue system still is there. What is started is what its firmware would be told: the
front is asked as iPXE asks it, counts it and notes it. Nothing here writes to a disk.
"""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from ktizo.boot.decide import Action
from ktizo.boot.machine.kept import Kept, Linux
from ktizo.core.clock import utc_now
from ktizo.events.kinds import EventKind
from ktizo.events.record import record
from ktizo.providers import sealing, store
from ktizo.providers.audited import OURSELVES
from ktizo.providers.base import RescueLogin, Rescuer, SshKey
from ktizo.providers.doors import DoorFacts
from ktizo.providers.errors import Failed, ProviderAway
from ktizo.providers.rescue import kexec, keys, look
from ktizo.providers.rescue.shell import HostKeyWrong, LoginRefused, Shell, open_shell
from ktizo.providers.store import Account, Rented
from ktizo.provisioning.site import Site

COMES_UP = timedelta(minutes=30)
SOON_S, LATER_S = 5.0, 15.0
FINISHED = "started"


class RescueLost(Failed):
    """The rescue system did not come up, or is not what was expected."""


class RescueWay:
    """Takes one server one step further; returns after how many seconds to come again."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def step(self, row: Rented, account: Account) -> tuple[float, str]:
        """Do what is next; returns the pause and what goes on, in words."""
        way: dict[str, Any] = row.way or {}
        client: Any = self._site.clients.of(account, OURSELVES)
        match way.get("state"):
            case "due" | "entering":
                return await self._enter(row, account, client)
            case "booting":
                return await self._booting(row, account, client, way)
            case "waiting" | "starting":
                return await self._waiting(row, account, way)
        return LATER_S, ""

    async def _enter(self, row: Rented, account: Account, client: Rescuer) -> tuple[float, str]:
        key = await self._key(account, client)
        await self._note(row, {"state": "entering"})
        mark = await client.enter_rescue(row.vendor_id or "", key)
        now = utc_now().isoformat()
        await self._note(row, {"state": "booting", "mark": mark, "since": now})
        self._tell(row, account, "the rescue system was asked for")
        return SOON_S, "its rescue system boots"

    async def _booting(
        self, row: Rented, account: Account, client: Rescuer, way: dict[str, Any]
    ) -> tuple[float, str]:
        late = utc_now() - datetime.fromisoformat(way["since"]) > COMES_UP
        login = await client.rescue_login(row.vendor_id or "", way["mark"])
        if login is None:
            if late:
                raise RescueLost(
                    "its rescue system did not come up within half an hour; look at it at the"
                    " provider, then reinstall it from here"
                )
            return LATER_S, "its rescue system boots"
        try:
            async with await self._shell(account, login, way) as shell:
                found = await look.identify(shell, **self._more("look"))
                host_key = shell.host_key
        except (ProviderAway, LoginRefused, look.NotRescue) as error:
            if late:  # until then it may be the system before that still answers
                raise
            return LATER_S, f"its rescue system boots: {error.message}"
        seen = {"query": query_of(found), "address": login.address, "user": login.user}
        keys_told = list(login.host_keys)
        await self._note(
            row, way | seen | {"state": "waiting", "pin": host_key, "host_keys": keys_told}
        )
        self._tell(row, account, f"its rescue system shows itself: {found.mac}")
        return 0.0, "its rescue system is up"

    async def _waiting(
        self, row: Rented, account: Account, way: dict[str, Any]
    ) -> tuple[float, str]:
        if way["state"] == "starting" and not await self._still_there(account, way):
            await self._note(row, {"state": FINISHED})
            return LATER_S, "Talos was started"
        told = await self._asked(row, way)
        if told.linux is None:
            if told.answer.decision.action is Action.HOLD:
                return SOON_S, "its rescue system waits for an approval"
            return LATER_S, f"nothing is started: {told.answer.decision.reason}"
        await self._note(row, way | {"state": "starting"})
        await self._start(row, account, way, told.linux)
        await self._note(row, {"state": FINISHED})
        self._tell(row, account, "Talos was started from its rescue system")
        return LATER_S, "Talos starts"

    async def _asked(self, row: Rented, way: dict[str, Any]) -> Kept:
        base = self._site.doors.base(row.tag, row.door)
        door = await store.door(self._site.reader, row.tag, row.door)
        if door is None:
            raise RescueLost("its boot path is closed; reinstall it from here")
        facts = DoorFacts(door.server_id, door.macs, base)
        return await self._site.front.asked(way["query"].encode(), way["address"], facts)

    async def _start(
        self, row: Rented, account: Account, way: dict[str, Any], linux: Linux
    ) -> None:
        if len(linux.initrds) != 1:
            raise RescueLost(
                f"its boot profile has {len(linux.initrds)} initrds, and one is needed"
            )
        kernel, initrd = [await self._download(row, one) for one in (linux.kernel, *linux.initrds)]
        async with await self._shell(account, _login(way), way) as shell:
            await kexec.boot(shell, kernel, initrd, linux.cmdline, **self._more("kexec"))

    async def _download(self, row: Rented, path: str) -> kexec.Download:
        """Return where a file is and what it must be, as the boot path itself serves it."""
        of, _, file = path.rpartition("/")
        name = of.removeprefix("/boot/images/")
        if name != of:
            schematic, _, version = name.partition("/")
            found = await self._site.assets.find_image(schematic, version, file)
        else:
            found = await self._site.assets.find(of.removeprefix("/boot/assets/"), file)
        return kexec.Download(self._site.doors.base(row.tag, row.door) + path, found.sha256)

    async def _still_there(self, account: Account, way: dict[str, Any]) -> bool:
        """Say whether the rescue system that was to start Talos still runs."""
        try:
            async with await self._shell(account, _login(way), way) as shell:
                await look.prove(shell, **self._more("look"))
        except (ProviderAway, HostKeyWrong, LoginRefused, look.NotRescue):
            return False
        return True

    async def _shell(self, account: Account, login: RescueLogin, way: dict[str, Any]) -> Shell:
        private = self._site.sealer.unseal(
            account.rescue_private or "", sealing.rescue_place(account.id)
        ).decode()
        pinned = (way["pin"],) if way.get("pin") else ()
        return await open_shell(login, private, pinned=pinned, **self._more("shell"))

    def _more(self, file: str) -> dict[str, Any]:
        more: dict[str, Any] = self._site.rescue.get(file, {})
        return more

    async def _key(self, account: Account, client: Rescuer) -> SshKey:
        """Return the account's key for rescue systems, known to the provider; made when needed."""
        if account.rescue_private is None or account.rescue_public is None:
            pair = keys.make("ktizo-rescue")
            async with self._site.database.write() as session:
                account = await store.account(session, account.id)
                if account.rescue_private is None:
                    place = sealing.rescue_place(account.id)
                    account.rescue_private = self._site.sealer.seal(pair.private.encode(), place)
                    account.rescue_public = pair.public
                    await store.save_account(session, account)
        return await client.add_ssh_key("ktizo-rescue", account.rescue_public or "")

    async def _note(self, row: Rented, way: dict[str, Any]) -> None:
        async with self._site.database.write() as session:
            fresh = await store.server(session, row.id)
            if fresh.door != row.door:
                raise RescueLost("it was reinstalled meanwhile")
            fresh.way, fresh.updated_at = way, utc_now()
            await session.flush()
        row.way = way

    def _tell(self, row: Rented, account: Account, step: str) -> None:
        said = {"server": row.id, "name": row.name, "account": account.name, "step": step}
        record(self._site.writer, EventKind.SERVER_STEP, data=said)


def _login(way: dict[str, Any]) -> RescueLogin:
    return RescueLogin(
        address=way["address"], user=way["user"], host_keys=tuple(way.get("host_keys", ()))
    )


def query_of(found: look.Found) -> str:
    """Return what the machine's iPXE would have asked with."""
    said = {
        "mac": found.mac,
        "macs": ",".join(found.macs),
        "uuid": found.uuid or "",
        "serial": found.serial or "",
        "vendor": found.vendor or "",
        "product": found.product or "",
        "asset": found.asset or "",
        "arch": found.arch,
        "platform": {"bios": "pcbios", "uefi": "efi"}.get(found.firmware, ""),
    }
    return urlencode({name: text for name, text in said.items() if text})
