"""The secrets bundle of a cluster: everything its machine configs need to trust one another.

The YAML is Talos's own secrets.yaml (`talosctl gen secrets`; talos.md §1): lower-case keys, and
certificates and keys as base64 of their PEM text.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ktizo.core import yaml
from ktizo.core.errors import Invalid
from ktizo.talos import pki
from ktizo.talos.contracts import Contract
from ktizo.talos.pki import SYSTEM_RANDOM, CertAndKey, RandomBytes

_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_TOKEN = re.compile(r"[0-9a-z]{6}\.[0-9a-z]{16}")
_CERTS = ("etcd", "k8s", "k8saggregator", "os")
# Where the YAML keeps what the bundle keeps; `name.part` is half of a pair.
_LEAVES = {
    "cluster.id": "cluster_id",
    "cluster.secret": "cluster_secret",
    "secrets.bootstraptoken": "bootstrap_token",
    "secrets.aescbcencryptionsecret": "aescbc_secret",
    "secrets.secretboxencryptionsecret": "secretbox_secret",
    "trustdinfo.token": "trustd_token",
    "certs.k8sserviceaccount.key": "service_account_key",
    **{f"certs.{name}.{part}": f"{name}.{part}" for name in _CERTS for part in ("crt", "key")},
}


@dataclass(frozen=True, slots=True)
class Bundle:
    """A cluster's secrets; none of them shows when the bundle is printed."""

    cluster_id: str = field(repr=False)  # 32 bytes, base64 (URL-safe before the 1.14 contract)
    cluster_secret: str = field(repr=False)  # 32 bytes, standard base64: an AES-256 key
    bootstrap_token: str = field(repr=False)  # [0-9a-z]{6}.[0-9a-z]{16}, as kubeadm's
    trustd_token: str = field(repr=False)  # the same form
    etcd: CertAndKey = field(repr=False)
    k8s: CertAndKey = field(repr=False)
    k8saggregator: CertAndKey = field(repr=False)
    os: CertAndKey = field(repr=False)
    service_account_key: str = field(repr=False)  # PEM
    secretbox_secret: str = field(default="", repr=False)  # 32 bytes, standard base64
    aescbc_secret: str = field(default="", repr=False)  # only of clusters begun before Talos 1.3


def generate(
    talos: Contract,
    *,
    now: datetime,
    random_bytes: RandomBytes = SYSTEM_RANDOM,
    service_account: Callable[[], pki.PrivateKey] = pki.new_rsa,
) -> Bundle:
    """Return fresh secrets with CAs valid from `now` (aware), as `talosctl gen secrets` makes."""

    def ca(organization: str | None) -> CertAndKey:
        key = pki.new_p256(random_bytes)
        return pki.new_ca(organization, key, now=now, random_bytes=random_bytes)

    edwards = pki.new_ed25519(random_bytes)
    return Bundle(
        cluster_id=new_cluster_id(talos, random_bytes),
        cluster_secret=_key32(random_bytes),
        bootstrap_token=new_token(random_bytes),
        trustd_token=new_token(random_bytes),
        etcd=ca("etcd"),
        k8s=ca("kubernetes"),
        k8saggregator=ca(None),
        os=pki.new_ca("talos", edwards, now=now, random_bytes=random_bytes),
        service_account_key=pki.key_pem(service_account()),
        secretbox_secret=_key32(random_bytes),
    )


def load(text: str | bytes) -> Bundle:
    """Read a secrets.yaml; unknown keys and everything else wrong with it is said at once."""
    data = yaml.load(text)
    if not isinstance(data, dict):
        raise Invalid("a secrets bundle is a mapping of cluster, secrets, trustdinfo and certs")
    values: dict[str, str] = {}
    problems = []
    for path, value in _leaves(data):
        try:
            values[_LEAVES.get(path, "")] = _leaf(path, value)
        except Invalid as error:
            problems.append(error.message)
    if problems:
        raise Invalid("the secrets bundle cannot be read: " + "; ".join(problems))
    bundle = assemble(values)
    check(bundle)
    return bundle


def assemble(values: Mapping[str, str]) -> Bundle:
    """Make an unchecked bundle of texts by attribute, with `etcd.crt`, `etcd.key` and so on."""
    parts: dict[str, Any] = {
        name: CertAndKey(values.get(f"{name}.crt", ""), values.get(f"{name}.key", ""))
        for name in _CERTS
    }
    parts |= {name: values.get(name, "") for name in _LEAVES.values() if "." not in name}
    return Bundle(**parts)


