"""One client of OVHcloud and the double it talks to."""

import httpx

from ktizo.providers.base import Server
from ktizo.providers.ovh import make
from ktizo.providers.ovh.client import OvhClient
from ktizo.providers.ovh.declaration import OvhSettings

from . import cases_ovh
from .double_ovh import OvhDouble

WANTED = cases_ovh.WANTED


class Lab:
    """One client and the OVHcloud it talks to."""

    def __init__(self, settings: OvhSettings | None = None) -> None:
        self.double = OvhDouble()
        self.slept: list[float] = []
        self.client = self.another(settings or cases_ovh.signed())

    def another(self, settings: OvhSettings) -> OvhClient:
        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)

        return make(settings, self.double.transport, sleep)

    def sent(self, method: str, path: str = "") -> list[httpx.Request]:
        return [
            one
            for one in self.double.requests
            if one.method == method and one.url.path.endswith(path)
        ]

    async def delivered(self) -> Server:
        ordered = await self.client.create_server(WANTED, "gra")
        self.double.deliver()
        self.double.deliver()
        return await self.client.get_server(ordered.id)

    def instead(self, path: str, response: httpx.Response) -> None:
        """Answer one path with something else."""
        original = self.double.answer

        def answer(request: httpx.Request) -> httpx.Response:
            return response if request.url.path.endswith(path) else original(request)

        self.double.answer = answer  # type: ignore[method-assign]
