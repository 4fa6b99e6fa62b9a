"""Refusing, at save time, what a machine would refuse at boot; the config before stays in force."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ktizo.clusters import disks, generate
from ktizo.clusters.facts import ROLES, ClusterFacts, MemberFacts
from ktizo.clusters.generate import Prepared
from ktizo.clusters.redact import without
from ktizo.core import yaml
from ktizo.core.errors import Invalid
from ktizo.talos.compatibility import check_kubernetes
from ktizo.talos.contracts import contract
from ktizo.talos.documents import KINDS
from ktizo.talos.secrets import Bundle
from ktizo.talos.validate import validate_documents

# Stands in for a machine while a role has none.
STAND_IN = "52:54:00:00:00:01"

Made = TypeVar("Made")


class ConfigRefused(Invalid):
    """Talos would not take the config this makes; each reason names document and path."""


def cluster(
    facts: ClusterFacts, bundle: Bundle, members: Iterable[MemberFacts] = ()
) -> dict[str, Prepared]:
    """Check what both roles and every member would get; return what the roles share.

    Members that differ in nothing but names and addresses are looked at once.
    """
    check_kubernetes(contract(facts.talos_version), facts.kubernetes_version)
    shared = {role: prepared(facts, bundle, role) for role in ROLES}
    looked_at: set[object] = set()
    made_up = [stand_in(facts, role, name) for role in ROLES for name in ("stand-in", None)]
    for member in (*made_up, *members):
        kind = (
            member.role,
            member.hostname is None,
            bool(member.address),
            _kind_of_disk(member.install_disk),
            member.patches,
            member.volumes,
        )
        if kind not in looked_at:
            looked_at.add(kind)
            machine(shared[member.role], member, bundle)
    return shared


def _kind_of_disk(install_disk: str | None) -> str | bool:
    pin = disks.pinned(install_disk)
    return pin.kind if pin is not None else bool(install_disk)


def machine(shared: Prepared, member: MemberFacts, bundle: Bundle) -> tuple[str, ...]:
    """Check one machine's config; return what Talos, or we, would only warn of."""
    who = f"machine {member.device_id}" if member.device_id else f"a {member.role}"
    text, notes = refusing(who, bundle, lambda: generate.machine(shared, member))
    documents = [one for one in yaml.load_all(text) if _known(one)]
    verdict = validate_documents(documents, shared.cluster.talos_version, on_node=True)
    refusing(who, bundle, verdict.refuse)
    warnings = tuple(str(finding) for finding in verdict.warnings)
    found = dict.fromkeys((*shared.notes, *notes, *warnings))
    return tuple(without(line, bundle) for line in found)


def stand_in(facts: ClusterFacts, role: str, hostname: str | None = None) -> MemberFacts:
    """Return a machine that is not there, with nothing of its own but perhaps a name."""
    return MemberFacts(device_id=0, cluster_id=facts.id, role=role, hostname=hostname, mac=STAND_IN)


def prepared(facts: ClusterFacts, bundle: Bundle, role: str) -> Prepared:
    """Make what the machines of a role share."""
    return refusing(f"a {role}", bundle, lambda: generate.prepare(facts, bundle, role))


def refusing(who: str, bundle: Bundle, make: Callable[[], Made]) -> Made:
    """Return what `make` makes; a refusal says whose config it is and holds no secret of ours."""
    try:
        return make()
    except Invalid as error:
        findings = [
            {name: without(str(text), bundle) for name, text in finding.items()}
            for finding in error.detail.get("findings", ())
        ]
        message = f"the config of {who} would be refused: {without(error.message, bundle)}"
        # Without `from`: the first error may quote what the second left out.
        raise ConfigRefused(message, findings=findings) from None


def _known(document: Mapping[str, Any] | Any) -> bool:
    """Say whether the validator has heard of this kind; others pass, and a note said so."""
    kind = document.get("kind") if isinstance(document, dict) else None
    return not kind or kind in KINDS