def dump(bundle: Bundle) -> str:
    """Return the bundle as Talos writes secrets.yaml, byte for byte."""
    secrets = {"bootstraptoken": bundle.bootstrap_token}
    if bundle.aescbc_secret:
        secrets["aescbcencryptionsecret"] = bundle.aescbc_secret
    if bundle.secretbox_secret:
        secrets["secretboxencryptionsecret"] = bundle.secretbox_secret
    return yaml.dump(
        {
            "cluster": {"id": bundle.cluster_id, "secret": bundle.cluster_secret},
            "secrets": secrets,
            "trustdinfo": {"token": bundle.trustd_token},
            "certs": {
                "etcd": encoded(bundle.etcd),
                "k8s": encoded(bundle.k8s),
                "k8saggregator": encoded(bundle.k8saggregator),
                "k8sserviceaccount": {"key": encode(bundle.service_account_key)},
                "os": encoded(bundle.os),
            },
        }
    )


def check(bundle: Bundle) -> None:
    """Refuse a bundle Talos would refuse, or whose keys do not belong to its certificates."""
    problems = [*_problems_of_texts(bundle)]
    for name in _CERTS:
        try:
            pki.check_pair(getattr(bundle, name))
        except Invalid as error:
            problems.append(f"certs.{name}: {error.message}")
    try:
        pki.load_key(bundle.service_account_key)
    except Invalid as error:
        problems.append(f"certs.k8sserviceaccount.key: {error.message}")
    if problems:
        raise Invalid("the secrets bundle is not complete: " + "; ".join(problems))


def encode(pem: str) -> str:
    """Return base64 of a PEM text on one line, as configs and bundles hold it."""
    return base64.b64encode(pem.encode()).decode()


def encoded(pair: CertAndKey) -> dict[str, str]:
    """Return a pair as configs hold it; a worker's pair has an empty key."""
    return {"crt": encode(pair.crt), "key": encode(pair.key)}


def new_cluster_id(talos: Contract, random_bytes: RandomBytes = SYSTEM_RANDOM) -> str:
    """Return 32 random bytes in the base64 variant of the contract."""
    raw = random_bytes(32)
    coded = base64.urlsafe_b64encode(raw) if talos.urlsafe_cluster_id else base64.b64encode(raw)
    return coded.decode()


def new_token(random_bytes: RandomBytes = SYSTEM_RANDOM) -> str:
    """Return a token like `2psnp2.lry8e9gycdix3bpa`; bytes of 252 and more would bias it."""
    letters = ""
    while len(letters) < 22:
        letters += "".join(_LETTERS[byte % 36] for byte in random_bytes(32) if byte < 252)
    return f"{letters[:6]}.{letters[6:22]}"


def _key32(random_bytes: RandomBytes) -> str:
    return base64.b64encode(random_bytes(32)).decode()


def decode(text: str) -> str:
    """Return the PEM text behind base64; a redacted key stays redacted."""
    if text == pki.REDACTED:
        return text
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Invalid("is not base64 of a PEM text") from error


def _leaves(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _leaf(path: str, value: Any) -> str:
    if path not in _LEAVES:
        raise Invalid(f"{path} is not a part of a secrets bundle")
    # An unquoted token of digits alone reads as a number; it is still the text that was written.
    text = str(getattr(value, "text", value))
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise Invalid(f"{path} must be text")
    if not path.startswith("certs."):
        return text
    try:
        return decode(text)
    except Invalid as error:
        raise Invalid(f"{path} {error.message}") from error


def _problems_of_texts(bundle: Bundle) -> Iterator[str]:
    if not bundle.cluster_id:
        yield "cluster.id is required"
    if not _is_key32(bundle.cluster_secret):
        yield "cluster.secret must be base64 of 32 bytes"
    if not _TOKEN.fullmatch(bundle.bootstrap_token):
        yield "secrets.bootstraptoken must look like abcdef.0123456789abcdef"
    if not bundle.trustd_token:
        yield "trustdinfo.token is required"
    if bool(bundle.secretbox_secret) == bool(bundle.aescbc_secret):
        yield (
            "exactly one of secrets.secretboxencryptionsecret and "
            "secrets.aescbcencryptionsecret is required"
        )


def _is_key32(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 32
    except (binascii.Error, ValueError):
        return False
