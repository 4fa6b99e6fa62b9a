"""How Ktizo gets to a node: where its API is, and the certificate it is asked with."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ktizo.clusters import sealing
from ktizo.clusters.reading import store as reading
from ktizo.core.bootdb import BootReader
from ktizo.core.clock import utc_now
from ktizo.core.seal import Sealer
from ktizo.devices.identity import parse_uuid, same_uuid
from ktizo.nodes.client import Address, Configured, Maintenance, NodeClient, admin_access
from ktizo.nodes.errors import NoSuchResource, WrongKey
from ktizo.talos.contracts import contract

RENEW = timedelta(minutes=45)  # certificates are good for an hour
_INFORMATION = ("hardware", "SystemInformations.hardware.talos.dev", "systeminformation")


class NotItself(WrongKey):
    """Another machine of the same cluster answers at the node's address."""


@dataclass(slots=True)
class _Kept:
    edition: str
    access: Configured
    until: datetime


class Reach:
    """Makes clients for nodes. One certificate per cluster serves for three quarters of an hour."""

    def __init__(self, reader: BootReader, sealer: Sealer, *, port: int = 50000) -> None:
        self.reader = reader
        self.sealer = sealer
        self._port = port
        self._kept: dict[int, _Kept] = {}

    async def access(self, cluster_id: int) -> Configured:
        """Return access as os:admin to the nodes of a cluster; raises NoSecrets or LookupError."""
        found = await reading.cluster(self.reader, self.sealer, cluster_id)
        if found is None:
            raise LookupError(f"cluster {cluster_id} is gone")
        facts, sealed = found
        kept = self._kept.get(cluster_id)
        now = utc_now()
        if kept is None or kept.edition != facts.edition or now >= kept.until:
            bundle = sealing.open_bundle(self.sealer, sealed, cluster_id)
            access = admin_access(bundle, now=now, talos=contract(facts.talos_version))
            kept = self._kept[cluster_id] = _Kept(facts.edition, access, now + RENEW)
        return kept.access

    def client(self, host: str, access: Configured | Maintenance) -> NodeClient:
        """Return a client of the node at `host`; it dials at its first call."""
        return NodeClient(Address(host, self._port), access)


async def insist(client: NodeClient, uuid: str | None) -> None:
    """Raise NotItself unless the node is the machine with this SMBIOS UUID, where both are known.

    Two nodes of one cluster that swapped their addresses both have good certificates; an order to
    wipe must not reach the other one.
    """
    if uuid is None:
        return
    try:
        found = await client.resources.get(*_INFORMATION)
    except NoSuchResource:  # a board without DMI
        return
    said = found.spec.get("uuid") if isinstance(found.spec, dict) else None
    try:
        shown = parse_uuid(str(said or ""))
    except ValueError:
        return
    if not same_uuid(uuid, shown):
        raise NotItself(
            f"the machine at {client.address} has UUID {shown}, not {uuid}: addresses were "
            "given out anew; give the node a fixed address, or wait until it asks Ktizo again"
        )
