"""Config files for installers: the ones Ktizo starts with, whole, and what operators write."""

import json
from pathlib import Path

import pytest
import yaml

from boot.samples import FACTS, SSH_KEY, facts, profile
from ktizo.boot.configs import VARIABLES, NoSuchConfig, config_file, config_names
from ktizo.boot.profile import Profile, ProfileType
from ktizo.boot.profiles import KINDS
from ktizo.core.templates import TemplateRefused

GOLDEN = Path(__file__).parents[1] / "golden" / "configs"


def served(wanted: Profile, file: str, machine=FACTS) -> str:
    return config_file(wanted, KINDS[wanted.type], machine, file).decode()


@pytest.mark.parametrize(
    ("type_", "file", "golden", "parameters"),
    [
        ("debian_preseed", "preseed.cfg", "preseed.cfg", {}),
        ("debian_preseed", "preseed.cfg", "preseed-one-disk.cfg", {"disk": "/dev/sda"}),
        ("ubuntu_autoinstall", "user-data", "user-data", {"ssh_key": SSH_KEY}),
        ("ubuntu_autoinstall", "meta-data", "meta-data", {}),
        ("ubuntu_autoinstall", "vendor-data", "vendor-data", {}),
        ("ubuntu_autoinstall", "network-config", "network-config", {}),
        ("kickstart", "ks.cfg", "ks.cfg", {"repo": "http://10.77.0.9/f/", "ssh_key": SSH_KEY}),
        ("talos_worker", "config.yaml", "talos.yaml", {}),
    ],
)
def test_the_config_a_new_profile_serves(
    type_: str, file: str, golden: str, parameters: dict[str, str]
):
    given = dict(parameters) | ({"ssh_key": SSH_KEY} if "one-disk" in golden else {})
    assert served(profile(type_), file, facts(parameters=given)) == (GOLDEN / golden).read_text()


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.type)
def test_every_default_config_tells_ktizo_when_it_is_done(kind):
    if kind.default_config and not kind.type.startswith("talos"):
        assert "{{ done_url }}" in kind.default_config or "~ done_url" in kind.default_config


def test_the_default_autoinstall_is_yaml_whatever_its_parameters_hold():
    odd = {"user": 'a: "b" #c', "password_hash": "$6$x: y'", "ssh_key": "- [x", "locale": "null"}
    read = yaml.safe_load(served(profile("ubuntu_autoinstall"), "user-data", facts(parameters=odd)))
    assert read["autoinstall"]["identity"]["username"] == 'a: "b" #c'
    assert read["autoinstall"]["ssh"]["authorized-keys"] == ["- [x"]
    assert read["autoinstall"]["locale"] == "null"


def test_the_talos_placeholder_installs_nothing():
    read = yaml.safe_load(served(profile("talos_controlplane"), "config.yaml"))
    # Without a v1alpha1 machine config Talos calls it not complete and stays in maintenance mode.
    assert read == {
        "apiVersion": "v1alpha1",
        "kind": "NetworkDefaultActionConfig",
        "ingress": "accept",
    }


def test_an_operators_own_config_is_served_as_it_stands():
    own = profile("talos_worker", config_template="machine:\n  type: worker # {{ hostname }}\n")
    assert served(own, "config.yaml") == "machine:\n  type: worker # edge-1\n"


def test_only_the_files_of_its_type_are_answered():
    def names(type_: str, **changes: str) -> tuple[str, ...]:
        wanted = profile(type_, **changes)
        return config_names(wanted, KINDS[wanted.type])

    cloud = ("user-data", "meta-data", "vendor-data", "network-config")
    assert names("ubuntu_autoinstall") == cloud
    assert names("debian_preseed") == ("preseed.cfg",)
    assert names("custom") == ()
    assert names("custom", config_name="user-data") == cloud
    assert names("custom", config_name="answers.toml") == ("answers.toml",)
    for type_ in ("local_disk", "menu", "rescue"):
        assert names(type_) == ()


def test_another_file_is_not_found_and_the_answer_names_those_there_are():
    with pytest.raises(NoSuchConfig, match=r"has no config 'meta-data'; it has: preseed\.cfg"):
        served(profile("debian_preseed"), "meta-data")
    with pytest.raises(NoSuchConfig, match="it has: none"):
        served(profile("rescue"), "../../ktizo.db")


def test_a_template_that_fails_names_the_file_and_the_line():
    with pytest.raises(TemplateRefused, match=r"preseed\.cfg, line 2: 'x' is undefined"):
        served(profile("debian_preseed", config_template="#\n{{ x }}\n"), "preseed.cfg")


def test_a_template_sees_exactly_the_documented_variables():
    seen = FACTS.variables(profile(), {"a": "1"})
    assert seen.keys() == VARIABLES
    assert seen["parameters"] == {"a": "1"}


def test_a_machine_cannot_add_a_line_to_its_config():
    wanted = profile("custom", config_template="s={{ serial }}\n", config_name="c")
    assert served(wanted, "c", facts(serial="x\nd-i evil\x1b")) == "s=x?d-i evil?\n"


def test_meta_data_is_json_and_yaml_at_once():
    text = served(profile("ubuntu_autoinstall"), "meta-data")
    assert json.loads(text) == yaml.safe_load(text)


@pytest.mark.parametrize("type_", ProfileType)
def test_every_type_is_known_with_a_description(type_: ProfileType):
    kind = KINDS[type_]
    assert kind.type is type_
    assert kind.title
    assert kind.description.endswith(".")


def test_what_can_reach_a_disk_is_called_an_installer():
    harmless = {kind.type for kind in KINDS.values() if not kind.installs}
    assert harmless == {ProfileType.LOCAL_DISK, ProfileType.MENU}
