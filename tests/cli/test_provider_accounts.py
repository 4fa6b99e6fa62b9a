"""Accounts at providers on a real server: their secrets never stand on a command line."""

import json
import subprocess
from typing import Any

import pytest

from cli.conftest import KTIZO, Box
from cli.terminal import at_terminal
from ktizo.cli.credentials import Form
from ktizo.providers.registry import PROVIDERS

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]
SECRET = "sk-3f9a17c0d2-never-shown"


def told(account: dict[str, Any], *names: str) -> list[Any]:
    return [account[name] for name in names]


def piped(box: Box, typed: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [KTIZO, *arguments], env=box.env, input=typed, capture_output=True, text=True, timeout=60
    )


def with_variables(box: Box, **variables: str) -> Box:
    return Box(box.folder, box.port, extra=variables)


def names(box: Box) -> list[str]:
    return [one["name"] for one in box.json("providers", "accounts")]


def add_vultr(name: str) -> list[str]:
    return ["providers", "add", "vultr", "--name", name]


def test_an_account_is_added_from_the_environment(box: Box):
    shell = with_variables(box, LATITUDE_API_KEY=SECRET, LATITUDE_PROJECT="proj_1")
    limits = ["--max-hourly", "0.5", "--max-setup", "10", "--currency", "USD"]
    done = shell.run("providers", "add", "latitude", "--name", "by-env", "--from-env", *limits)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert told(made, "name", "provider", "secrets") == ["by-env", "latitude", ["api_key"]]
    assert made["settings"] == {"project": "proj_1"}
    assert told(made, "max_hourly", "max_setup", "currency") == ["0.5", "10", "USD"]
    assert SECRET not in done.stdout + done.stderr


def test_what_is_set_wins_over_the_environment(box: Box):
    shell = with_variables(box, LATITUDE_API_KEY=SECRET, LATITUDE_PROJECT="proj_1")
    add = ["providers", "add", "latitude", "--name", "both", "--from-env"]
    assert shell.json(*add, "--set", "project=proj_2")["settings"] == {"project": "proj_2"}


def test_an_account_without_a_limit_may_order_nothing(box: Box):
    done = piped(box, f"{SECRET}\n", *add_vultr("no-limit"), "--set", "api_key=-")
    assert json.loads(done.stdout)["max_hourly"] is None


def test_secrets_come_from_standard_input_a_line_each(box: Box):
    typed = "the-application-secret\nthe-consumer-key\n"
    sets = ["application_key=ak", "application_secret=-", "consumer_key=-"]
    given = [word for one in sets for word in ("--set", one)]
    done = piped(box, typed, "providers", "add", "ovh", "--name", "by-stdin", *given)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["secrets"] == ["application_secret", "consumer_key"]
    for secret in typed.split():
        assert secret not in done.stdout + done.stderr


def test_a_secret_is_typed_unseen_and_what_else_is_required_is_asked_for(box: Box):
    answers = {"API key: ": SECRET, "Project (": "proj_3"}
    add = ["providers", "add", "latitude", "--name", "typed"]
    seen = at_terminal(box.env, *add, answers=answers)
    assert seen.code == 0, seen.screen
    assert json.loads(seen.stdout)["settings"] == {"project": "proj_3"}
    assert SECRET not in seen.stdout + seen.screen


def test_where_no_single_field_is_required_every_field_is_asked_for(box: Box):
    typed = {"application_key": "ak", "application_secret": SECRET, "subsidiary": "FR"}
    typed["consumer_key"] = f"{SECRET}-2"
    fields = PROVIDERS["ovh"].settings.model_json_schema()["properties"]
    form = Form("OVHcloud", fields, required=(), environment={})
    answers = {f"{form.label(name)}, or Enter: ": typed.get(name, "") for name in fields}
    seen = at_terminal(box.env, "providers", "add", "ovh", "--name", "asked", answers=answers)
    assert seen.code == 0, seen.screen
    made = json.loads(seen.stdout)
    assert told(made["settings"], "endpoint", "subsidiary") == ["ovh-eu", "FR"]
    assert SECRET not in seen.stdout + seen.screen


def test_without_a_terminal_what_is_missing_ends_the_command_and_says_how(box: Box):
    done = box.run("providers", "add", "latitude", "--name", "missing")
    assert (done.returncode, done.stdout) == (2, "")
    for words in ("--set api_key=-", "LATITUDE_API_KEY and --from-env", "--set project=..."):
        assert words in done.stderr
    assert "missing" not in names(box)


