"""`ktizo images …`, against the room's own API in memory."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from images.factory_double import LINE, VANILLA, VERSION, FactoryDouble, sha256
from ktizo.cli import images
from ktizo.images.resume import Images

pytestmark = pytest.mark.anyio
Run = Callable[..., Any]


@pytest.fixture
async def run(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in a thread; its requests are answered by the app in this loop."""
    loop = asyncio.get_running_loop()
    monkeypatch.setenv("KTIZO_TOKEN", "ktizo_x")

    def request(method: str, url: str, *, json: Any, timeout: Any, **more: Any) -> httpx.Response:
        more = {key: value for key, value in more.items() if value is not None}
        path = httpx.URL(url).path
        if json is not None:
            more["json"] = json
        return asyncio.run_coroutine_threadsafe(api.request(method, path, **more), loop).result(30)

    monkeypatch.setattr(httpx, "request", request)

    async def invoke(*arguments: str, **more: Any) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, images.app, list(arguments), **more)

    return invoke


async def told(run: Run, *arguments: str, **more: Any) -> Any:
    done = await run(*arguments, **more)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


async def test_versions_and_extensions_are_listed(run: Run):
    assert (await told(run, "versions"))["items"] == ["v1.11.6", VERSION, "v1.13.9"]
    assert (await told(run, "extensions", VERSION))["items"][0]["name"] == "siderolabs/drbd"


async def test_a_schematic_is_made_shown_told_and_deleted(run: Run, tmp_path: Path):
    made = await told(
        run, "schematics", "create", "drbd", "--extension", "siderolabs/drbd", "--notes", "n"
    )
    assert "siderolabs/drbd" in made["document"]
    assert await told(run, "schematics", "show", "drbd") == made
    assert await told(run, "schematics", "list") == [made]
    assert (await told(run, "schematics", "register", "drbd"))["registered_at"]
    assert (await run("schematics", "delete", "drbd")).exit_code == 0
    assert await told(run, "schematics", "list") == []
    (tmp_path / "s.yaml").write_text("customization: {}\n")
    made = await told(run, "schematics", "create", "plain", str(tmp_path / "s.yaml"))
    assert made["schematic_id"] == VANILLA
    both = await run(
        "schematics", "create", "x", str(tmp_path / "s.yaml"), "--kernel-arg", "console=ttyS1"
    )
    assert both.exit_code == 2
    assert (await run("schematics", "create", "x", str(tmp_path / "nosuch"))).exit_code == 2


async def test_a_schematic_can_come_from_standard_input(run: Run):
    text = "customization:\n  extraKernelArgs: [console=ttyS1]\n"
    made = await told(run, "schematics", "create", "serial", "-", input=text)
    assert "console=ttyS1" in made["document"]


async def test_the_mirror_is_filled_shown_and_pruned(run: Run, room: Images):
    asked = await told(run, "mirror", "add", VANILLA, "1.12.11", "--part", "kernel")
    assert [one["name"] for one in asked] == ["kernel-amd64"]
    await room.mirror.settled()
    assert [one["state"] for one in await told(run, "mirror", "list")] == ["stored"]
    status = await told(run, "mirror", "status")
    assert (status["stored"], status["files"]) == (1, [])
    would = await told(run, "mirror", "prune", "--dry-run")
    assert would["bytes"] == 400_000
    assert (await run("mirror", "remove", str(asked[0]["id"]))).exit_code == 0
    assert await told(run, "mirror", "list") == []
    wrong = await run("mirror", "add", VANILLA, VERSION, "--checksum", "kernel-amd64")
    assert wrong.exit_code == 2
    assert (await run("mirror", "remove", "99")).exit_code == 5


async def test_an_import_says_what_was_not_taken_and_fails_when_nothing_was(
    run: Run, tmp_path: Path
):
    folder = tmp_path / "import" / "x"
    folder.mkdir(parents=True)
    (folder / "cmdline-metal-amd64").write_text(LINE)
    (folder / "odd").write_text("x")
    (folder / "SHA256SUMS").write_text(f"{sha256(LINE.encode())}  cmdline-metal-amd64\n")
    options = ("--schematic", VANILLA, "--version", VERSION)
    done = await told(run, "mirror", "import", "x", *options)
    assert [one["name"] for one in done["imported"]] == ["cmdline-metal-amd64"]
    assert [one["name"] for one in done["refused"]] == ["odd"]
    assert (await run("mirror", "import", "x")).exit_code == 1
    assert (await run("mirror", "import", "nosuch")).exit_code == 5


async def test_on_a_terminal_there_are_tables_and_old_answers_say_so(
    run: Run, room: Images, factory: FactoryDouble, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(images.show, "wants_json", lambda asked: asked)
    factory.away = True
    await run("mirror", "add", VANILLA, VERSION)
    monkeypatch.setenv("COLUMNS", "200")
    for command in (("mirror", "list"), ("mirror", "status"), ("mirror", "prune", "--dry-run")):
        shown = await run(*command)
        assert shown.exit_code == 0, shown.output
    assert "files to come  3" in (await run("mirror", "status")).stdout
    factory.away = False
    assert "v1.13.9" in (await run("versions", "--all")).stdout
    assert "siderolabs/drbd" in (await run("extensions", VERSION)).stdout
    shown = (await run("schematics", "create", "x", "--kernel-arg", "console=ttyS1")).stdout
    assert "- console=ttyS1" in shown
    assert "console" not in (await run("schematics", "list")).stdout
