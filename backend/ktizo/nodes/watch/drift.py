"""What a node runs against what was intended for it. Pure."""

from dataclasses import dataclass

from ktizo.core import yaml
from ktizo.core.errors import KtizoError
from ktizo.nodes.watch.look import Shown

Drift = tuple[str, str, str]  # what, intended, found
SHORT = 12  # characters of a checksum; enough to tell two apart


@dataclass(frozen=True, slots=True)
class Intended:
    """What a member of a cluster should run. `schematic` empty: a plain release, any will do."""

    talos_version: str
    schematic: str
    config: str
    config_sha256: str


def drift(intended: Intended, shown: Shown) -> tuple[Drift, ...]:
    """Return what differs; nothing when all is as intended."""
    found: list[Drift] = []
    if shown.talos_version and shown.talos_version != intended.talos_version:
        found.append(("talos_version", intended.talos_version, shown.talos_version))
    if intended.schematic and shown.schematic and shown.schematic != intended.schematic:
        found.append(("schematic", intended.schematic[:SHORT], shown.schematic[:SHORT]))
    if shown.config and not same_config(intended, shown):
        pair = intended.config_sha256[:SHORT], shown.config_sha256[:SHORT]
        found.append(("config", *pair))
    return tuple(found)


def same_config(intended: Intended, shown: Shown) -> bool:
    """Say whether both configs mean the same; the order of documents does not matter."""
    if shown.config_sha256 == intended.config_sha256:
        return True
    try:
        return _documents(shown.config) == _documents(intended.config)
    except KtizoError:
        return False


def _documents(text: str) -> list[str]:
    return sorted(yaml.dump(one) for one in yaml.load_all(text) if one)
