import base64
import hashlib
import itertools
import re
from datetime import timedelta

import pytest

from ktizo.core import yaml
from ktizo.core.errors import Invalid, NotFound
from ktizo.talos import contracts, importing, pki, secrets
from ktizo.talos.pki import CertAndKey
from talos.conftest import NOW
from talos.openssl import certificate, openssl, public_key

AUTHORITIES = {"os": "talos", "k8s": "kubernetes", "etcd": "etcd", "k8saggregator": None}


def numbered_bytes():
    """A source of bytes that says the same every time it is made."""
    numbers = itertools.count()
    return lambda size: hashlib.shake_128(str(next(numbers)).encode()).digest(size)


@pytest.mark.parametrize(("name", "organization"), AUTHORITIES.items())
def test_a_ca_is_what_openssl_says_talos_makes(bundle, name, organization):
    pair = getattr(bundle, name)
    facts = certificate(pair.crt)
    identifier = facts.pop("Subject Key Identifier")
    subject = f"O = {organization}" if organization else ""
    assert facts == {
        "Version": "3 (0x2)",
        "Signature Algorithm": "ED25519" if name == "os" else "ecdsa-with-SHA256",
        "Issuer": subject,
        "Subject": subject,
        "Not Before": "Nov 21 12:00:00 2026 GMT",
        "Not After": "Nov 18 12:00:00 2036 GMT",
        "Key Usage: critical": "Digital Signature, Certificate Sign",
        "Extended Key Usage": "TLS Web Server Authentication, TLS Web Client Authentication",
        "Basic Constraints: critical": "CA:TRUE",
        "order": "Key Usage: critical / Extended Key Usage / Basic Constraints: critical"
        " / Subject Key Identifier",
    }
    assert len(bytes.fromhex(identifier.replace(":", ""))) == 20
    assert public_key("x509", pair.crt) == public_key("pkey", pair.key)
    serial = int(openssl("x509", "-noout", "-serial", given=pair.crt).partition("=")[2], 16)
    assert 0 < serial < 2**128


@pytest.mark.parametrize("name", AUTHORITIES)
def test_a_ca_differs_from_talos_own_in_key_number_and_dates_alone(bundle, golden_secrets, name):
    ours, theirs = (certificate(getattr(one, name).crt) for one in (bundle, golden_secrets))
    for own in ("Not Before", "Not After", "Subject Key Identifier"):
        del ours[own], theirs[own]
    assert ours == theirs


@pytest.mark.parametrize(
    ("pem", "label", "kind"),
    [
        (lambda b: b.os.key, "ED25519 PRIVATE KEY", "ED25519 Private-Key:"),
        (lambda b: b.k8s.key, "EC PRIVATE KEY", "prime256v1"),
        (lambda b: b.etcd.key, "EC PRIVATE KEY", "prime256v1"),
        (lambda b: b.k8saggregator.key, "EC PRIVATE KEY", "prime256v1"),
        (lambda b: b.service_account_key, "RSA PRIVATE KEY", "Private-Key: (4096 bit"),
    ],
    ids=["os", "k8s", "etcd", "aggregator", "service account"],
)
def test_a_key_has_the_kind_and_label_talos_gives_it(bundle, pem, label, kind):
    text = pem(bundle)
    assert text.startswith(f"-----BEGIN {label}-----\n")
    assert text.endswith(f"-----END {label}-----\n")
    said = openssl("pkey", "-text", "-noout", given=text.replace("ED25519 PRIVATE", "PRIVATE"))
    assert kind in said


def test_tokens_and_secrets_have_talos_form(bundle):
    token = re.compile(r"[0-9a-z]{6}\.[0-9a-z]{16}")
    assert token.fullmatch(bundle.bootstrap_token)
    assert token.fullmatch(bundle.trustd_token)
    assert bundle.bootstrap_token != bundle.trustd_token
    for text in (bundle.cluster_secret, bundle.secretbox_secret):
        assert len(base64.b64decode(text, validate=True)) == 32
    assert bundle.aescbc_secret == ""


def test_a_token_uses_every_letter_equally_often():
    given = iter([bytes([252, 253, 254, 255] * 8), *[bytes(range(32))] * 9])
    assert secrets.new_token(lambda size: next(given)[:size]) == "012345.6789abcdefghijkl"


def test_the_cluster_id_is_url_safe_before_1_14_and_standard_from_then():
    high = b"\xfb\xff" * 16
    assert secrets.new_cluster_id(contracts.V1_13, lambda size: high[:size]).startswith("-__7__")
    assert secrets.new_cluster_id(contracts.V1_14, lambda size: high[:size]).startswith("+//7//")


