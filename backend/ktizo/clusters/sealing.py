"""What this room seals, and the place each sealed text is bound to."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import fields

from ktizo.core.errors import Conflict
from ktizo.core.seal import Sealer
from ktizo.talos.pki import CertAndKey
from ktizo.talos.secrets import Bundle, assemble


class NoSecrets(Conflict):
    """The cluster has no secrets yet, so no config can be made."""


def cluster_secrets(cluster_id: int) -> str:
    """Return the place of a cluster's secrets bundle."""
    return f"clusters|{cluster_id}|secrets"


def cluster_patches(cluster_id: int) -> str:
    """Return the place of a cluster's patches."""
    return f"clusters|{cluster_id}|patches"


def member_patches(device_id: int) -> str:
    """Return the place of a machine's patches."""
    return f"clusters|members|{device_id}|patches"


def served_config(device_id: int, sha256: str) -> str:
    """Return the place of a config that was served."""
    return f"clusters|served|{device_id}|{sha256}"


def seal_patches(sealer: Sealer, patches: Mapping[str, tuple[str, ...]], place: str) -> str:
    """Return patches by scope, sealed; nothing when there are none."""
    found = {scope: list(texts) for scope, texts in patches.items() if texts}
    return sealer.seal(json.dumps(found).encode(), place) if found else ""


def open_patches(sealer: Sealer, sealed: str, place: str) -> dict[str, tuple[str, ...]]:
    """Return patches by scope."""
    if not sealed:
        return {}
    found: dict[str, list[str]] = json.loads(sealer.unseal(sealed, place))
    return {scope: tuple(texts) for scope, texts in found.items()}


def seal_bundle(sealer: Sealer, bundle: Bundle, cluster_id: int) -> str:
    """Return a checked secrets bundle, sealed: its texts by name, pairs as `os.crt`, `os.key`."""
    values: dict[str, str] = {}
    for each in fields(bundle):
        value = getattr(bundle, each.name)
        if isinstance(value, CertAndKey):
            values |= {f"{each.name}.crt": value.crt, f"{each.name}.key": value.key}
        else:
            values[each.name] = value
    return sealer.seal(json.dumps(values).encode(), cluster_secrets(cluster_id))


def open_bundle(sealer: Sealer, sealed: str, cluster_id: int) -> Bundle:
    """Return a cluster's secrets; raises NoSecrets when there are none.

    They were checked before they were sealed, and the seal says that they are the same: checking
    an RSA key again takes a quarter of a second of processor time.
    """
    if not sealed:
        raise NoSecrets("this cluster has no secrets; generate or import them first")
    return assemble(json.loads(sealer.unseal(sealed, cluster_secrets(cluster_id))))


def seal_config(sealer: Sealer, config: bytes, device_id: int, sha256: str) -> str:
    """Return a config, packed and sealed."""
    return sealer.seal(zlib.compress(config, 6), served_config(device_id, sha256))


def open_config(sealer: Sealer, sealed: str, device_id: int, sha256: str) -> bytes:
    """Return a config that was served."""
    return zlib.decompress(sealer.unseal(sealed, served_config(device_id, sha256)))
