from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import ValidationError

from ktizo.core.settings import Settings, UnknownPolicy


def from_environment(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(f"KTIZO_{name.upper()}", value)
    return Settings()


def test_without_any_variable_it_is_safe_and_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KTIZO_TEST_POSTGRES", raising=False)
    settings = Settings()
    assert settings.unknown_machines is UnknownPolicy.LOCAL_DISK
    assert settings.trusted_proxies == []
    assert settings.database_url is None
    assert all(network.is_private for network in settings.machine_cidrs)


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("10.0.0.0/8", ["10.0.0.0/8"]),
        (" 10.0.0.0/8 , fd00::/8,", ["10.0.0.0/8", "fd00::/8"]),
        ("10.1.2.3/8", ["10.0.0.0/8"]),
        ("10.1.2.3", ["10.1.2.3/32"]),
        ("::1", ["::1/128"]),
        ("", []),
    ],
)
def test_networks_are_written_as_people_write_them(
    monkeypatch: pytest.MonkeyPatch, text: str, networks: list[str]
) -> None:
    settings = from_environment(monkeypatch, machine_cidrs=text, trusted_proxies=text)
    expected = [ip_network(network) for network in networks]
    assert settings.machine_cidrs == settings.trusted_proxies == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "0"),
        ("port", "65536"),
        ("port", "http"),
        ("machine_cidrs", "10.0.0.0/33"),
        ("machine_cidrs", "the office"),
        ("machine_cidrs", "10.0.0.0/8;10.1.0.0/16"),
        ("trusted_proxies", "10.0.0.256"),
        ("machine_rate_limit", "600"),
        ("machine_rate_limit", "600/fortnight"),
        ("machine_rate_limit", "-1/minute"),
        ("machine_rate_limit", "1/minute\n2/minute"),
        ("base_url", "ktizo.example:8000"),
        ("base_url", "ftp://ktizo.example"),
        ("base_url", "http://ktizo.example/sub/path"),
        ("base_url", "http://user:secret@ktizo.example"),
        ("base_url", "http://ktizo.example\nchain http://evil.example"),
        ("base_url", "http://ktizo.example\n"),
        ("base_url", "http://${net0/mac}"),
        ("unknown_machines", "install"),
        ("unknown_machines", "LOCAL_DISK"),
        ("server", "gunicorn"),
        ("log_level", "loud"),
        ("log_format", "xml"),
        ("lease_minutes", "4"),
        ("lease_minutes", "43201"),
        ("boot_loop_limit", "1"),
        ("max_pending", "0"),
        ("max_asset_gib", "0"),
        ("events_kept", "999"),
    ],
)
def test_a_wrong_value_stops_the_start_and_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(ValidationError, match=name):
        from_environment(monkeypatch, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", "mysql://user@host/name"),
        ("database_url", "sqlite:///ktizo.db"),
        ("database_url", "host/name"),
        ("machine_rate_limit", "0/minute"),
    ],
)
def test_a_wrong_value_that_would_only_show_later_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(ValidationError, match=name):
        from_environment(monkeypatch, **{name: value})


def test_the_error_for_a_wrong_value_does_not_show_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secrets = {"sealing_key": "hunter2", "database_url": "postgresql://u:hunter3@h/d"}
    with pytest.raises(ValidationError) as raised:
        from_environment(monkeypatch, port="0", **secrets)
    assert "hunter" not in str(raised.value)


def test_secrets_are_not_shown_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = from_environment(
        monkeypatch, sealing_key="hunter2", database_url="postgresql://u:hunter3@h/d"
    )
    assert "hunter" not in f"{settings!r} {settings} {settings.model_dump()}"


def test_paths_are_absolute_because_children_run_in_other_folders(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = from_environment(
        monkeypatch, data_dir="state", compiled_dir="out", loaders_dir="../ipxe"
    )
    assert settings.data_dir == tmp_path / "state"
    assert settings.compiled_dir == tmp_path / "out"
    assert settings.loaders_dir.is_absolute()


def test_a_variable_of_another_program_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from_environment(monkeypatch, something_of_the_future="1")


def test_settings_do_not_change_while_it_runs() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


def test_no_setting_can_let_an_unapproved_machine_reach_an_installer() -> None:
    assert {policy.value for policy in UnknownPolicy} == {"local_disk", "hold", "menu"}


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in Settings.model_fields.values())
