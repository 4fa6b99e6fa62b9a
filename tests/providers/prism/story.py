"""Everything a client can ask, from the first look at an account to giving the server back."""

from dataclasses import replace

from ktizo.providers.base import (
    Capability,
    Client,
    Imager,
    PowerAction,
    Rescuer,
    Server,
    SshKey,
)
from ktizo.providers.errors import Unsupported
from providers.contract import Case

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SaG6UOoqKLsabgH5C9okWi0dh2l9GKJl operator"


def verbs(client: Client) -> set[str]:
    """Return every verb that asks this provider something: a new one has to be told of below."""
    able = client.declaration.capabilities
    faces: list[type] = [Client]
    faces += [Rescuer] if Capability.NEEDS_SSH_RESCUE in able else []
    faces += [Imager] if Capability.IMAGE_REINSTALL in able else []
    names = {name for face in faces for name in vars(face) if not name.startswith("_")}
    return names - {"close", "declaration"}


async def sleepless(_seconds: float) -> None:
    """Wait for nothing: the double decides what happened in between."""


class Story:
    """Who tells it remembers which verbs were used, and which of them the provider cannot do."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.used: set[str] = set()
        self.unsupported: set[str] = set()

    async def say(self, verb: str, *arguments: object) -> object:
        """Use one verb; what a provider cannot do sends nothing, so there is nothing to judge."""
        self.used.add(verb)
        try:
            return await getattr(self.case.client, verb)(*arguments)
        except Unsupported:
            self.unsupported.add(verb)
            return None

    async def whole(self) -> None:
        """Tell all of it."""
        await self.catalogue()
        await self.used_and_given_back(await self.bought())

    async def catalogue(self) -> None:
        """Ask all that costs nothing."""
        for verb in ("check", "plans", "regions", "ssh_keys"):
            await self.say(verb)

    async def bought(self) -> Server:
        """Order a server with an SSH key and wait until it is delivered."""
        key = await self.say("add_ssh_key", "operator", KEY)
        assert isinstance(key, SshKey)
        wanted = replace(self.case.wanted, ssh_keys=(key.id,))
        await self.say("price_of", wanted)
        ordered = await self.say("create_server", wanted, self.case.region)
        assert isinstance(ordered, Server)
        await self.say("list_servers")
        ready = await self.case.guard().wait_ready(ordered.id, timeout_s=3600)
        await self.say("list_servers")
        await self.say("get_server", ready.id)
        return ready

    async def used_and_given_back(self, server: Server, *, token: str = "") -> None:
        """Switch, install anew and delete it; where a token is mailed, delete it twice."""
        for action in PowerAction:
            await self.say("power", server.id, action)
            self._time_passes()
        await self._installed(server)
        await self.say("get_server", server.id)
        await self.say("boot_from_disk", server.id)
        self._time_passes()
        await self.say("delete_server", server.id)
        if token:
            await self.say("delete_server", server.id, token)
        await self.say("list_servers")

    async def _installed(self, server: Server) -> None:
        """Get Talos onto it in each way that there is; the declaration says which of them are."""
        told = verbs(self.case.client)
        await self.say("reinstall_ipxe", server.id, self.case.wanted.boot_url)
        self._time_passes()
        if "reinstall_image" in told:
            await self.say("reinstall_image", server.id, "")  # the account's own image
            self._time_passes()
        if "enter_rescue" in told:
            key = await self.say("add_ssh_key", "operator", KEY)
            mark = await self.say("enter_rescue", server.id, key)
            self._time_passes()
            await self.say("rescue_login", server.id, mark)

    def _time_passes(self) -> None:
        for _ in range(4):
            self.case.double.deliver()
