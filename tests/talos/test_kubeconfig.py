import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ktizo.core import yaml
from ktizo.core.errors import Invalid
from ktizo.talos import pki
from ktizo.talos.kubeconfig import kubeconfig
from talos.conftest import NOW
from talos.openssl import certificate, public_key, verified

ENDPOINT = "https://192.0.2.10:6443"


def pem(text):
    return base64.b64decode(text).decode()


def test_a_kubeconfig_names_the_admin_of_the_cluster(bundle):
    config = yaml.load(kubeconfig(bundle, "home", ENDPOINT, now=NOW))
    assert config["current-context"] == "admin@home"
    assert config["contexts"] == [
        {
            "context": {"cluster": "home", "namespace": "default", "user": "admin@home"},
            "name": "admin@home",
        }
    ]
    (cluster,) = config["clusters"]
    assert cluster["name"] == "home"
    assert cluster["cluster"]["server"] == ENDPOINT
    assert pem(cluster["cluster"]["certificate-authority-data"]) == bundle.k8s.crt
    assert (config["apiVersion"], config["kind"]) == ("v1", "Config")


def test_its_certificate_makes_the_bearer_an_admin_for_a_year(bundle, tmp_path):
    (user,) = yaml.load(kubeconfig(bundle, "home", ENDPOINT, now=NOW))["users"]
    crt = pem(user["user"]["client-certificate-data"])
    key = pem(user["user"]["client-key-data"])
    facts = certificate(crt)
    assert facts["Subject"] == "O = system:masters, CN = admin"
    assert facts["Issuer"] == "O = kubernetes"
    assert facts["Signature Algorithm"] == "ecdsa-with-SHA256"
    assert facts["Key Usage: critical"] == "Digital Signature, Key Encipherment"
    assert facts["Extended Key Usage"] == "TLS Web Client Authentication"
    assert facts["Not Before"] == "Nov 21 11:59:50 2026 GMT"
    assert facts["Not After"] == "Nov 21 12:00:00 2027 GMT"
    assert key.startswith("-----BEGIN EC PRIVATE KEY-----\n")
    assert public_key("x509", crt) == public_key("pkey", key)
    assert "OK" in verified(bundle.k8s.crt, crt, "sslclient", tmp_path)


def test_an_rsa_ca_taken_over_from_kubeadm_signs_too(quick_bundle):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    bundle = replace(quick_bundle, k8s=pki.new_ca("kubernetes", key, now=NOW))
    (user,) = yaml.load(kubeconfig(bundle, "home", ENDPOINT, now=NOW))["users"]
    facts = certificate(pem(user["user"]["client-certificate-data"]))
    assert facts["Signature Algorithm"] == "sha256WithRSAEncryption"


def test_the_lifetime_is_the_callers_choice(bundle):
    text = kubeconfig(bundle, "home", ENDPOINT, now=NOW, lifetime=timedelta(hours=2))
    (user,) = yaml.load(text)["users"]
    facts = certificate(pem(user["user"]["client-certificate-data"]))
    assert facts["Not After"] == "Nov 21 14:00:00 2026 GMT"
    with pytest.raises(Invalid, match="valid for a minute"):
        kubeconfig(bundle, "home", ENDPOINT, now=NOW, lifetime=timedelta(seconds=1))
