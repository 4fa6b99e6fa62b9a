"""What somebody would send who does not mean well, and how every answer to it is judged."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_from_bytes

from hypothesis import strategies as st

from integration import ipxe
from ktizo.boot import render

FIELDS = (
    *("mac", "macs", "uuid", "serial", "serial_hex", "vendor", "vendor_hex", "product"),
    *("product_hex", "asset", "asset_hex", "arch", "platform", "ip", "choice", "boot", "MAC", ""),
)
WORDS = (
    *("", " ", "\0", "\n", "\r\n", "\t", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u202e", "\ufeff"),
    *("${net0/ip}", "${netX/mac:hexhyp}", "${", "}", "$", "#", "\\", "a\\\n", "||", "&&", ";"),
    "x || kernel http://evil.example/k",
    "\nkernel http://evil.example/k\nboot",
    "\n#!ipxe\nchain http://evil.example/",
    "#!ipxe\nboot",
    "{{ 7 * 7 }}",
    "{% include '/etc/passwd' %}",
    "' OR 1=1 --",
    "%s%s%n",
    "<script>alert(1)</script>",
    *("..", "../", "../../../../etc/passwd", "..\\..\\windows", "%2e%2e%2f", "%252e%252e%252f"),
    *("/etc/passwd", "//etc/passwd", "file:///etc/passwd", "C:\\x", "~", ".", "-", "--help"),
    *("None", "null", "NaN", "-1", "0", "1e999", "9" * 400, "0x10", "true", "[]", "{}"),
    *("52:54:00:00:00:01", "52-54-00-00-00-02", "525400000003", "5254.0000.0004"),
    *("52:54:00:00:00", "52:54-00:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "５２"),
    "5f3c1d2e-0000-4000-8000-00000000000b",
    "5f3c1d2e000040008000-00000000000b",
    "{5f3c1d2e-0000-4000-8000-00000000000b}",
    "urn:uuid:5f3c1d2e-0000-4000-8000-00000000000b",
    *("debian", "menu", "wait", "local-disk", "boot", "Debian", "efi", "pcbios", "x86_64"),
    *("5", "zz", "5g", "ff", "00" * 40, "c3", "c328", "eda080", "f09f9880", "0a0d00"),
    *("é", "😀", "İ", "ß" * 200, "a" * 10_000, "=" * 100, "&" * 30, "%" * 30, ","),
)
words = st.sampled_from(WORDS) | st.text(max_size=40) | st.binary(max_size=40).map(bytes.hex)


def _plain(word: str) -> bytes:
    return word.encode("utf-8", "replace")


def _quoted(word: str) -> bytes:
    return quote(_plain(word), safe="").encode()


def _everything_quoted(word: str) -> bytes:
    return "".join(f"%{byte:02x}" for byte in _plain(word)).encode()


def _quoted_twice(word: str) -> bytes:
    return quote_from_bytes(_quoted(word), safe="").encode()


_ways = st.sampled_from([_plain, _quoted, _everything_quoted, _quoted_twice])
values = st.builds(lambda way, word: way(word), _ways, words) | st.binary(max_size=60)
pairs = st.tuples(st.sampled_from(FIELDS).map(str.encode) | st.binary(max_size=8), values)
queries = st.builds(
    lambda first, rest, glue: glue.join([*first, *(name + b"=" + value for name, value in rest)]),
    st.sampled_from([[], [b"mac=52-54-00-00-00-01"], [b"mac=52:54:00:00:00:05"]]),
    st.lists(pairs, max_size=6),
    st.sampled_from([b"&", b"&", b"&", b";", b"&&", b"?"]),
) | st.binary(max_size=200)
segments = st.sampled_from(
    ["assets", "configs", "done", "loaders", "boot.ipxe", "menu.ipxe", "debian.ipxe", "debian",
     "linux", "initrd.gz", "preseed.cfg", "1~1~AAAAAAAAAAAAAAAAAAAAAA", "ipxe.efi", "autoexec.ipxe",
     ".ipxe", "ktizo.db", "cli.token"]
) | words  # fmt: skip
paths = st.lists(segments, max_size=5).map(lambda parts: "/boot/" + "/".join(parts))
header_values = st.builds(_plain, words) | st.binary(max_size=60)
headers = st.lists(
    st.tuples(
        st.sampled_from(
            [b"host", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded",
             b"range", b"if-range", b"if-none-match", b"if-modified-since", b"content-length",
             b"content-type", b"transfer-encoding", b"expect", b"accept-encoding", b"cookie",
             b"x-request-id", b"authorization", b"user-agent", b"x-http-method-override"]
        ),
        header_values
        | st.sampled_from(
            [b"bytes=0-0", b"bytes=-1", b"bytes=5-2", b"bytes=0-", b"bytes=-0", b"bytes=999999-",
             b"bytes=" + b"9" * 5000 + b"-", b"bytes=0-0,2-3," * 50, b"bytes=a-b", b"lines=0-1",
             b'"x"', b"*", b"W/*", b"gzip", b"x" * 60_000, b"127.0.0.1, 10.0.0.1", b"::1",
             b"fe80::1%eth0", b"fe80::1%" + b"x" * 200, b"evil.example:80", b"[::1]", b"a b",
             b"evil.example\r\nx: y"]
        ),
    ),
    max_size=5,
)  # fmt: skip
methods = st.sampled_from(
    ["GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT",
     "get", "PROPFIND", "", "G\x00T", "X" * 300]
)  # fmt: skip

REFUSAL = re.compile(rb"[a-z][a-z_]{2,40}: [^\n]+\n")
REFUSED = {400, 403, 404, 405, 406, 413, 414, 416, 429, 431}


@dataclass(frozen=True)
class Reply:
    """One answer, as bytes."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


