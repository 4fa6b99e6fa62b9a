"""Every kind of work there is. To add one: a module here, its line below, its word in schemas."""

from collections.abc import Mapping

from ktizo.nodes.work.apply_config import apply_config
from ktizo.nodes.work.bring_up import bring_up
from ktizo.nodes.work.engine import Doing
from ktizo.nodes.work.remove_member import remove_member
from ktizo.nodes.work.upgrade_kubernetes import upgrade_kubernetes
from ktizo.nodes.work.upgrade_talos import upgrade_talos

KINDS: Mapping[str, Doing] = {
    "bring_up": bring_up,
    "upgrade_talos": upgrade_talos,
    "upgrade_kubernetes": upgrade_kubernetes,
    "apply_config": apply_config,
    "remove_member": remove_member,
}
