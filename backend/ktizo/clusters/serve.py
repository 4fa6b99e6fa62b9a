"""A machine's config as it is served. The preview asks the same function, so both are equal."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakKeyDictionary

from ktizo.clusters import check, generate, sealing
from ktizo.clusters.facts import MACHINE, ROLES, ClusterFacts, MemberFacts, VolumeFacts
from ktizo.clusters.generate import Prepared
from ktizo.clusters.history import SINK, Served, ServedConfig
from ktizo.clusters.reading import store as reading
from ktizo.clusters.reading.store import Membership
from ktizo.core.bootdb import BootReader
from ktizo.core.clock import utc_now
from ktizo.core.errors import Conflict
from ktizo.core.seal import Sealer
from ktizo.core.writer import Writer
from ktizo.devices import store as devices
from ktizo.devices.facts import DeviceFacts
from ktizo.talos.secrets import Bundle

__all__ = ["Kept", "RoleDiffers", "ServedConfig", "machine_config", "note_served"]

KEPT = 4096  # configs kept in memory, of 3 to 12 kB each


class RoleDiffers(Conflict):
    """The machine was approved for one role and joined its cluster with the other."""


@dataclass(frozen=True, slots=True)
class _Shared:
    """What a cluster's machines share, for one edition of it."""

    facts: ClusterFacts
    bundle: Bundle
    roles: dict[str, Prepared] = field(repr=False)


class Kept:
    """What was computed and still holds: each cluster's shared part, and the newest configs.

    A change gives its cluster or its member another edition, so what is kept under the old one is
    never found again: changing one machine computes one.
    """

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self.shared: dict[int, _Shared] = {}
        self.configs: OrderedDict[int, tuple[object, ServedConfig]] = OrderedDict()

    def config(self, device_id: int, key: object) -> ServedConfig | None:
        """Return the config of a machine if it was made from exactly this."""
        found = self.configs.get(device_id)
        if found is None or found[0] != key:
            return None
        self.configs.move_to_end(device_id)
        return found[1]

    def keep(self, key: object, config: ServedConfig) -> None:
        """Remember a config instead of the machine's last one."""
        self.configs[config.device_id] = (key, config)
        self.configs.move_to_end(config.device_id)
        if len(self.configs) > self._limit:
            self.configs.popitem(last=False)


_KEPT: WeakKeyDictionary[Sealer, Kept] = WeakKeyDictionary()


async def machine_config(
    reader: BootReader, sealer: Sealer, device_id: int, kept: Kept | None = None
) -> ServedConfig | None:
    """Return the config of a machine; None when it belongs to no cluster.

    Raises NoSecrets or RoleDiffers when it cannot have one yet. `kept` is only given by those who
    look at what is not committed: that must not be remembered for others.
    """
    member = await reading.member(reader, device_id)
    if member is None:
        return None
    device = await devices.boot_facts_by_id(reader, device_id)
    if device is None:
        return None
    card = member.mac or device.boot_mac or (await devices.boot_macs(reader, device_id))[0]
    return await of_member(reader, sealer, member, device, card, kept)


async def of_member(
    reader: BootReader,
    sealer: Sealer,
    member: Membership,
    device: DeviceFacts,
    card: str,
    kept: Kept | None = None,
    volumes: tuple[VolumeFacts, ...] | None = None,
) -> ServedConfig | None:
    """Return the config of a machine whose rows were read already; `card` is its MAC.

    `volumes` are its own; None when they were not read yet.
    """
    _refuse_other_role(member, device.role)
    kept = _KEPT.setdefault(sealer, Kept()) if kept is None else kept
    key = key_of(member, device, card)
    found = kept.config(member.device_id, key)
    if found is not None:
        return found
    shared = await _shared(reader, sealer, kept, member)
    if shared is None:
        return None
    if volumes is None:
        volumes = await reading.own_volumes(reader, member.device_id)
    patches = sealing.open_patches(sealer, member.patches, sealing.member_patches(member.device_id))
    facts = MemberFacts(
        device_id=member.device_id,
        cluster_id=member.cluster_id,
        role=member.role,
        hostname=device.hostname,
        mac=card,
        address=member.address,
        install_disk=member.install_disk,
        patches=patches.get(MACHINE, ()),
        volumes=volumes,
    )
    prepared = shared.roles[member.role]
    if facts.patches:
        # Checked when they were saved, but the machine's name may have come or gone since.
        check.machine(prepared, facts, shared.bundle)
    who = f"machine {member.device_id}"
    config = check.refusing(who, shared.bundle, lambda: _made(prepared, facts))
    kept.keep(key, config)
    return config


def key_of(member: Membership, device: DeviceFacts, card: str) -> object:
    """Return all that a machine's config depends on; equal keys, equal bytes."""
    editions = (member.cluster_id, member.cluster_edition, member.edition)
    return (*editions, device.role, device.hostname, card)


def _made(prepared: Prepared, member: MemberFacts) -> ServedConfig:
    body = generate.machine(prepared, member)[0].encode()
    return ServedConfig(
        device_id=member.device_id,
        cluster_id=member.cluster_id,
        cluster_version=prepared.cluster.version,
        role=member.role,
        sha256=hashlib.sha256(body).hexdigest(),
        body=body,
    )


def _refuse_other_role(member: Membership, role: str | None) -> None:
    if role is not None and role != member.role:
        raise RoleDiffers(
            f"machine {member.device_id} is a {role}, and a {member.role} in its cluster; "
            "change one of the two"
        )


async def _shared(
    reader: BootReader, sealer: Sealer, kept: Kept, member: Membership
) -> _Shared | None:
    shared = kept.shared.get(member.cluster_id)
    if shared is None or shared.facts.edition != member.cluster_edition:
        found = await reading.cluster(reader, sealer, member.cluster_id)
        if found is None:
            return None
        facts, sealed = found
        bundle = sealing.open_bundle(sealer, sealed, facts.id)
        roles = {role: check.prepared(facts, bundle, role) for role in ROLES}
        shared = kept.shared[facts.id] = _Shared(facts, bundle, roles)
    return shared


def note_served(
    writer: Writer,
    sealer: Sealer,
    config: ServedConfig,
    *,
    lease_id: int,
    address: str | None = None,
    at: datetime | None = None,
) -> None:
    """Note that a machine was given `config`. Never blocks and never raises."""
    now = at or utc_now()
    served = Served(config, sealer, lease_id=lease_id, address=address, at=now, last_at=now)
    writer.put(SINK, (config.device_id, lease_id, config.sha256), served)
