import hashlib
import json
import os
import pty
import stat
import subprocess
from pathlib import Path

import httpx
import pytest

from cli.conftest import KTIZO, Box
from ktizo.core import sqlite

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]
MAC = "52:54:00:c1:00:01"


def knock(box: Box, mac: str, **fields: str) -> None:
    """Let a machine knock and wait until it is recorded."""
    box.script(mac, **{"vendor_hex": b"\x1b[31mACME".hex(), **fields})
    for _ in range(100):
        found = box.json("devices", "list", "--search", mac)
        if found["total"]:
            return
    raise AssertionError("the machine was not recorded")


def test_explaining_an_unknown_machine_says_boot_from_disk_and_why(box: Box):
    found = box.json("explain", "52-54-00-C1-00-99")
    assert found["summary"].startswith("boot from disk: this machine was never seen before")
    assert found["rule"] == "unknown"
    assert box.json("devices", "list", "--search", "52:54:00:c1:00:99")["total"] == 0


def test_a_machine_is_approved_and_its_script_changes_at_once(box: Box, tmp_path: Path):
    kernel = tmp_path / "vmlinuz"
    kernel.write_bytes(b"not really a kernel")
    stored = box.json("profiles", "upload", "debian", str(kernel), "--as", "linux")
    assert stored["sha256"] == hashlib.sha256(kernel.read_bytes()).hexdigest()
    box.json("profiles", "upload", "debian", str(kernel), "--as", "initrd.gz")
    knock(box, MAC)
    assert "kernel" not in box.script(MAC)
    shown = box.json("devices", "approve", MAC, "--profile", "debian", "--hostname", "n1")
    assert shown["state"] == "approved"
    assert "kernel --name kernel" in box.script(MAC)
    assert box.json("explain", MAC)["script"] == box.script(MAC)
    assert box.json("devices", "reject", "n1")["state"] == "rejected"
    assert "kernel" not in box.script(MAC)
    kinds = [
        step["kind"] for boot in box.json("devices", "timeline", "n1") for step in boot["steps"]
    ]
    assert {"device_seen", "decided", "approved", "rejected"} <= set(kinds)


def test_a_list_is_filtered_and_sorted_as_in_the_dashboard(box: Box):
    macs = ["52:54:00:c1:0f:01", "52:54:00:c1:0f:02", "52:54:00:c1:0f:03"]
    for mac, arch in zip(macs, ("arm64", "i386", "x86_64"), strict=True):
        knock(box, mac, arch=arch, platform="efi", vendor_hex=b"Filtered Inc.".hex())
    asked = ["devices", "list", "--vendor", "filtered", "--firmware", "uefi", "--sort", "-arch"]
    some = box.json(*asked, "--arch", "arm64", "--arch", "i386")
    assert [one["macs"][0] for one in some["items"]] == [macs[1], macs[0]]
    assert box.json(*asked, "--role", "worker")["total"] == 0
    assert box.run("devices", "list", "--role", "king").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["devices", "show", "nobody"], 5, "no machine is called nobody"),
        (["devices", "approve", "52:54:00:c1:00:77"], 5, "no machine is called"),
        (["explain", "not-a-mac"], 1, "not a MAC address"),
        (["lan", "on"], 5, "no LAN is set up"),
        (["devices", "frobnicate"], 2, "No such command"),
    ],
)
def test_each_way_to_fail_has_its_exit_code_and_says_why(box: Box, arguments, code, says):
    done = box.run(*arguments)
    assert done.returncode == code
    assert says in done.stderr
    assert done.stdout == ""


def test_without_a_server_the_command_says_where_it_looked(tmp_path: Path):
    away = Box(tmp_path, extra={"KTIZO_TOKEN": "ktizo_x"})
    done = away.run("devices", "list")
    assert done.returncode == 3
    assert away.url in done.stderr


def test_without_a_token_the_command_says_how_to_get_one(tmp_path: Path):
    done = Box(tmp_path).run("devices", "list")
    assert done.returncode == 4
    assert "cli.token" in done.stderr


def test_a_wrong_setting_stops_the_start_and_names_itself(tmp_path: Path):
    done = Box(tmp_path, extra={"KTIZO_MACHINE_RATE_LIMIT": "lots"}).run("serve")
    assert done.returncode == 2
    assert "KTIZO_MACHINE_RATE_LIMIT" in done.stderr


