"""An admin kubeconfig made offline, good even before the cluster is bootstrapped (talos.md §2)."""

from datetime import datetime, timedelta

from ktizo.core import yaml
from ktizo.core.errors import Invalid
from ktizo.talos import pki
from ktizo.talos.pki import SYSTEM_RANDOM, RandomBytes
from ktizo.talos.secrets import Bundle, encode

USER = "admin"
GROUP = "system:masters"
LIFETIME = timedelta(hours=8_760)
CLOCK_SKEW = timedelta(seconds=10)  # how far the API server's clock may be behind ours


def kubeconfig(
    bundle: Bundle,
    cluster_name: str,
    endpoint: str,
    *,
    now: datetime,
    lifetime: timedelta = LIFETIME,
    random_bytes: RandomBytes = SYSTEM_RANDOM,
) -> str:
    """Return a kubeconfig for `admin@<cluster>` in system:masters; write it with mode 0600."""
    if lifetime < timedelta(minutes=1):
        raise Invalid("a client certificate must be valid for a minute at least")
    pair = pki.new_client(
        bundle.k8s,
        pki.new_p256(random_bytes),
        organizations=(GROUP,),
        common_name=USER,
        key_encipherment=True,
        not_before=now - CLOCK_SKEW,
        lifetime=lifetime + CLOCK_SKEW,
        random_bytes=random_bytes,
    )
    user = f"{USER}@{cluster_name}"
    cluster = {"server": endpoint, "certificate-authority-data": encode(bundle.k8s.crt)}
    context = {"cluster": cluster_name, "namespace": "default", "user": user}
    keys = {"client-certificate-data": encode(pair.crt), "client-key-data": encode(pair.key)}
    return yaml.dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": cluster_name, "cluster": cluster}],
            "users": [{"name": user, "user": keys}],
            "contexts": [{"context": context, "name": user}],
            "current-context": user,
        }
    )