async def ask(
    app: Any,
    path: str,
    query: bytes = b"",
    *,
    method: str = "GET",
    headers: list[tuple[bytes, bytes]] | None = None,
    address: str = "10.0.0.66",
) -> Reply:
    """Send one request straight to the app; the path as a server has decoded it."""
    sent: list[dict[str, Any]] = []
    body = [{"type": "http.request", "body": b"x" * 100, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if body:
            return body.pop()
        return await asyncio.get_running_loop().create_future()  # it waits for its answer

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    given = headers if headers is not None else [(b"host", b"ktizo.test:8000")]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("utf-8", "replace"),
        "root_path": "",
        "query_string": query,
        "headers": given,
        "client": (address, 40_000),
        "server": ("192.0.2.1", 8000),
        "extensions": {},
    }
    await app(scope, receive, send)
    start = sent[0]
    whole = b"".join(message.get("body", b"") for message in sent[1:])
    return Reply(start["status"], dict(start["headers"]), whole)


def judge(reply: Reply, path: str, method: str = "GET") -> None:
    """A script that boots from disk (or asks who is there), a file, or a 4xx with a code."""
    said = (path, method, reply.status, reply.body[:300])
    assert reply.status < 500, said
    assert b"<html" not in reply.body.lower(), said
    assert b"<!doctype" not in reply.body.lower(), said
    kind = reply.headers.get(b"content-type", b"")
    if reply.status == 200 and kind.startswith(b"text/plain"):
        if method != "HEAD":
            judge_script(reply.body, said)
    elif reply.status in {200, 206, 304}:
        assert path.startswith(("/boot/assets/", "/boot/loaders/")), said
    else:
        assert reply.status in REFUSED, said
        assert kind.startswith(b"text/plain"), said
        # A Range that cannot be read or met is refused by Starlette, in words without a code.
        if method != "HEAD" and path.startswith("/boot/") and reply.status not in {400, 416}:
            assert REFUSAL.fullmatch(reply.body), said


def judge_script(body: bytes, said: object = "") -> None:
    """No kernel, no line that is not ours, and the last word is the disk."""
    assert body != render.LAST_RESORT, f"a fault of our own: {said}"
    script = body.decode("ascii")
    assert not ipxe.loads_a_kernel(script), said
    assert ipxe.ends_on_disk(script), said
    assert "evil.example/" not in script, said
    shown = ipxe.read_disk(script)
    if shown is None:
        read = [words[0] for words in ipxe.commands(script)]
        assert read == WHO_ARE_YOU, said


WHO_ARE_YOU = [
    words[0] for words in ipxe.commands(render.script(render.BootScript("http://10.0.0.2")))
]
