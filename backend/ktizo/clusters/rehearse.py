"""Would these patches be taken? The same checks as saving them, and nothing is saved."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ktizo.clusters import check
from ktizo.clusters.changes import Desk, facts_of, facts_of_member, special_members
from ktizo.clusters.facts import CLUSTER, ROLES
from ktizo.clusters.reading import store as reading
from ktizo.clusters.tables import ClusterRow, MemberRow
from ktizo.core.errors import KtizoError


@dataclass(frozen=True, slots=True)
class PatchVerdict:
    """What saving would say. `findings` name document, path and reason where those are known."""

    ok: bool
    message: str = ""
    findings: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


async def cluster_patches(
    desk: Desk, row: ClusterRow, scope: str, texts: Sequence[str]
) -> PatchVerdict:
    """Try the patches of one scope of a cluster."""
    facts, bundle = await facts_of(desk.session, desk.sealer, row.id)
    members = await special_members(desk.session, desk.sealer, row.id)
    trying = replace(facts, patches={**facts.patches, scope: tuple(texts)})
    try:
        shared = check.cluster(trying, bundle, members)
        warnings = [
            line
            for role in (ROLES if scope == CLUSTER else (scope,))
            for line in check.machine(shared[role], check.stand_in(trying, role), bundle)
        ]
    except KtizoError as error:
        return refused(error)
    return PatchVerdict(True, warnings=list(dict.fromkeys(warnings)))


async def member_patches(desk: Desk, row: MemberRow, texts: Sequence[str]) -> PatchVerdict:
    """Try a machine's own patches."""
    facts, bundle = await facts_of(desk.session, desk.sealer, row.cluster_id)
    place = await reading.member(reading.of_session(desk.session), row.device_id)
    if place is None:
        raise LookupError(f"machine {row.device_id} left meanwhile")
    member = await facts_of_member(desk.session, desk.sealer, place)
    try:
        shared = check.prepared(facts, bundle, member.role)
        warnings = check.machine(shared, replace(member, patches=tuple(texts)), bundle)
    except KtizoError as error:
        return refused(error)
    return PatchVerdict(True, warnings=list(warnings))


def refused(error: KtizoError) -> PatchVerdict:
    """Return what an error would have told whoever saved."""
    findings = [dict(one) for one in error.detail.get("findings", ())]
    return PatchVerdict(False, error.message, findings)