def test_a_taken_port_is_a_clear_message(box: Box, tmp_path: Path):
    done = Box(tmp_path, port=box.port).run("serve")
    assert done.returncode == 2
    assert "Address already in use" in done.stderr


def test_the_first_token_works_is_shown_once_and_only_its_hash_is_stored(box: Box):
    token = box.first_token()
    answer = httpx.get(f"{box.url}/api/v1/whoami", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["name"] == "administrator"
    assert token.encode() not in (box.folder / "data" / "ktizo.db").read_bytes()
    for name in ("cli.token", "sealing.key"):
        assert stat.S_IMODE((box.folder / "data" / name).stat().st_mode) == 0o600


def test_on_a_terminal_there_are_tables_and_no_escape_codes_from_the_network(box: Box):
    knock(box, "52:54:00:c1:00:02")
    main, side = pty.openpty()
    subprocess.run(
        [KTIZO, "devices", "show", "52:54:00:c1:00:02"],
        env={**box.env, "TERM": "xterm"},
        stdout=side,
        check=True,
    )
    os.close(side)
    shown = os.read(main, 65536).decode()
    os.close(main)
    assert "pairing code" in shown
    assert "ACME" in shown
    assert "\x1b[31m" not in shown


@pytest.mark.parametrize("server", ["granian", "uvicorn"])
def test_it_ends_within_seconds_though_a_live_stream_is_open(tmp_path: Path, server: str):
    box = Box(tmp_path, extra={"KTIZO_SERVER": server})
    box.start()
    headers = {"Authorization": f"Bearer {box.first_token()}"}
    with httpx.stream("GET", f"{box.url}/api/v1/events", headers=headers) as stream:
        assert next(stream.iter_lines()).startswith("retry")
        assert box.stop() == 0
    assert "Traceback" not in box.log.read_text()


def test_a_second_start_keeps_everything_and_shows_no_token_again(tmp_path: Path):
    box = Box(tmp_path)
    box.start()
    knock(box, MAC)
    box.stop()
    box.log.unlink()
    box.start()
    assert box.json("devices", "show", MAC)["state"] == "pending"
    assert "shown only this once" not in box.log.read_text()
    box.stop()


def test_the_first_start_prints_one_set_up_link_and_the_command_a_fresh_one(box: Box):
    printed = [line for line in box.log.read_text().splitlines() if "/setup#token=" in line]
    done = box.run("setup-link")
    assert done.returncode == 0, done.stderr
    link = done.stdout.strip().removeprefix("set up at ")
    assert link.startswith(f"{box.url}/setup#token=")
    assert len(printed) <= 1
    assert not any(link in line for line in printed)
    body = {"name": "ann", "password": "a password for a test"}

    def use(token: str) -> httpx.Response:
        return httpx.post(f"{box.url}/api/v1/setup", json={"token": token, **body})

    for line in printed:
        assert use(line.partition("#token=")[2]).status_code == 403, "the older one died"
    answer = use(link.partition("#token=")[2])
    assert answer.json()["person"]["role"] == "admin"

    refused = box.run("setup-link")
    assert refused.returncode == 1
    assert "ktizo setup-link --recover" in refused.stderr
    recovery = box.run("setup-link", "--recover", "--json")
    assert "/setup#token=" in json.loads(recovery.stdout)["url"]


def test_audit_verify_tells_a_whole_chain_from_one_somebody_changed(box: Box):
    done = box.run("audit", "verify", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ok"] is True
    database = sqlite.module.connect(box.folder / "data" / "ktizo.db", timeout=20)
    try:
        (actor,) = database.execute("SELECT actor FROM audit_entries WHERE id = 1").fetchone()
        with database:
            database.execute("UPDATE audit_entries SET actor = 'nobody' WHERE id = 1")
        done = box.run("audit", "verify")
        assert done.returncode == 1
        assert "line 1 was changed or is missing" in done.stderr
    finally:
        with database:
            database.execute("UPDATE audit_entries SET actor = ? WHERE id = 1", (actor,))
        database.close()
    assert box.run("audit", "verify").returncode == 0
