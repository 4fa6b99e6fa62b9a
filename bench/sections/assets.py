"""Large files: how fast, at what cost, and whether HEAD, Range and 304 are right."""

import hashlib
from collections.abc import Callable, Mapping

from bench import servers
from bench.fleet import BIG, BIG_BYTES, PROFILE
from bench.pair import Measured, Pair, cpu_s
from bench.process import Server
from bench.table import at_least, heading, rows
from bench.wire import Crowd, Fetch, WrongAnswer, insist

PATH = f"/boot/assets/{PROFILE}/{BIG}"
CLIENTS = ((1, 10, 3), (50, 1, 5))  # at once, how often one after the other, rounds at most
GB = 1e9

Check = Callable[[Server, bytes], bool]


def run(pair: Pair) -> None:
    """Check the answers of both servers first, then let clients throw the bytes away."""
    _check(pair)
    for clients, times, rounds in CLIENTS:
        heading(
            f"Assets: {BIG_BYTES // 1_000_000} MB to {clients} client(s) at once, {times}"
            f" time(s), {min(rounds, pair.rounds)} rounds"
        )
        found = Measured()
        for _, server in pair.interleaved(rounds):
            _download(server, clients, times, found)
        found.show("GB/s", "CPU, s per GB")
        if clients > 1:
            speed = found.ratio("GB/s")
            pair.aims.append(at_least(f"assets, {clients} clients, share of nginx", 0.8, speed))


def _download(server: Server, clients: int, times: int, found: Measured) -> None:
    seconds: list[float] = []

    def work() -> None:
        for _ in range(times):
            fetches = [Fetch(PATH, server.port, keep=False) for _ in range(clients)]
            seconds.append(Crowd().run(fetches))
            insist(fetches)

    used_s = cpu_s(server, work)
    amount = clients * times * BIG_BYTES / GB
    found.add(server, "GB/s", amount / sum(seconds))
    found.add(server, "CPU, s per GB", used_s / amount)


def _check(pair: Pair) -> None:
    heading("Assets: are the answers right?")
    whole = servers.fetch(pair.nginx.port, PATH)[2]
    body = [
        (what, *("yes" if right(server, whole) else "NO" for server in (pair.ktizo, pair.nginx)))
        for what, right in CHECKS.items()
    ]
    rows(("ktizo", "nginx"), body)
    wrong = [row[0] for row in body if row[1] == "NO"]
    if wrong:
        raise WrongAnswer(f"ktizo: {', '.join(wrong)}")


def _ask(
    server: Server, method: str = "GET", **headers: str
) -> tuple[int, Mapping[str, str], bytes]:
    return servers.fetch(server.port, PATH, method, **headers)


def _whole(server: Server, whole: bytes) -> bool:
    status, _, body = _ask(server)
    same = hashlib.sha256(body).digest() == hashlib.sha256(whole).digest()
    return status == 200 and len(body) == BIG_BYTES and same


def _head(server: Server, whole: bytes) -> bool:
    status, headers, body = _ask(server, "HEAD")
    return status == 200 and headers.get("content-length") == str(len(whole)) and not body


def _range(asked: str, part: slice) -> Check:
    def right(server: Server, whole: bytes) -> bool:
        status, headers, body = _ask(server, Range=f"bytes={asked}")
        wanted = whole[part]
        start, end, _ = part.indices(len(whole))
        said = headers.get("content-range") == f"bytes {start}-{end - 1}/{len(whole)}"
        return status == 206 and said and body == wanted

    return right


def _beyond(server: Server, whole: bytes) -> bool:
    return _ask(server, Range=f"bytes={len(whole)}-")[0] == 416


def _unchanged(server: Server, whole: bytes) -> bool:  # noqa: ARG001 - one shape for all checks
    tag = _ask(server, "HEAD")[1].get("etag", "")
    status, _, body = _ask(server, **{"If-None-Match": tag})
    return bool(tag) and status == 304 and not body


def _changed(server: Server, whole: bytes) -> bool:
    status, _, body = _ask(server, **{"If-None-Match": '"another"'})
    return status == 200 and len(body) == len(whole)


CHECKS: dict[str, Check] = {
    "the whole file, byte for byte": _whole,
    "HEAD has its length and no body": _head,
    "Range: the first 100 bytes": _range("0-99", slice(0, 100)),
    "Range: from the middle, 1 MB": _range("50000000-50999999", slice(50_000_000, 51_000_000)),
    "Range: from there to the end": _range("99999000-", slice(99_999_000, None)),
    "Range: the last 500 bytes": _range("-500", slice(-500, None)),
    "Range beyond the end: 416": _beyond,
    "If-None-Match with its tag: 304": _unchanged,
    "If-None-Match with another: 200": _changed,
}
