"""Asking other servers: patient where that is safe, never twice where it is not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from http import HTTPMethod
from typing import Any

import httpx
import pytest

from ktizo.core import http as core_http
from ktizo.core.errors import KtizoError
from ktizo.core.http import Http
from ktizo.core.upstream import (
    UpstreamAway,
    UpstreamBroken,
    UpstreamHasNot,
    UpstreamRefused,
    UpstreamRejected,
)

pytestmark = pytest.mark.anyio
GET, POST = HTTPMethod.GET, HTTPMethod.POST
URL = "https://factory.test/versions"
Handler = Callable[[httpx.Request], Any]


class Server:
    """Answers in order; the last answer again and again. An exception is raised instead."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.naps: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def nap(self, seconds: float) -> None:
        self.naps.append(seconds)

    @property
    def http(self) -> Http:
        return Http(transport=httpx.MockTransport(self), sleep=self.nap)


def status(code: int, text: str = "", **headers: str) -> httpx.Response:
    return httpx.Response(code, text=text, headers=headers)


async def test_an_answer_is_read_to_its_end():
    server = Server(httpx.Response(200, json=["v1.12.11"], headers={"X-Request-ID": "7"}))
    answer = await server.http.ask(GET, URL)
    assert (answer.status, answer.json(), answer.host) == (200, ["v1.12.11"], "factory.test")
    assert answer.headers["x-request-id"] == "7"
    assert server.asked[0].headers["user-agent"].startswith("ktizo/")
    assert server.naps == []


@pytest.mark.parametrize("code", [429, 502, 503, 504])
async def test_a_question_is_asked_again_while_the_other_side_is_busy(code: int):
    server = Server(status(code), status(code), status(200, "[]"))
    assert (await server.http.ask(GET, URL)).text == "[]"
    assert len(server.asked) == 3
    assert len(server.naps) == 2
    assert 0 < server.naps[0] < server.naps[1] <= 11


@pytest.mark.parametrize(
    "error",
    [httpx.ConnectError("refused"), httpx.ReadTimeout(""), httpx.RemoteProtocolError("cut")],
)
async def test_a_question_is_asked_again_when_the_connection_fails(error: Exception):
    server = Server(error, status(200, "[]"))
    assert (await server.http.ask(GET, URL)).text == "[]"


async def test_patience_has_an_end_and_the_message_says_what_was_wrong():
    server = Server(httpx.ConnectError("Name or service not known"))
    with pytest.raises(UpstreamAway) as caught:
        await server.http.ask(GET, URL)
    assert caught.value.message == "factory.test does not answer: Name or service not known"
    assert caught.value.status == 503
    assert len(server.asked) == core_http.TRIES
    server = Server(httpx.ReadTimeout(""))
    with pytest.raises(UpstreamAway, match=r"factory\.test does not answer: ReadTimeout"):
        await server.http.ask(GET, URL)


@pytest.mark.parametrize(("given", "waited"), [("7", 7.0), ("100000", 60.0), ("soon", None)])
async def test_the_wait_is_what_the_other_side_asks_for(given: str, waited: float | None):
    server = Server(status(429, **{"Retry-After": given}), status(200, "[]"))
    await server.http.ask(GET, URL)
    assert server.naps[0] == waited if waited else server.naps[0] < 2


@pytest.mark.parametrize("failure", [status(503), httpx.ReadTimeout("")])
async def test_what_changes_something_is_never_sent_twice(failure: Any):
    server = Server(failure, status(201, "{}"))
    with pytest.raises(UpstreamAway):
        await server.http.ask(POST, URL, content=b"customization: {}\n")
    assert len(server.asked) == 1
    assert server.naps == []


@pytest.mark.parametrize(
    ("code", "error", "ours"),
    [
        (400, UpstreamRejected, 422),
        (401, UpstreamRefused, 502),
        (402, UpstreamRefused, 502),
        (403, UpstreamRefused, 502),
        (404, UpstreamHasNot, 404),
        (410, UpstreamHasNot, 404),
        (413, UpstreamRejected, 422),
        (500, UpstreamBroken, 502),
        (599, UpstreamBroken, 502),
    ],
)
async def test_every_refusal_is_sorted_by_what_can_be_done(
    code: int, error: type[KtizoError], ours: int
):
    server = Server(status(code, "field x \x1b[31mnot\nfound\n"))
    with pytest.raises(error) as caught:
        await server.http.ask(GET, URL)
    assert caught.value.status == ours
    assert caught.value.detail == {"status": code}
    assert f"factory.test answered {code}: field x  [31mnot found" in caught.value.message
    assert len(server.asked) == 1


