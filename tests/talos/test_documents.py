"""The kinds of documents: which Talos knows which, their fields, and what the builders write."""

import json
import os
from pathlib import Path

import pytest

from ktizo.core import yaml
from ktizo.core.errors import Invalid
from ktizo.talos.contracts import CONTRACTS
from ktizo.talos.documents import (
    KINDS,
    hostname,
    known_in,
    legacy,
    link,
    network_rule,
    user_volume,
    volume,
)
from ktizo.talos.documents.read import read
from ktizo.talos.documents.shape import ListOf, MapOf, Struct
from ktizo.talos.documents.versions import minor, shown
from ktizo.talos.patch import parse
from ktizo.talos.validate import validate_documents
from talos.samples import SAMPLES

GOLDEN = Path(__file__).parents[1] / "golden" / "talos" / "documents.yaml"
# `make golden` writes it anew; read the diff.
WRITE = os.environ.get("KTIZO_WRITE_GOLDEN")  # noqa: TID251 - a setting of the tests, not ours

TAGS = ["v1.9.6", "v1.10.9", "v1.11.6", "v1.12.11", "v1.13.9", "v1.14.0-rc.1"]
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)

# Where a schema and the program it belongs to differ; the program is right.
MISNAMED = {
    "KubeSpanEndpoints": "KubeSpanEndpointsConfig",
    "UnattendedInstall": "UnattendedInstallConfig",
}
WITHOUT_SCHEMA = {"ImageVerificationConfig"}  # 1.13 and 1.14 have the kind, no schema has it
SPELLED_CRT = "RegistryTLSConfig.clientIdentity.crt"  # the program reads `cert`


def beside_a_control_plane(document):
    """Documents for validation: some kinds may stand only beside a control plane's machine."""
    return [{"version": "v1alpha1", "machine": {"type": "controlplane"}}, document]


def said_of(kind, version):
    verdict = validate_documents(beside_a_control_plane(SAMPLES[kind]), shown(version))
    found = [*verdict.errors, *verdict.warnings]
    return [str(one) for one in found if one.document.startswith(kind)]


def test_each_version_knows_the_kinds_of_the_reference(reference):
    registered = json.loads(reference.text("kinds-by-version.json"))
    for tag in TAGS:
        kinds = [kind for kind in registered[tag] if not kind.startswith("(v1alpha1")]
        expected = {MISNAMED.get(kind, kind) for kind in kinds}
        assert set(known_in(minor(tag))) - WITHOUT_SCHEMA == expected, tag


def test_there_is_a_sample_of_every_kind():
    assert set(SAMPLES) == set(KINDS)


def test_the_documents_the_builders_write_are_the_golden_ones():
    written = yaml.dump_all([SAMPLES[kind] for kind in sorted(KINDS)])
    if WRITE:
        GOLDEN.parent.mkdir(parents=True, exist_ok=True)
        GOLDEN.write_text(written)
    assert written == GOLDEN.read_text()


def test_the_golden_documents_are_unchanged_when_read_and_written():
    text = GOLDEN.read_text()
    assert parse(text, "v1.14").text() == text


@EVERY_KIND
def test_a_kind_is_taken_from_its_first_version_on_and_refused_before(kind):
    for version in sorted(CONTRACTS):
        if version >= KINDS[kind].first:
            assert said_of(kind, version) == []
        else:
            (reason,) = said_of(kind, version)
            assert f"not registered in Talos {shown(version)}" in reason
            assert f"only from {shown(KINDS[kind].first)} on" in reason


@EVERY_KIND
def test_an_unknown_field_is_refused_with_its_path(kind):
    document = SAMPLES[kind] | {"fieldOfTheFuture": 1}
    _, findings = read([document], KINDS[kind].first)
    assert [(one.path, one.reason) for one in findings.errors] == [
        ("fieldOfTheFuture", f"unknown key in Talos {shown(KINDS[kind].first)}")
    ]


@EVERY_KIND
def test_a_builder_refuses_a_field_the_kind_does_not_have(kind):
    with pytest.raises(Invalid, match="fieldOfTheFuture: unknown key"):
        KINDS[kind].build(fieldOfTheFuture=1)


