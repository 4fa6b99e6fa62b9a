"""Where a node says what it does; and the partial config that installs nothing."""

import pytest

from ktizo.boot.sinks import Sinks
from ktizo.core import yaml
from ktizo.talos.validate import validate

BASE = "http://10.77.0.2:8000"
VERSIONS = ["v1.9.6", "v1.10.9", "v1.11.6", "v1.12.11", "v1.13.9", "v1.14.0"]
BOTH = """\
apiVersion: v1alpha1
kind: EventSinkConfig
endpoint: 10.77.0.2:8081
---
apiVersion: v1alpha1
kind: KmsgLogConfig
name: ktizo
url: tcp://10.77.0.2:8082
"""
NEITHER = """\
apiVersion: v1alpha1
kind: NetworkDefaultActionConfig
ingress: accept
"""


def test_the_partial_config_has_these_two_documents_and_no_other():
    assert yaml.dump_all(Sinks(8081, 8082).documents(BASE)) == BOTH


def test_without_sinks_it_holds_what_talos_would_do_anyway():
    """Empty, Talos would take it for none and ask again for three hours."""
    assert Sinks().arguments(BASE) == ()
    assert yaml.dump_all(Sinks().documents(BASE)) == NEITHER


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("sinks", [Sinks(1, 2), Sinks(1, 0), Sinks(0, 2), Sinks()])
@pytest.mark.parametrize("base", [BASE, "http://ktizo.lan", "https://[fd00::1]:8000"])
def test_every_talos_takes_it_and_installs_nothing(version: str, sinks: Sinks, base: str):
    made = sinks.documents(base)
    assert validate(yaml.dump_all(made), version, on_node=True).ok
    assert all("kind" in document for document in made), "no machine config among them"


def test_an_ipv6_address_keeps_its_brackets_and_argument_and_document_are_one_address():
    """Talos leaves out a destination of the config that equals the argument's, as text."""
    base = "http://[fd00::1]:8000"
    assert Sinks(8081, 8082).arguments(base) == (
        "talos.events.sink=[fd00::1]:8081",
        "talos.logging.kernel=tcp://[fd00::1]:8082",
    )
    assert Sinks(0, 8082).documents(base)[0]["url"] == "tcp://[fd00::1]:8082"
