"""Boot paths of rented servers: what a question costs there, beside the same one on the LAN.

One Ktizo, one connection, three kinds of question in turn: a LAN machine's, a rented server's under
its own path, and a stranger's who guesses paths. All but the last end in the same script.
"""

import asyncio
import http.client
import time
from pathlib import Path

from bench import servers
from bench.process import Server
from bench.stats import Series, ratio
from bench.table import heading, rows
from bench.wire import HOST, WrongAnswer
from ktizo.core.clock import utc_now
from ktizo.core.db import Database
from ktizo.core.seal import Sealer, load_or_make_keys
from ktizo.core.settings import Settings
from ktizo.devices.register import register
from ktizo.providers import store
from ktizo.providers.doors import Doors
from ktizo.providers.stages import Stage
from ktizo.providers.store import Account, Rented

QUESTIONS = 3_000
TAG = "ktizo-bench"
LAN, AWAY = "52:54:00:00:00:01", "52:54:00:00:00:02"
KINDS = ("on the LAN", "under its path", "a guess")


def run(folder: Path, rounds: int, http_server: str) -> None:
    """Print questions a second and CPU of each, beside the LAN's."""
    heading(f"Boot paths of rented servers: {QUESTIONS:,} questions a round, {rounds} rounds")
    folder.mkdir()
    data = folder / "data"
    base = asyncio.run(seed(data))
    ask = f"/boot/menu.ipxe?mac={{mac}}&uuid={'4c4c4544-0000-1000-8000-000000000001'}"
    paths = {
        "on the LAN": ask.format(mac=LAN),
        "under its path": base + ask.format(mac=AWAY),
        "a guess": f"/boot/at/{TAG}~1~AAAAAAAAAAAAAAAAAAAAAA{ask.format(mac=AWAY)}",
    }
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    server = servers.ktizo(
        folder, data, KTIZO_SERVER=http_server, KTIZO_MACHINE_RATE_LIMIT="100000000/minute"
    )
    try:
        for number in range(rounds):
            for kind in KINDS if number % 2 == 0 else reversed(KINDS):
                server.wait_quiet()
                found[kind].append(_round(server, paths[kind], 404 if kind == "a guess" else 200))
    finally:
        server.stop()
    lan = Series.of([cpu for _, cpu in found["on the LAN"]])
    body = []
    for kind in KINDS:
        rate, cpu = (Series.of([one[at] for one in found[kind]]) for at in (0, 1))
        body.append((kind, rate, cpu, ratio(cpu, lan)))
    rows(("questions/s", "CPU us each", "CPU / LAN's"), body)


async def seed(data: Path) -> str:
    """Make an appliance with one machine on the LAN and one rented; returns the latter's path."""
    settings = Settings(data_dir=data, compiled_dir=data.parent / "compiled")
    database = Database(settings)
    try:
        await database.migrate()
        now = utc_now()
        account = Account(
            name="bench", provider="latitude", settings="", max_setup="0", currency="USD",
            created_at=now, updated_at=now,
        )  # fmt: skip
        async with database.write() as session:
            await store.save_account(session, account)
            row = Rented(
                account_id=account.id, name="bench", tag=TAG, stage=Stage.DELIVERED, plan="bench",
                door=1, status="ready", ordered_by="bench", created_at=now, updated_at=now,
                settled=True, asked_at=now, vendor_id="bench",
            )  # fmt: skip
            await store.add_server(session, row)
            for mac, door in ((LAN, None), (AWAY, row.id)):
                device = await register(session, [mac], now)
                device.door, device.state = door, "rejected"  # the same script for both
        key = Sealer(load_or_make_keys(data)).subkey("doors")
        return Doors(key, None).base(TAG, 1)
    finally:
        await database.close()


def _round(server: Server, path: str, expected: int) -> tuple[float, float]:
    """Ask one question again and again; returns questions a second and microseconds of CPU."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        before, began = server.cpu_s(), time.perf_counter()
        for _ in range(QUESTIONS):
            connection.request("GET", path, headers={"Host": HOST})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != expected or (expected == 200 and b"#!ipxe" not in body):
                raise WrongAnswer(f"{path[:60]}: {answer.status} {body[:200]!r}")
        took_s = time.perf_counter() - began
        return QUESTIONS / took_s, (server.cpu_s() - before) * 1e6 / QUESTIONS
    finally:
        connection.close()
