"""Asking for secrets, and saying of them what is not secret."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from ktizo.clusters.schemas.words import Reason, Wire


class SecretsOut(Wire):
    """What can be said of a cluster's secrets without telling them."""

    there: bool
    since: datetime | None = None
    certificates: dict[str, dict[str, str]] = Field(
        {}, description="SHA-256 and last day of each CA's certificate."
    )


class Asked(Wire):
    """A secret is asked for."""

    reason: Reason


class SecretsIn(Wire):
    """Secrets to generate, or to import in one of the three forms there are.

    A cluster that has some already needs `confirm`: machines made under the old ones are lost.
    """

    secrets: Annotated[str, StringConstraints(max_length=1_000_000)] | None = Field(
        None, repr=False, description="A secrets.yaml."
    )
    machine_config: Annotated[str, StringConstraints(max_length=5_000_000)] | None = Field(
        None, repr=False, description="A control plane machine's config."
    )
    kubeadm: dict[str, str] | None = Field(
        None, repr=False, max_length=10, description="Files of /etc/kubernetes/pki, by name."
    )
    confirm: str = Field("", max_length=63, description="The cluster's name.")
    reason: Reason


class TalosconfigIn(Asked):
    """A talosconfig to make."""

    roles: list[str] = Field(["os:admin"], min_length=1, max_length=7)
    hours: int = Field(8_760, ge=1, le=87_600)


class KubeconfigIn(Asked):
    """An admin kubeconfig to make."""

    hours: int = Field(8_760, ge=1, le=87_600)
