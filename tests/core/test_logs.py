import json
import logging
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from ktizo.core.logs import RequestId, configure, request_id
from ktizo.core.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers, root.level
    yield
    root.handlers, root.level = before


@pytest.fixture
async def client() -> httpx.AsyncClient:
    app = FastAPI()
    app.add_middleware(RequestId)

    @app.get("/id")
    async def tell() -> str:
        logging.getLogger("ktizo.test").info("asked by %s", "somebody")
        return request_id()

    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://ktizo.test")


async def test_every_request_gets_an_id_that_the_log_and_the_answer_share(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str], logging_restored: None
) -> None:
    configure(Settings(log_format="json"))
    answer = await client.get("/id")
    mark = answer.headers["x-request-id"]
    assert answer.json() == mark
    assert len(mark) == 16
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (line["event"], line["request_id"]) == ("asked by somebody", mark)
    assert (line["level"], line["logger"]) == ("info", "ktizo.test")
    assert (await client.get("/id")).headers["x-request-id"] != mark
    assert request_id() == "-"


async def test_an_id_a_proxy_gave_is_kept(client: httpx.AsyncClient) -> None:
    answer = await client.get("/id", headers={"X-Request-Id": "proxy-0123456789"})
    assert answer.headers["x-request-id"] == answer.json() == "proxy-0123456789"


@pytest.mark.parametrize(
    "given", ["short", "x" * 65, "with space in it", "line\\nbreak-here", "<script>alert", "é" * 9]
)
async def test_an_id_that_could_forge_a_log_line_is_replaced(
    client: httpx.AsyncClient, given: str
) -> None:
    answer = await client.get("/id", headers={b"X-Request-Id": given.encode()})
    assert answer.headers["x-request-id"] == answer.json() != given
    assert len(answer.json()) == 16


def test_the_level_is_the_one_that_was_set(
    capsys: pytest.CaptureFixture[str], logging_restored: None
) -> None:
    configure(Settings(log_level="warning"))
    logging.getLogger("ktizo.test").info("quiet")
    logging.getLogger("ktizo.test").warning("loud")
    assert "quiet" not in (said := capsys.readouterr().err)
    assert "loud" in said