def test_randomness_and_time_come_from_the_caller():
    def made():
        return secrets.generate(
            contracts.V1_12, now=NOW, random_bytes=numbered_bytes(), service_account=pki.new_p256
        )

    first, second = made(), made()
    assert first.cluster_id == second.cluster_id
    assert first.bootstrap_token == second.bootstrap_token
    assert [getattr(first, name).key for name in AUTHORITIES] == [
        getattr(second, name).key for name in AUTHORITIES
    ]
    assert first.os.crt == second.os.crt
    assert first.k8s.key != first.etcd.key


@pytest.mark.parametrize("name", ["golden/secrets.yaml", "stability/secrets.yaml"])
def test_a_bundle_read_and_written_is_the_same_file(reference, name):
    text = reference.text(name)
    without_comment = "".join(line for line in text.splitlines(True) if not line.startswith("#"))
    assert secrets.dump(secrets.load(text)) == without_comment


def test_a_fresh_bundle_survives_being_written(bundle):
    assert secrets.load(secrets.dump(bundle)) == bundle


def test_an_old_clusters_aescbc_secret_is_kept(quick_bundle):
    text = secrets.dump(quick_bundle).replace("secretboxenc", "aescbcenc")
    old = secrets.load(text)
    assert old.aescbc_secret == quick_bundle.secretbox_secret
    assert old.secretbox_secret == ""
    assert secrets.dump(old) == text


def test_a_token_of_digits_alone_stays_the_text_that_was_written(quick_bundle):
    text = secrets.dump(quick_bundle)
    digits = text.replace(quick_bundle.bootstrap_token, "012345.6789012345678900")
    assert secrets.load(digits).bootstrap_token == "012345.6789012345678900"


def test_no_secret_shows_when_a_bundle_is_printed(quick_bundle):
    assert "Bundle()" in repr(quick_bundle)
    assert "PRIVATE" not in repr(quick_bundle.os)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d["cluster"].pop("id"), "cluster.id is required"),
        (lambda d: d["cluster"].update(secret="c2hvcnQ="), "cluster.secret must be base64 of 32"),
        (lambda d: d["cluster"].update(secret="%"), "cluster.secret must be base64 of 32"),
        (lambda d: d["secrets"].pop("bootstraptoken"), "secrets.bootstraptoken must look like"),
        (lambda d: d["secrets"].clear(), "exactly one of secrets.secretbox"),
        (lambda d: d["secrets"].update(aescbcencryptionsecret="x"), "exactly one of"),
        (lambda d: d.pop("trustdinfo"), "trustdinfo.token is required"),
        (lambda d: d["certs"].pop("os"), "certs.os: the PEM certificate cannot be read"),
        (lambda d: d["certs"]["k8s"].update(key="******"), "certs.k8s: the key is redacted"),
        (lambda d: d["certs"]["k8s"].update(crt="x"), "certs.k8s.crt is not base64 of a PEM text"),
        (lambda d: d["certs"]["k8s"].update(crt=7), "certs.k8s.crt is not base64"),
        (lambda d: d["certs"]["k8s"].update(crt=[]), "certs.k8s.crt must be text"),
        (lambda d: d["certs"].update(k8s=d["certs"]["etcd"] | {"key": d["certs"]["k8s"]["key"]}),
         "certs.k8s: the key does not belong to the certificate"),
        (lambda d: d["certs"]["k8sserviceaccount"].update(key=secrets.encode("x")),
         "certs.k8sserviceaccount.key: not a PEM private key"),
        (lambda d: d["cluster"].update(name="x"), "cluster.name is not a part of a secrets"),
        (lambda d: d.update(more=1), "more is not a part of a secrets bundle"),
    ],
)  # fmt: skip
def test_a_bundle_talos_could_not_use_is_refused_with_the_reason(quick_bundle, change, says):
    data = yaml.load(secrets.dump(quick_bundle))
    change(data)
    with pytest.raises(Invalid, match=re.escape(says)):
        secrets.load(yaml.dump(data))


def test_everything_wrong_with_a_bundle_is_said_at_once():
    with pytest.raises(Invalid) as caught:
        secrets.load("{}")
    for part in ("cluster.id", "trustdinfo.token", "certs.os", "certs.k8sserviceaccount.key"):
        assert part in caught.value.message
    with pytest.raises(Invalid, match="is a mapping of"):
        secrets.load("- a")


