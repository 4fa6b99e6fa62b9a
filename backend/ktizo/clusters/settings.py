"""A cluster's settings, from the wire to its row and back."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from ktizo.clusters import store
from ktizo.clusters.changes import Desk, check_all
from ktizo.clusters.schemas import SettingsIn
from ktizo.clusters.tables import ClusterRow
from ktizo.core.errors import Invalid
from ktizo.talos.contracts import contract

FIELDS = tuple(SettingsIn.model_fields)
DISKS = ("install_disk", "install_disk_selector", "install_disk_match")


class SettingsInvalid(Invalid):
    """The settings do not hold together."""


def write(row: ClusterRow, wanted: SettingsIn) -> list[str]:
    """Put settings into a row; return the names of those that changed."""
    values = wanted.model_dump()
    if values["kubernetes_version"] is None:
        values["kubernetes_version"] = contract(wanted.talos_version).default_kubernetes
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    return changed


def read(row: ClusterRow) -> dict[str, Any]:
    """Return a row's settings as the wire has them."""
    return {name: getattr(row, name) for name in FIELDS}


async def change(desk: Desk, row: ClusterRow, changes: Mapping[str, Any]) -> ClusterRow:
    """Change some settings; the whole must hold together, or nothing is changed."""
    before = read(row)
    if any(changes.get(name) for name in DISKS):
        # Naming the disk one way is saying goodbye to the other.
        before |= {"install_disk": None, "install_disk_selector": {}, "install_disk_match": None}
    return await replace(desk, row, _whole({**before, **changes}))


async def replace(desk: Desk, row: ClusterRow, wanted: SettingsIn) -> ClusterRow:
    """Give a cluster these settings."""
    changed = write(row, wanted)
    if changed:
        await store.save_cluster(desk.session, row)
        await check_all(desk.session, desk.sealer, row.id)
        await desk.note("changed", f"cluster {row.name}", fields=changed)
    return row


def _whole(values: Mapping[str, Any]) -> SettingsIn:
    try:
        return SettingsIn.model_validate(values)
    except ValidationError as error:
        found = [
            {"where": ".".join(map(str, each["loc"])) or "settings", "problem": each["msg"]}
            for each in error.errors(include_input=False, include_url=False)
        ]
        first = f"{found[0]['where']}: {found[0]['problem']}"
        raise SettingsInvalid(first, errors=found) from None
