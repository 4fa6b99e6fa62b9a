"""What would change on a running node, said by the node itself: a dry run, and nothing is kept."""

import difflib
from typing import Any

from ktizo.clusters import serve
from ktizo.clusters.preview import REDACTING
from ktizo.clusters.redact import redacted
from ktizo.core import yaml
from ktizo.core.errors import Conflict
from ktizo.nodes.client.results import Applied, ApplyMode
from ktizo.nodes.errors import Rejected
from ktizo.nodes.roster import line, node_of
from ktizo.nodes.schemas import ConfigPlan
from ktizo.nodes.watch.drift import Intended, same_config
from ktizo.nodes.watch.look import look
from ktizo.nodes.words import without_secrets
from ktizo.nodes.work.work import Site

WORDS = 500  # characters of the node's own words
# Where Talos's summary of a dry run begins to quote the config.
_QUOTES = ("Config diff", "---", "+++", "@@", "Documents diff")


class NoConfig(Conflict):
    """The machine has no config it should have."""


async def plan(site: Site, device_id: int) -> ConfigPlan:
    """Return how a node's config differs from the one it should have, and how it would apply it.

    Raises NoConfig, NotInACluster or NodeError.
    """
    async with site.database.read() as session:
        node = await node_of(session, site.news, device_id)
    reach = site.reach
    config = await serve.machine_config(reach.reader, reach.sealer, device_id)
    if config is None:
        raise NoConfig(f"machine {device_id} belongs to no cluster")
    async with line(reach, node) as client:
        shown = await look(client)
        applied, refusal = Applied(ApplyMode.AUTO, "", ()), ""
        try:
            applied = await client.apply_configuration(
                config.body, mode=ApplyMode.AUTO, dry_run=True
            )
        except Rejected as error:
            refusal = f"refused: {error.message}"
    intended = Intended("", "", config.body.decode(), config.sha256)
    differs = not same_config(intended, shown)
    key = reach.sealer.subkey(REDACTING)

    def safe(words: str) -> str:
        """Leave out what a node quotes of either config's secrets."""
        for text in (config.body, shown.config.encode()):
            words = without_secrets(words, text)
        return words[:WORDS]

    return ConfigPlan(
        device_id=device_id,
        differs=differs,
        diff=_diff(shown.config, intended.config, key) if differs else "",
        mode="refused" if refusal else applied.mode,
        said=safe(refusal or _words(applied.details)),
        warnings=[safe(one) for one in applied.warnings],
    )


def _diff(running: str, intended: str, key: bytes) -> str:
    old, new = (redacted(_sorted(text), key).splitlines() for text in (running, intended))
    return "\n".join(difflib.unified_diff(old, new, "running", "intended", lineterm=""))


def _sorted(config: str) -> str:
    """Return the documents in one order, which means nothing to Talos."""

    def name(document: dict[str, Any]) -> tuple[str, str]:
        return str(document.get("kind", "")), str(document.get("name", ""))

    documents = [one for one in yaml.load_all(config) if isinstance(one, dict)]
    return yaml.dump_all(sorted(documents, key=name))


def _words(details: str) -> str:
    """Return a node's words on a dry run, up to where they quote the config."""
    said = []
    for one in details.splitlines():
        if one.strip().startswith(_QUOTES):
            break
        said.append(one.strip())
    return " ".join(filter(None, said))
