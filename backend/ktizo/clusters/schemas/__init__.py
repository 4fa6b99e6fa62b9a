"""Wire shapes of clusters. Bounds are here; what Talos would refuse is said by `check`."""

from ktizo.clusters.schemas.configs import Diff, Generated, Preview, Regenerated, ServedOut
from ktizo.clusters.schemas.members import MemberIn, MemberOut, Place
from ktizo.clusters.schemas.secrets import Asked, KubeconfigIn, SecretsIn, SecretsOut, TalosconfigIn
from ktizo.clusters.schemas.settings import (
    ClusterOut,
    Mirror,
    NewCluster,
    PatchesIn,
    SettingsChange,
    SettingsIn,
)
from ktizo.clusters.schemas.volumes import VolumeIn, VolumeOut
from ktizo.clusters.schemas.words import Reason, Role, Scope

__all__ = [
    "Asked",
    "ClusterOut",
    "Diff",
    "Generated",
    "KubeconfigIn",
    "MemberIn",
    "MemberOut",
    "Mirror",
    "NewCluster",
    "PatchesIn",
    "Place",
    "Preview",
    "Reason",
    "Regenerated",
    "Role",
    "Scope",
    "SecretsIn",
    "SecretsOut",
    "ServedOut",
    "SettingsChange",
    "SettingsIn",
    "TalosconfigIn",
    "VolumeIn",
    "VolumeOut",
]
