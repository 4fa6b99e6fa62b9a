"""One Prism over one specification, on a port of this machine, and what it says to a request."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from .declared import operation, undeclared
from .specs import Document, Spec

HERE = Path(__file__).parent
PRISM = HERE / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
UP = re.compile(r"Prism is listening on (http://127\.0\.0\.1:\d+)")
NO_SERVER = "the specification has no server"
START_S, ANSWER_S = 120.0, 60.0
PROBLEM = "https://stoplight.io/prism/errors#"
# Prism's own trouble with making up an answer, after the request was found right.
ITS_OWN = frozenset({"VIOLATIONS", "NO_RESPONSE_RESPONSE_DEFINED", "SCHEMA_TOO_COMPLEX"})
# Of the connection to Prism, not of the vendor's API.
HOP = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding"})


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a request is not one the vendor knows. `operation`: "POST /servers/{server_id}"."""

    operation: str
    says: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was asked, and everything that is wrong with it."""

    operation: str
    complaints: tuple[Complaint, ...]


class Judge:
    """Prism at `url`, with the specification it reads."""

    def __init__(self, url: str, document: Document) -> None:
        self._url, self._document = url, document
        self._http = httpx.AsyncClient(trust_env=False, timeout=ANSWER_S)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def verdict(self, request: httpx.Request) -> Verdict:
        """Judge one request, whose body was read."""
        target = self._target(str(request.url))
        if target is None:
            name = f"{request.method} {request.url.path}"
            return Verdict(name, (Complaint(name, f"{NO_SERVER} {request.url.host}"),))
        path = target.partition("?")[0]
        found = operation(self._document, request.method, path)
        says = await self._prism(request, target)
        if found is not None:
            says += undeclared(
                self._document,
                found[1],
                list(request.url.params),
                request.headers.get("content-type", ""),
                _body(request),
            )
        name = f"{request.method} {found[0] if found else path}"
        return Verdict(name, tuple(Complaint(name, one) for one in dict.fromkeys(says)))

    def _target(self, url: str) -> str | None:
        """Return what is asked of one of the vendor's servers; None when it is none of them."""
        servers = (one["url"].rstrip("/") for one in self._document["servers"])
        found = next((one for one in servers if url.startswith(f"{one}/")), None)
        return None if found is None else url.removeprefix(found)

    async def _prism(self, request: httpx.Request, target: str) -> list[str]:
        headers = [(k, v) for k, v in request.headers.multi_items() if k.lower() not in HOP]
        try:
            answer = await self._http.request(
                request.method, self._url + target, content=request.content, headers=headers
            )
        except httpx.TransportError as error:  # which a client would take for its vendor's
            raise AssertionError(f"Prism is not there any more: {error!r}") from error
        return refusals(answer)


def _body(request: httpx.Request) -> Any:
    is_json = "json" in request.headers.get("content-type", "")
    return json.loads(request.content) if is_json else request.content.decode() or None


def refusals(answer: httpx.Response) -> list[str]:
    """Return what Prism has against a request; nothing where it only fails to answer it."""
    told = answer.headers.get("sl-violations", "[]")
    if not told.startswith("["):  # "Too many violations!", cut off
        return [told]
    says = [_words(one) for one in json.loads(told) if _of_request(one)]
    if answer.status_code < 400:
        return says
    problem = _problem(answer)
    kind = str(problem.get("type", "")).removeprefix(PROBLEM)
    if says or kind in ITS_OWN:
        return says
    details = [_words(one) for one in problem.get("validation", ()) if _of_request(one)]
    return details or [f"{answer.status_code} {kind} {problem.get('title', answer.text[:200])}"]


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _of_request(violation: Mapping[str, Any]) -> bool:
    where = violation.get("location") or [""]
    return bool(where[0] != "response" and violation.get("severity", "Error") == "Error")


def _words(violation: Mapping[str, Any]) -> str:
    where = ".".join(str(one) for one in violation.get("location", ()))
    return f"{where}: {violation.get('message', '')}"


@contextmanager
def prism(spec: Spec, folder: Path) -> Iterator[tuple[str, Document]]:
    """Run Prism over a specification; yields its URL, and ends it by its own number."""
    node = shutil.which("node")
    if node is None or not PRISM.is_file():
        pytest.skip("Prism is not installed: scripts/prism.sh says why (Node.js, npm registry)")
    path, document = spec.opened(folder)
    log = folder / "prism.log"
    command = [node, "--require", str(HERE / "leash.cjs"), str(PRISM), "mock", "--errors"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "-h", "127.0.0.1", "-p", "0", str(path)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _listening(process, log), document
    finally:
        process.kill()  # it is slow to end when asked to
        process.communicate()


def _listening(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        if found := UP.search(log.read_text()):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"Prism does not start: {log.read_text()[-2000:]}")
