"""Both HTTP servers against raw, hostile bytes: no 5xx, no page, and they are well afterwards."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integration.hostile import judge_script
from integration.served import Served

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

HOST = b"Host: ktizo.test:8000\r\n"
CLOSE = b"Connection: close\r\n"


def get(target: bytes, *headers: bytes, method: bytes = b"GET", host: bytes = HOST) -> bytes:
    more = b"".join(header + b"\r\n" for header in headers)
    return method + b" " + target + b" HTTP/1.1\r\n" + host + CLOSE + more + b"\r\n"


BOOT, MENU = b"/boot/boot.ipxe", b"/boot/menu.ipxe?mac=52-54-00-00-00-01"
REQUESTS = {
    "nul in the query": get(b"/boot/menu.ipxe?mac=%00"),
    "raw nul": get(b"/boot/menu.ipxe?mac=\x00"),
    "raw newline": get(b"/boot/menu.ipxe?mac=a\nX-Injected: y"),
    "quoted newline": get(b"/boot/menu.ipxe?mac=52-54-00-00-00-01%0d%0aX-Injected:%20y"),
    "newline in the path": get(b"/boot/boot.ipxe%0d%0aX-Injected:%20y"),
    "setting in the query": get(b"/boot/menu.ipxe?mac=${net0/mac}&uuid=${uuid}"),
    "dots": get(b"/boot/../../../../etc/passwd"),
    "quoted dots": get(b"/boot/%2e%2e/%2e%2e/%2e%2e/etc/passwd"),
    "twice quoted dots": get(b"/boot/assets/debian/%252e%252e%252fktizo.db"),
    "dots in a profile": get(b"/boot/assets/../ktizo.db"),
    "quoted slash": get(b"/boot/assets/debian/..%2f..%2f..%2fktizo.db"),
    "backslash": get(b"/boot/assets/debian/..\\..\\ktizo.db"),
    "absolute file": get(b"/boot/assets/debian//etc/passwd"),
    "loader dots": get(b"/boot/loaders/..%2fdnsmasq%2fdnsmasq.conf"),
    "two slashes": get(b"//boot/boot.ipxe"),
    "absolute form": get(b"http://evil.example/boot/boot.ipxe"),
    "bytes in the path": get(b"/boot/\xff\xfe.ipxe"),
    "quoted bytes in the path": get(b"/boot/%ff%fe.ipxe"),
    "quoted bytes in the query": get(b"/boot/menu.ipxe?mac=%ff%fe&serial=%c3%28"),
    "bad quoting": get(b"/boot/menu.ipxe?mac=%zz%1&%=%"),
    "fragment": get(b"/boot/boot.ipxe#x"),
    "long path": get(b"/boot/" + b"a" * 10_000 + b".ipxe"),
    "long query": get(b"/boot/menu.ipxe?mac=" + b"a" * 10_000),
    "longer query": get(b"/boot/menu.ipxe?mac=" + b"a" * 200_000),
    "long header": get(MENU, b"X: " + b"a" * 100_000),
    "many headers": get(MENU, *[b"X-%d: y" % n for n in range(500)]),
    "no host": get(MENU, host=b""),
    "two hosts": get(BOOT, b"Host: evil.example"),
    "odd host": get(BOOT, host=b"Host: evil\r\n injected: y\r\n"),
    "settings as host": get(BOOT, host=b"Host: ${net0/ip}\r\n"),
    "blank host": get(BOOT, host=b"Host:  \r\n"),
    "bytes as host": get(BOOT, host=b"Host: \xff\xfe\r\n"),
    "lies": get(MENU, b"X-Forwarded-For: 8.8.8.8", b"Forwarded: for=8.8.8.8", b"X-Real-IP: 1"),
    "http/1.0": b"GET " + BOOT + b" HTTP/1.0\r\n\r\n",
    "http/0.9": b"GET " + BOOT + b"\r\n\r\n",
    "http/9.9": b"GET " + BOOT + b" HTTP/9.9\r\n" + HOST + b"\r\n",
    "http/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500,
    "garbage": b"\xff\xfe\x00garbage\r\n\r\n",
    "empty lines": b"\r\n\r\n\r\n\r\n",
    "trace": get(BOOT, method=b"TRACE"),
    "connect": get(b"evil.example:443", method=b"CONNECT"),
    "options": get(b"*", method=b"OPTIONS"),
    "unknown method": get(BOOT, method=b"BREW"),
    "small method": get(BOOT, method=b"get"),
    "long method": get(BOOT, method=b"X" * 5000),
    "post": get(MENU, b"Content-Length: 3", method=b"POST") + b"abc",
    "negative length": get(MENU, b"Content-Length: -1", method=b"POST"),
    "huge length": get(MENU, b"Content-Length: 99999999999999999999", method=b"POST"),
    "two lengths": get(MENU, b"Content-Length: 1", b"Content-Length: 2", method=b"POST") + b"ab",
    "smuggled": get(MENU, b"Content-Length: 4", b"Transfer-Encoding: chunked", method=b"POST")
    + b"0\r\n\r\nGET /api/v1/devices HTTP/1.1\r\n\r\n",
    "bad chunks": get(MENU, b"Transfer-Encoding: chunked", method=b"POST") + b"zz\r\nabc\r\n",
    "websocket": get(
        BOOT,
        b"Upgrade: websocket",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"Sec-WebSocket-Version: 13",
    ),
    "expect": get(MENU, b"Expect: 200-maybe"),
    "odd range": get(b"/boot/assets/debian/linux", b"Range: bytes=" + b"9" * 5000 + b"-"),
    "many ranges": get(b"/boot/assets/debian/linux", b"Range: bytes=" + b"0-0," * 1000),
    "forged ticket": get(b"/boot/configs/1~1~AAAAAAAAAAAAAAAAAAAAAA/preseed.cfg"),
    "api without a token": get(b"/api/v1/devices"),
    "api with dots": get(b"/api/v1/../v1/devices"),
    "api websocket": get(b"/api/v1/events", b"Upgrade: websocket"),
}


@pytest.fixture(params=["granian", "uvicorn"])
async def served(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Served]:
    made = Served(tmp_path, request.param)
    try:
        yield await made.start()
    finally:
        await made.close()


def judge(name: str, answer: bytes) -> None:
    if not answer:
        return  # hung up without a word
    head, _, body = answer.partition(b"\r\n\r\n")
    said = (name, head[:300], body[:300])
    assert head.startswith(b"HTTP/1."), said
    status = int(head.split()[1])
    assert status < 500 or status == 505, said  # 505: of a version nobody speaks
    assert b"\r\nx-injected" not in head.lower(), said
    assert b"<html" not in body.lower(), said
    assert b"root:" not in body, said
    assert b"SQLite format" not in body, said
    kind = head.lower().partition(b"content-type:")[2].split(b"\r\n")[0]
    if status == 200 and b"text/plain" in kind:
        judge_script(body, said)


async def test_hostile_bytes_get_a_refusal_or_the_disk_and_the_server_stays_well(served: Served):
    await served.http.put("/api/v1/boot/profiles/debian/assets/linux", content=b"linux" * 100)
    for name, request in REQUESTS.items():
        judge(name, await served.raw(request))
    assert (await served.http.get("/api/v1/health")).json()["status"] == "ok"
    assert (await served.api("GET", "audit/verify"))["ok"]
    assert "Traceback" not in served.log, served.log[-3000:]
    answer = await served.http.get("/boot/boot.ipxe")
    judge_script(answer.content)


async def test_a_request_that_never_ends_does_not_keep_others_waiting(served: Served):
    slow = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(50)]
    for _, writer in slow:
        writer.write(b"GET /boot/boot.ipxe HTTP/1.1\r\nX: ")
    answer = await asyncio.wait_for(served.http.get("/boot/boot.ipxe"), 5)
    assert answer.status_code == 200
    for _, writer in slow:
        writer.transport.abort()