def test_a_secret_on_the_command_line_is_refused_and_never_shown_or_stored(box: Box):
    done = box.run(*add_vultr("leaked"), "--set", f"api_key={SECRET}")
    assert (done.returncode, done.stdout) == (2, "")
    for words in ("`ps`", "VULTR_API_KEY", "--from-env", "--set api_key=-", "replace it"):
        assert words in done.stderr
    assert SECRET not in done.stderr
    assert "leaked" not in names(box)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--set", SECRET], "--set takes FIELD=VALUE"),
        (["--set", f"api-key={SECRET}"], "has no setting api-key; it has api_key"),
        (["--set", "api_key=-", "--set", f"api_key={SECRET}"], "was given twice"),
        (["--from-env"], "none of VULTR_API_KEY is set"),
        (["--set", "api_key=-"], "no line came for api_key"),
    ],
)
def test_a_slip_is_told_without_repeating_what_was_typed(box: Box, given, says: str):
    done = piped(box, "", *add_vultr("slip"), *given)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert SECRET not in done.stderr


def test_two_variables_that_contradict_each_other_are_refused(box: Box):
    shell = with_variables(box, OVH_APP_KEY="one", OVH_APPLICATION_KEY="two")
    done = shell.run("providers", "add", "ovh", "--name", "two", "--from-env")
    assert done.returncode == 2
    assert "OVH_APP_KEY and OVH_APPLICATION_KEY differ" in done.stderr


def test_an_account_is_changed_and_what_is_not_given_stays(box: Box):
    shell = with_variables(box, CHERRY_API_KEY=SECRET, CHERRY_PROJECT_ID="17")
    shell.json("providers", "add", "cherry", "--name", "ch", "--from-env")
    change = ["providers", "change", "ch"]
    made = box.json(*change, "--set", "team_id=4", "--max-hourly", "0.25", "--off")
    assert made["settings"] == {"project_id": "17", "team_id": "4"}
    assert told(made, "max_hourly", "enabled", "secrets") == ["0.25", False, ["api_key"]]
    made = box.json(*change, "--set", "team_id=", "--max-hourly", "none", "--on")
    assert made["settings"] == {"project_id": "17", "team_id": ""}
    assert told(made, "max_hourly", "enabled") == [None, True]
    assert box.json(*change, "--name", "cherries")["name"] == "cherries"
    assert box.run("providers", "change", "cherries").returncode == 2
    refused = box.run("providers", "change", "cherries", "--set", f"api_key={SECRET}")
    assert (refused.returncode, SECRET in refused.stderr) == (2, False)


def test_an_account_is_removed_and_then_no_such_thing(box: Box):
    shell = with_variables(box, DIGITALOCEAN_TOKEN=SECRET)
    shell.json("providers", "add", "digitalocean", "--name", "do", "--from-env")
    assert box.run("providers", "remove", "do").returncode == 0
    assert box.run("providers", "remove", "do").returncode == 5
    assert "do" not in names(box)


def test_an_account_that_is_off_asks_its_provider_nothing(box: Box):
    shell = with_variables(box, VULTR_API_KEY=SECRET)
    shell.json(*add_vultr("off"), "--from-env")
    box.json("providers", "change", "off", "--off")
    wish = ["--account", "off", "--name", "n1", "--plan", "p", "--region", "r"]
    for command in (
        ["providers", "regions", "off"],
        ["providers", "keys", "off"],
        ["servers", "found", "off"],
        ["servers", "adopt", "off", "17"],
        ["servers", "preview", *wish],
    ):
        done = box.run(*command)
        assert (done.returncode, done.stdout) == (1, ""), command
        assert "switched off" in done.stderr
    tested = box.run("providers", "test", "off")
    assert (tested.returncode, json.loads(tested.stdout)["ok"]) == (1, False)
    assert "switched off" in tested.stderr


def test_without_a_public_url_nothing_can_reach_this_ktizo(box: Box):
    done = box.run("providers", "reach")
    assert (done.returncode, json.loads(done.stdout)["ok"]) == (1, False)
    assert "KTIZO_PUBLIC_URL" in done.stderr


def test_no_secret_is_in_the_log_or_readable_in_the_database(box: Box):
    shell = with_variables(box, LATITUDE_API_KEY=SECRET, LATITUDE_PROJECT="proj_1")
    shell.json("providers", "add", "latitude", "--name", "sealed", "--from-env")
    kept = [path for path in (box.folder / "data").rglob("*") if path.is_file()]
    for path in [box.log, *kept]:
        assert SECRET.encode() not in path.read_bytes(), path
