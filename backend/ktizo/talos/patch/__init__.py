"""Change a machine config as Talos's own patcher would: strategic merge, deletions, JSON 6902.

    config = parse(base_text, "v1.12")
    config = apply(config, [load(text, "v1.12") for text in patches])
    config.text()

Scopes go from general to special: the cluster's patches first, then the role's, then the device's.
"""

from ktizo.talos.patch.apply import Scopes, apply, parse, patched, scoped
from ktizo.talos.patch.load import MAX_PATCH_BYTES, Patch, load

__all__ = [
    "MAX_PATCH_BYTES",
    "Patch",
    "Scopes",
    "apply",
    "load",
    "parse",
    "patched",
    "scoped",
]
