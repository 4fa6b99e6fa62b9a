"""axe-core, the accessibility checker, run inside a page as it stands."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
RUN = """async (rules) => {
  const only = rules.length ? { runOnly: { type: 'rule', values: rules } } : {}
  const found = await axe.run(document, { resultTypes: ['violations'], ...only })
  return found.violations.map(({ id, impact, help, nodes }) => ({
    id, impact, help, nodes: nodes.map((n) => `${n.html.slice(0, 160)} ${n.failureSummary}`),
  }))
}"""


def serious(page: Page, *rules: str) -> list[str]:
    """Return what axe finds serious or critical, by all its rules or only by some.

    Handed over by the debugger, not as a script element: the content policy stays as it is.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(SOURCE.read_text() + "\n;undefined")
    found: list[dict[str, Any]] = page.evaluate(RUN, list(rules))
    return [
        f"{one['impact']}: {one['id']} ({one['help']}): " + "; ".join(one["nodes"][:4])
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]
