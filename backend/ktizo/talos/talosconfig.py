"""A talosconfig made offline: a client certificate of the cluster's Talos CA (talos.md §2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ktizo.core import yaml
from ktizo.core.errors import Invalid
from ktizo.talos import pki
from ktizo.talos.contracts import V1_14, Contract
from ktizo.talos.pki import SYSTEM_RANDOM, CertAndKey, RandomBytes
from ktizo.talos.secrets import Bundle, encode

ADMIN = "os:admin"
LIFETIME = timedelta(hours=8_760)


@dataclass(frozen=True, slots=True)
class Access:
    """What a client may do, and until when; a role is an organization in its certificate."""

    roles: tuple[str, ...] = (ADMIN,)
    lifetime: timedelta = LIFETIME

    def check(self, talos: Contract) -> None:
        """Refuse roles this Talos does not know, and a lifetime that is over at once."""
        unknown = sorted(set(self.roles) - talos.roles)
        if unknown or not self.roles:
            known = ", ".join(sorted(talos.roles))
            raise Invalid(f"Talos {talos} has no role {', '.join(unknown)!r}; it has {known}")
        if self.lifetime < timedelta(minutes=1):
            raise Invalid("a client certificate must be valid for a minute at least")


def client_certificate(
    bundle: Bundle,
    access: Access,
    *,
    now: datetime,
    talos: Contract = V1_14,
    random_bytes: RandomBytes = SYSTEM_RANDOM,
) -> CertAndKey:
    """Return an Ed25519 client certificate for the Talos API, valid from `now` (aware)."""
    access.check(talos)
    return pki.new_client(
        bundle.os,
        pki.new_ed25519(random_bytes),
        organizations=access.roles,
        not_before=now,
        lifetime=access.lifetime,
        random_bytes=random_bytes,
    )


def talosconfig(
    bundle: Bundle,
    cluster_name: str,
    *,
    now: datetime,
    access: Access | None = None,
    endpoints: Sequence[str] = (),
    nodes: Sequence[str] = (),
    talos: Contract = V1_14,
    random_bytes: RandomBytes = SYSTEM_RANDOM,
) -> str:
    """Return a talosconfig as `talosctl gen config` writes it: one context, named as the cluster.

    It holds a private key: write it with mode 0600.
    """
    pair = client_certificate(
        bundle, access or Access(), now=now, talos=talos, random_bytes=random_bytes
    )
    context = {
        "endpoints": list(endpoints),
        **({"nodes": list(nodes)} if nodes else {}),
        "ca": encode(bundle.os.crt),
        "crt": encode(pair.crt),
        "key": encode(pair.key),
    }
    return yaml.dump({"context": cluster_name, "contexts": {cluster_name: context}})