async def test_what_is_not_json_is_named():
    answer = await Server(status(200, "<html>Log in to the hotel</html>")).http.ask(GET, URL)
    with pytest.raises(UpstreamBroken, match="does not answer with JSON but '<html>"):
        answer.json()
    deep = await Server(status(200, "[" * 200_000)).http.ask(GET, URL)
    with pytest.raises(UpstreamBroken):
        deep.json()


async def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(core_http, "BODY_BYTES", 1000)
    assert len((await Server(status(200, "x" * 1000)).http.ask(GET, URL)).body) == 1000
    for code in (200, 500):
        with pytest.raises(UpstreamBroken, match="more than 1000 bytes"):
            await Server(status(code, "x" * 1001)).http.ask(GET, URL)


async def test_a_server_that_says_nothing_is_given_up_in_time():
    async def silent(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    http = Http(transport=httpx.MockTransport(silent))
    with pytest.raises(UpstreamAway, match="took longer than"):
        await http.ask(GET, URL, total_s=0.01)


async def test_a_token_goes_to_nobody_else():
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "factory.test":
            return httpx.Response(302, headers={"Location": "https://store.test/k?signature=s"})
        said = request.headers.get("authorization", "none")
        return httpx.Response(200, stream=Pieces(said.encode()))

    http = Http(transport=httpx.MockTransport(answer))
    headers = {"Authorization": "Bearer secret"}
    assert (await http.ask(GET, URL, headers=headers)).text == "none"
    async with http.stream(URL, headers=headers) as stream:
        assert [chunk async for chunk in stream.chunks()] == [b"none"]


@pytest.mark.parametrize("target", ["http://store.test/k", "ftp://store.test/k"])
async def test_nobody_leads_us_from_an_encrypted_connection_to_an_open_one(target: str):
    server = Server(httpx.Response(302, headers={"Location": target}))
    with pytest.raises(UpstreamBroken, match=r"store\.test without encryption; not followed"):
        await server.http.ask(GET, URL)
    assert len(server.asked) == 1


async def test_nobody_leads_us_round_in_circles():
    server = Server(httpx.Response(302, headers={"Location": URL}))
    with pytest.raises(UpstreamBroken, match="sends us on to nowhere"):
        await server.http.ask(GET, URL)
    assert len(server.asked) == core_http.REDIRECTS + 1


async def test_what_changes_something_is_not_sent_on_elsewhere():
    server = Server(httpx.Response(308, headers={"Location": "https://other.test/x?token=t"}))
    with pytest.raises(UpstreamBroken) as caught:
        await server.http.ask(POST, URL, content=b"x")
    assert caught.value.message.endswith("sends us on to https://other.test/x; set that address")
    assert len(server.asked) == 1


@pytest.mark.parametrize("url", ["http://[::1", "http://a:x/", "nowhere", "ftp://a/"])
async def test_an_address_that_is_none_is_said_so(url: str):
    server = Server(status(200))
    with pytest.raises(UpstreamBroken, match="is not an address"):
        await server.http.ask(GET, url)


async def test_no_message_holds_a_login_or_query():
    server = Server(httpx.ConnectError("refused"))
    with pytest.raises(UpstreamAway) as caught:
        await server.http.ask(GET, "https://me:secret@factory.test/x?token=secret")
    assert "secret" not in caught.value.message
    assert "factory.test" in caught.value.message


class Pieces(httpx.AsyncByteStream):
    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = pieces
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def aclose(self) -> None:
        self.closed = True


async def read(http: Http, into: list[bytes]) -> None:
    async with http.stream(URL) as stream:
        async for chunk in stream.chunks():
            into.append(chunk)


async def test_a_stream_begins_again_but_never_goes_on_by_itself():
    pieces = Pieces(b"a" * 10, httpx.ReadError("reset"))
    server = Server(status(503), httpx.Response(200, stream=pieces))
    came: list[bytes] = []
    with pytest.raises(UpstreamAway, match="does not answer: reset"):
        await read(server.http, came)
    assert came == [b"a" * 10]
    assert len(server.asked) == 2
    assert pieces.closed


async def test_a_stream_of_which_only_the_beginning_is_wanted_is_let_go():
    pieces = Pieces(b"a" * 10, b"b")
    async with Server(httpx.Response(206, stream=pieces)).http.stream(URL) as stream:
        assert stream.status == 206
    assert pieces.closed


async def test_a_compressed_stream_is_refused():
    packed = httpx.Response(200, stream=Pieces(b"x"), headers={"Content-Encoding": "gzip"})
    server = Server(packed)
    with pytest.raises(UpstreamBroken, match="sends the file compressed"):
        await read(server.http, [])
    assert server.asked[0].headers["accept-encoding"] == "identity"


async def test_a_closed_client_opens_again():
    server = Server(status(200, "[]"))
    http = server.http
    await http.close()
    await http.ask(GET, URL)
    await http.close()
    assert (await http.ask(GET, URL)).text == "[]"
