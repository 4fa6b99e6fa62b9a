"""What a config looks like to somebody who may not see its secrets."""

from hypothesis import given
from hypothesis import strategies as st

from clusters.conftest import bundle
from clusters.samples import cluster, member
from ktizo.clusters import generate
from ktizo.clusters.redact import fingerprint, redacted, secret_texts, without
from ktizo.core import yaml

KEY = b"k" * 32


def test_every_secret_is_replaced_and_everything_else_stays():
    for version in ("v1.11.6", "v1.12.11", "v1.14.0"):
        for role in ("controlplane", "worker"):
            shared = generate.prepare(cluster(version), bundle(), role)
            text = generate.machine(shared, member(role))[0]
            shown = redacted(text, KEY)
            for secret in secret_texts(bundle()):
                assert not secret or secret not in shown
            assert "PRIVATE KEY" not in shown
            assert "/dev/sda" in shown
            assert bundle().k8s.crt.splitlines()[1] in shown or "crt: LS0t" in shown


def test_what_operators_keep_secret_is_hidden_too():
    patch = (
        "apiVersion: v1alpha1\nkind: RegistryAuthConfig\nname: ghcr.io\n"
        "username: bot\npassword: hunter2\n---\n"
        "cluster:\n  inlineManifests:\n    - name: s\n      contents: |\n"
        "        kind: Secret\n        data: aHVudGVyMg==\n"
    )
    shown = redacted(patch, KEY)
    assert "hunter2" not in shown
    assert "aHVudGVyMg" not in shown
    assert "username: bot" in shown


def test_an_empty_key_stays_empty():
    assert yaml.load(redacted("machine: {ca: {crt: LS0t, key: ''}}", KEY)) == {
        "machine": {"ca": {"crt": "LS0t", "key": ""}}
    }


@given(st.text(min_size=1), st.text(min_size=1))
def test_another_secret_shows_as_another_fingerprint(one, other):
    assert (fingerprint(one, KEY) == fingerprint(other, KEY)) is (one == other)
    assert fingerprint(one, KEY) != fingerprint(one, b"another key")


@given(st.sampled_from(sorted(filter(None, secret_texts(bundle())))), st.text(), st.text())
def test_no_message_quotes_a_secret(secret, before, after):
    assert secret not in without(f"{before}{secret}{after}", bundle())
