"""KubeEtcdEncryptionConfig: how kube-apiserver encrypts what it stores in etcd."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.shape import Unstructured, kept, plain


def _check(body: Body, place: Place) -> None:
    if not body.get("config"):
        place.at("config").refuse("etcd encryption config is required")


KIND = Kind(
    "KubeEtcdEncryptionConfig",
    "1.14",
    plain(config=kept(Unstructured())),
    _check,
    legacy=("cluster.secretboxEncryptionSecret", "cluster.aescbcEncryptionSecret"),
    control_plane_only=True,
)


def build(*, secretbox_key: str, name: str = "key2") -> dict[str, Any]:
    """Make the configuration Talos generates: secrets by secretbox, read back in clear too."""
    keys = [{"name": name, "secret": secretbox_key}]
    providers = [{"secretbox": {"keys": keys}}, {"identity": {}}]
    return KIND.build(config={"resources": [{"providers": providers, "resources": ["secrets"]}]})
