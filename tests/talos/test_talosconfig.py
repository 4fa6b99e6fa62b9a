import base64
import ssl
from datetime import timedelta

import pytest

from ktizo.core import yaml
from ktizo.core.errors import Invalid
from ktizo.talos import contracts
from ktizo.talos.talosconfig import Access, client_certificate, talosconfig
from talos.conftest import NOW
from talos.openssl import certificate, public_key, verified


def pem(text):
    return base64.b64decode(text).decode()


def test_a_talosconfig_has_the_layout_talosctl_writes(reference, golden_secrets):
    ours = talosconfig(golden_secrets, "test-cluster", now=NOW)
    theirs = reference.text("golden/v1.12.11/talosconfig")
    shape = [line.partition(": LS0")[0] for line in theirs.splitlines()]
    assert [line.partition(": LS0")[0] for line in ours.splitlines()] == shape
    assert yaml.load(ours)["contexts"]["test-cluster"]["ca"] in theirs


def test_the_client_certificate_is_the_one_talos_makes_but_for_key_and_dates(
    reference, golden_secrets
):
    theirs = yaml.load(reference.text("golden/v1.12.11/talosconfig"))["contexts"]["test-cluster"]
    expected = certificate(pem(theirs["crt"]))
    ours = certificate(client_certificate(golden_secrets, Access(), now=NOW).crt)
    for own in ("Not Before", "Not After"):
        del expected[own], ours[own]
    assert ours == expected


def test_apid_finds_exactly_the_usages_it_insists_on(bundle, tmp_path):
    pair = client_certificate(bundle, Access(), now=NOW)
    facts = certificate(pair.crt)
    assert facts["Subject"] == "O = os:admin"
    assert facts["Issuer"] == "O = talos"
    assert facts["Extended Key Usage"] == "TLS Web Client Authentication"
    assert facts["Key Usage: critical"] == "Digital Signature"
    own = certificate(bundle.os.crt)["Subject Key Identifier"]
    assert facts["Authority Key Identifier"] == own
    assert facts["order"] == ("Key Usage: critical / Extended Key Usage / Authority Key Identifier")
    assert facts["Not Before"] == "Nov 21 12:00:00 2026 GMT"
    assert facts["Not After"] == "Nov 21 12:00:00 2027 GMT"
    assert pair.key.startswith("-----BEGIN ED25519 PRIVATE KEY-----\n")
    assert public_key("x509", pair.crt) == public_key("pkey", pair.key)
    assert "OK" in verified(bundle.os.crt, pair.crt, "sslclient", tmp_path)


def test_python_can_present_the_certificate_once_the_key_is_relabelled(bundle, tmp_path):
    pair = client_certificate(bundle, Access(), now=NOW)
    (tmp_path / "crt").write_text(pair.crt)
    (tmp_path / "key").write_text(pair.key.replace("ED25519 PRIVATE KEY", "PRIVATE KEY"))
    ssl.create_default_context().load_cert_chain(tmp_path / "crt", tmp_path / "key")


def test_a_client_gets_the_roles_and_the_time_it_was_given(bundle):
    access = Access(roles=("os:reader", "os:etcd:backup"), lifetime=timedelta(hours=1))
    facts = certificate(client_certificate(bundle, access, now=NOW).crt)
    assert sorted(facts["Subject"].replace("O = ", "").split(" + ")) == sorted(access.roles)
    assert facts["Not After"] == "Nov 21 13:00:00 2026 GMT"


def test_endpoints_and_nodes_are_written_when_known(bundle):
    text = talosconfig(
        bundle, "home", now=NOW, endpoints=["192.0.2.11"], nodes=["192.0.2.12", "192.0.2.13"]
    )
    context = yaml.load(text)["contexts"]["home"]
    assert list(context) == ["endpoints", "nodes", "ca", "crt", "key"]
    assert context["nodes"] == ["192.0.2.12", "192.0.2.13"]


@pytest.mark.parametrize(
    ("access", "talos", "says"),
    [
        (Access(roles=("os:root",)), contracts.V1_14, "has no role 'os:root'; it has os:admin"),
        (Access(roles=()), contracts.V1_14, "has no role"),
        (Access(roles=("os:meta:writer",)), contracts.V1_12, "v1.12 has no role"),
        (Access(lifetime=timedelta(0)), contracts.V1_14, "valid for a minute"),
    ],
)
def test_a_role_talos_does_not_know_and_no_lifetime_at_all_are_refused(bundle, access, talos, says):
    with pytest.raises(Invalid, match=says):
        talosconfig(bundle, "home", now=NOW, access=access, talos=talos)


def test_newer_talos_has_more_roles(bundle):
    access = Access(roles=("os:meta:writer", "os:image:verifier"))
    assert "PRIVATE" not in talosconfig(bundle, "x", now=NOW, access=access, talos=contracts.V1_13)
