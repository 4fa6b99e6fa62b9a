"""One node as it is at this moment, asked of itself; what it says is news for everybody else."""

import logging
from dataclasses import dataclass, field

from ktizo.core.clock import utc_now
from ktizo.nodes.client import NodeClient
from ktizo.nodes.errors import NodeError, NoSuchResource
from ktizo.nodes.watch import intent
from ktizo.nodes.watch.drift import Drift, Intended, drift
from ktizo.nodes.watch.look import STATUS, Shown, look
from ktizo.nodes.watch.state import NodeState
from ktizo.nodes.words import without_secrets
from ktizo.nodes.work.work import Node, Work

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a node showed. `boot` differs from one boot of it to the next."""

    node: Node
    client: NodeClient = field(repr=False)
    shown: Shown = field(repr=False)
    boot: str

    @property
    def ready(self) -> bool:
        """Whether it runs and misses nothing."""
        return self.shown.status.ready and self.shown.status.state is NodeState.RUNNING

    @property
    def waits_for(self) -> str:
        """What keeps it from being ready, for people."""
        status = self.shown.status
        unmet = ", ".join(f"{name} ({why})" for name, why in status.unmet[:5])
        return f"{self.node.name} is {status.state}" + (f", waiting for {unmet}" if unmet else "")


async def stand(work: Work, device_id: int) -> Standing:
    """Look at a member of the cluster; raises NodeError, or Stopped when it is none any more."""
    node = await work.node(device_id)
    client = await work.client(node)
    shown = await look(client)
    standing = Standing(node, client, shown, await boot_of(client))
    work.site.news.tell(
        device_id,
        shown.status.state,
        ready=shown.status.ready,
        unmet=shown.status.unmet,
        talos_version=shown.talos_version or None,
        schematic=shown.schematic or None,
        config_sha256=shown.config_sha256,
        drift=await drift_of(work, device_id, shown),
        trouble=None,
        answered_at=utc_now(),
    )
    return standing


async def here(work: Work, device_id: int) -> Standing | None:
    """Look at a member; None when it cannot be asked now."""
    found = await there(work, device_id)
    return found if isinstance(found, Standing) else None


async def there(work: Work, device_id: int) -> Standing | str:
    """Look at a member; when it cannot be asked now, return why."""
    try:
        return await stand(work, device_id)
    except NodeError as error:
        log.debug("machine %d is away: %s", device_id, error.message)
        return error.message


async def boot_of(client: NodeClient) -> str:
    """Return a text that no other boot of the node has; empty when it cannot be told.

    Talos keeps its resources in memory: the machine's status is created anew with every boot.
    """
    try:
        created = (await client.resources.get(*STATUS)).created_at
    except NoSuchResource:
        return ""
    return created.isoformat() if created is not None else ""


async def intended(work: Work, device_id: int) -> Intended | None:
    """Return what a machine should run; None when that cannot be made: the cluster page says why.

    Raises Unavailable when the database is away.
    """
    reach = work.site.reach
    return await intent.intended(reach.reader, reach.sealer, device_id)


async def drift_of(work: Work, device_id: int, shown: Shown) -> tuple[Drift, ...]:
    """Return what a node runs otherwise than intended."""
    wanted = await intended(work, device_id)
    return () if wanted is None else drift(wanted, shown)


def clean(error: NodeError, config: str) -> str:
    """Return a node's words about a config, without the secrets they may quote."""
    return without_secrets(error.message, config.encode())