def test_people_may_write_the_image_cache_with_a_hyphen():
    assert volume.build("IMAGE-CACHE", max_size="10GiB")["name"] == "IMAGECACHE"


def test_a_builder_leaves_out_what_is_not_given():
    assert user_volume.build("data", disk_selector="system_disk", min_size="1GiB") == {
        "apiVersion": "v1alpha1",
        "kind": "UserVolumeConfig",
        "name": "data",
        "provisioning": {"diskSelector": {"match": "system_disk"}, "minSize": "1GiB"},
    }


def test_a_builder_refuses_what_no_talos_can_read():
    with pytest.raises(Invalid, match=r"UserVolumeConfig: provisioning.minSize: .*'ten'"):
        user_volume.build("data", min_size="ten")
    with pytest.raises(Invalid, match=r"addresses\[0\].address"):
        link.build("eth0", addresses=("192.0.2.300/24",))


def test_a_hostname_document_with_a_name_also_turns_the_generated_name_off():
    assert hostname.build("a") | {"apiVersion": "", "kind": ""} == {
        "apiVersion": "", "kind": "", "auto": "off", "hostname": "a",
    }  # fmt: skip
    assert hostname.build()["auto"] == "stable"


def test_a_port_range_is_written_as_talos_writes_it():
    rule = network_rule.build("r", ports=("6443-6443", 50000), protocol="tcp", sources=("::/0",))
    assert rule["portSelector"]["ports"] == [6443, 50000]


@pytest.mark.parametrize("port", ["6443", "80-", "-80", "1-65536", "a-b", 65536, True, None])
def test_what_is_no_port_is_refused(port):
    with pytest.raises(Invalid, match=r"portSelector.ports\[0\]: .*port"):
        network_rule.build("r", ports=(port,), protocol="tcp", sources=("::/0",))


@pytest.mark.parametrize("tag", TAGS)
def test_the_field_tables_agree_with_the_official_schema(reference, tag):
    schema = json.loads(reference.text(f"schemas/config-{tag}.schema.json"))
    compare = Comparison(schema["$defs"], minor(tag))
    kinds = {}
    for part in map(compare.resolved, schema["oneOf"]):
        kind = part["properties"].get("kind", {}).get("enum", [""])[0]
        kinds[MISNAMED.get(kind, kind)] = part
    fields = {"": legacy.FIELDS} | {kind: KINDS[kind].fields for kind in kinds if kind}
    for kind, part in kinds.items():
        compare.fields(part, fields[kind], kind or "v1alpha1")
    assert set(known_in(minor(tag))) - set(kinds) <= WITHOUT_SCHEMA
    assert compare.differences == []


class Comparison:
    """Walk a JSON schema and a table of fields side by side."""

    def __init__(self, definitions, version):
        self.definitions = definitions
        self.version = version
        self.differences = []

    def resolved(self, schema):
        while "$ref" in schema:
            schema = self.definitions[schema["$ref"].rpartition("/")[2]]
        return schema

    def fields(self, schema, kind, path):
        schema = self.resolved(schema)
        if isinstance(kind, Struct) and "properties" in schema:
            self.mapping(schema["properties"], kind, path)
        elif isinstance(kind, ListOf) and "items" in schema:
            self.fields(schema["items"], kind.item, f"{path}[]")
        elif isinstance(kind, MapOf) and "patternProperties" in schema:
            (item,) = schema["patternProperties"].values()
            self.fields(item, kind.item, f"{path}.*")

    def mapping(self, properties, kind, path):
        header = () if "." in path else ("apiVersion", "kind")
        theirs = [key for key in properties if key not in header]
        theirs = [key for key in theirs if f"{path}.{key}" != SPELLED_CRT]
        ours = [
            key
            for key, field in kind.fields.items()
            if field.since <= self.version and (field.until or self.version) >= self.version
        ]
        # The other way round is no mistake: a schema hides what is deprecated.
        if theirs != [key for key in ours if key in theirs]:
            self.differences.append((path, theirs, ours))
        for key in theirs:
            if key in ours:
                self.fields(properties[key], kind.fields[key].type, f"{path}.{key}")
