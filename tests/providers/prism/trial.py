"""One client before its judge: each request is judged first, and answered by our double then."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import httpx

from .judge import Complaint, Judge


@dataclass(frozen=True, slots=True)
class Beyond:
    """What a specification cannot know. `asked`: a pattern of "POST /order/cart/*".

    `says`: a part of the complaint; nothing else of such a request is excused.
    """

    asked: str
    says: str
    why: str

    def excuses(self, complaint: Complaint) -> bool:
        return self.says in complaint.says and fnmatchcase(complaint.operation, self.asked)


class Trial(httpx.AsyncBaseTransport):
    """A transport that keeps what it heard. `known`: operations that were right as they are."""

    def __init__(
        self, judge: Judge, answers: httpx.AsyncBaseTransport, beyond: Sequence[Beyond] = ()
    ) -> None:
        self._judge, self._answers, self._beyond = judge, answers, beyond
        self.heard: Counter[str] = Counter()
        self.known: set[str] = set()
        self.wrong: list[Complaint] = []
        self.used: set[Beyond] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        verdict = await self._judge.verdict(request)
        self.heard[verdict.operation] += 1
        if not verdict.complaints:
            self.known.add(verdict.operation)
        for complaint in verdict.complaints:
            excuses = {one for one in self._beyond if one.excuses(complaint)}
            self.used |= excuses
            if not excuses:
                self.wrong.append(complaint)
        return await self._answers.handle_async_request(request)

    @property
    def stale(self) -> list[Beyond]:
        """Return what is excused and was never asked."""
        return [one for one in self._beyond if one not in self.used]


async def objections(
    judge: Judge, method: str, url: str, headers: Mapping[str, str], body: object = None
) -> str:
    """Return all that a judge has against one request, "" when it is right."""
    request = httpx.Request(method, url, headers=headers, json=body)
    return "; ".join(one.says for one in (await judge.verdict(request)).complaints)