@pytest.mark.parametrize("tag", ["v1.9.6", "v1.12.11", "v1.14.0-rc.1"])
def test_the_secrets_come_back_out_of_a_control_planes_config(reference, golden_secrets, tag):
    text = reference.text(f"golden/{tag}/controlplane.yaml")
    assert importing.from_machine_config(text) == golden_secrets


def test_a_config_without_all_secrets_is_refused_with_the_reason(reference):
    with pytest.raises(Invalid, match="give a control plane's"):
        importing.from_machine_config(reference.text("golden/v1.12.11/worker.yaml"))
    with pytest.raises(Invalid, match="not a machine config"):
        importing.from_machine_config("kind: HostnameConfig\n")
    text = reference.text("golden/v1.12.11/controlplane.yaml")
    redacted = re.sub(r"key: LS0\S+", 'key: "******"', text)
    with pytest.raises(Invalid, match="the key is redacted"):
        importing.from_machine_config(redacted)
    broken = re.sub(r"crt: LS0\S+", "crt: nonsense!", text)
    with pytest.raises(Invalid, match=r"machine\.ca\.crt is not base64"):
        importing.from_machine_config(broken)


def test_a_1_14_config_with_its_own_encryption_keeps_only_the_secret_talos_would_find(reference):
    documents = yaml.load_all(reference.text("golden/v1.14.0-rc.1/controlplane.yaml"))
    encryption = next(d for d in documents if d.get("kind") == "KubeEtcdEncryptionConfig")
    encryption["config"]["resources"][0]["providers"].insert(0, {"identity": {}})
    with pytest.raises(Invalid, match="exactly one of"):
        importing.from_machine_config(yaml.dump_all(documents))


@pytest.fixture
def kubeadm(tmp_path):
    """The PKI folder of a kubeadm cluster, made with openssl as kubeadm does: RSA, CN subjects."""
    for name, subject in (("ca", "kubernetes"), ("etcd/ca", "etcd-ca"), ("front-proxy-ca", "fp")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
            "-subj", f"/CN={subject}",
            "-keyout", str(tmp_path / f"{name}.key"), "-out", str(tmp_path / f"{name}.crt"),
        )  # fmt: skip
    openssl("genrsa", "-traditional", "-out", str(tmp_path / "sa.key"), "2048")
    return tmp_path


def test_a_kubeadm_clusters_pki_becomes_a_bundle(kubeadm):
    files = importing.read_kubeadm(kubeadm)
    made = importing.from_kubeadm(
        files, contracts.V1_12, now=NOW, bootstrap_token="abcdef.0123456789abcdef"
    )
    assert made.k8s == CertAndKey(files["ca.crt"], files["ca.key"])
    assert made.etcd.crt == files["etcd/ca.crt"]
    assert made.k8saggregator.crt == files["front-proxy-ca.crt"]
    assert made.service_account_key == files["sa.key"]
    assert made.bootstrap_token == "abcdef.0123456789abcdef"
    assert certificate(made.os.crt)["Subject"] == "O = talos"
    assert secrets.load(secrets.dump(made)) == made


def test_an_incomplete_or_broken_kubeadm_pki_is_refused(kubeadm, tmp_path):
    files = importing.read_kubeadm(kubeadm)
    with pytest.raises(NotFound, match=r"lacks ca\.crt, ca\.key"):
        importing.from_kubeadm(importing.read_kubeadm(tmp_path / "no"), contracts.V1_12, now=NOW)
    broken = files | {"sa.key": files["sa.key"].replace("MII", "XII", 1)}
    with pytest.raises(Invalid, match=r"sa\.key: the PEM private key cannot be read"):
        importing.from_kubeadm(broken, contracts.V1_12, now=NOW)
    swapped = files | {"ca.key": files["etcd/ca.key"]}
    with pytest.raises(Invalid, match=r"certs\.k8s: the key does not belong"):
        importing.from_kubeadm(swapped, contracts.V1_12, now=NOW)


def test_a_key_of_a_kind_talos_does_not_know_is_refused():
    dsa = openssl("genpkey", "-algorithm", "X25519")
    with pytest.raises(Invalid, match="Ed25519, ECDSA or RSA"):
        pki.load_key(dsa)
    with pytest.raises(Invalid, match="known labels are"):
        pki.load_key("-----BEGIN DSA PRIVATE KEY-----")


def test_a_ca_is_good_for_ten_years_of_365_days():
    assert timedelta(days=3650) == pki.CA_LIFETIME
