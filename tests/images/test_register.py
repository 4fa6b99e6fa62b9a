"""Schematics: one id, computed here and confirmed by the factory."""

import json

import pytest

from images.factory_double import FACTORY, VANILLA, FactoryDouble, Fault
from ktizo.core.errors import Invalid
from ktizo.core.http import Http
from ktizo.core.settings import Settings
from ktizo.core.upstream import UpstreamAway, UpstreamRefused
from ktizo.images.factory import Factory
from ktizo.images.register import (
    SchematicMismatch,
    SecretInSchematic,
    read,
    register,
    try_to_register,
)

pytestmark = pytest.mark.anyio
# Reference talos.md 9, verified with the factory's own code.
NOAPIC = "9cba8e32753f91a16c1837ab8abf356af021706ef284aef07380780177d9a06c"
ARGS = {"customization": {"extraKernelArgs": ["noapic", "nolapic"]}}


@pytest.fixture
def client(http: Http, settings: Settings) -> Factory:
    return Factory(http, settings)


@pytest.mark.parametrize(
    ("given", "schematic_id"),
    [
        ({}, VANILLA),
        ("customization: {}\n", VANILLA),
        ({"customization": {"extraKernelArgs": []}}, VANILLA),
        (ARGS, NOAPIC),
        ("customization: {extraKernelArgs: [noapic, nolapic]}", NOAPIC),
    ],
)
async def test_the_id_is_the_same_here_and_at_the_factory(
    client: Factory, factory: FactoryDouble, given: object, schematic_id: str
):
    known = read(given)
    assert known.schematic_id == schematic_id
    done = await register(client, known)
    assert (done.schematic_id, done.registered) == (schematic_id, True)
    assert schematic_id in factory.known


async def test_an_older_factory_says_only_the_id(client: Factory, factory: FactoryDouble):
    factory.fault(FACTORY, "schematics", Fault(body=b'{"id": "%s"}' % VANILLA.encode()))
    assert (await register(client, read({}))).registered


async def test_a_private_factory_adds_the_owner_and_so_changes_the_id(
    client: Factory, factory: FactoryDouble
):
    factory.owner = "me"
    done = await register(client, read(ARGS))
    assert done.schematic_id != NOAPIC
    assert done.schematic_id in factory.known
    assert done.document.startswith("owner: me\n")


@pytest.mark.parametrize(
    "schematic", [None, "customization: {}\n", "owner: me\ncustomization: {}\n", "nonsense: 1\n"]
)
async def test_another_id_for_no_good_reason_is_not_believed(
    client: Factory, factory: FactoryDouble, schematic: str | None
):
    body = json.dumps({"id": "a" * 64, "schematic": schematic}).encode()
    factory.fault(FACTORY, "schematics", Fault(body=body))
    with pytest.raises(SchematicMismatch, match=f"says {'a' * 64}, and it should be {NOAPIC}"):
        await register(client, read(ARGS))


async def test_without_internet_a_schematic_is_as_good_as_its_id(
    client: Factory, factory: FactoryDouble
):
    factory.away = True
    known = await try_to_register(client, read(ARGS))
    assert (known.schematic_id, known.registered) == (NOAPIC, False)
    assert "does not answer" in known.problem
    with pytest.raises(UpstreamAway):
        await register(client, known)


async def test_a_factory_that_refuses_is_not_a_factory_that_is_away(
    client: Factory, factory: FactoryDouble
):
    factory.token = "Bearer abc"
    with pytest.raises(UpstreamRefused):
        await try_to_register(client, read(ARGS))


@pytest.mark.parametrize(
    "given",
    ["[", "[]", "a: b", "customisation: {}", {"customization": {"meta": [1]}}, "x" * 70_000],
)
def test_what_is_no_schematic_is_refused(given: object):
    with pytest.raises(Invalid):
        read(given)


@pytest.mark.parametrize(
    "customization",
    [
        {"extraKernelArgs": ["siderolink.api=grpc://omni.lan?jointoken=hunter2"]},
        {"extraKernelArgs": ["talos.config=http://me:hunter2@10.0.0.1/c"]},
        {"embeddedMachineConfiguration": "version: v1alpha1\nmachine:\n  token: hunter2\n"},
        {"embeddedMachineConfiguration": "- hunter2"},
        {
            "embeddedMachineConfiguration": "apiVersion: v1alpha1\nkind: RegistryAuthConfig\n"
            "name: r.lan\npassword: hunter2\n"
        },
        {
            "embeddedMachineConfiguration": "apiVersion: v1alpha1\nkind: SideroLinkConfig\n"
            "apiUrl: https://omni.lan?jointoken=hunter2\n"
        },
    ],
)
def test_a_schematic_holds_no_secret_for_the_factory_gives_it_to_whoever_knows_its_id(
    customization: dict,
):
    with pytest.raises(SecretInSchematic) as caught:
        read({"customization": customization})
    assert "hunter2" not in caught.value.message


def test_an_embedded_config_without_secrets_is_taken():
    text = "apiVersion: v1alpha1\nkind: KmsgLogConfig\nname: l\nurl: tcp://10.0.0.5:5044/\n"
    assert read({"customization": {"embeddedMachineConfiguration": text}}).document
