"""What no page may do: write errors to the console, break the content policy, ask elsewhere."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response

# The browser's own event, so that nothing is missed that does not reach the console.
REPORT = """
window.addEventListener('securitypolicyviolation', (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} by ${event.sourceFile}:` +
    `${event.lineNumber}:${event.columnNumber} ${event.sample}`))
"""
# Chromium writes a line for every answer of 400 and more, without saying which one it was.
_STATUS = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
_LOST = re.compile(r"Failed to load resource: net::|ERR_[A-Z_]+")


@dataclass
class Watch:
    """Everything that went wrong in the pages of one context."""

    origin: str
    problems: list[str] = field(default_factory=list)
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    expected: set[tuple[int, str]] = field(default_factory=set)
    offline: bool = False  # lost connections are part of the test

    def over(self, context: BrowserContext) -> None:
        """Begin to watch."""
        context.add_init_script(REPORT)
        context.on("page", self._page)

    def expect(self, status: int, path: str) -> None:
        """Refusals of this kind belong to the test."""
        self.expected.add((status, path))

    def _page(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("request", lambda request: self._ask(request.url))
        page.on("response", self._answer)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in {"error", "warning"}:
            return
        if _STATUS.search(message.text) or (self.offline and _LOST.search(message.text)):
            return  # `_answer` knows more of the first
        self.problems.append(f"console {message.type}: {message.text}")

    def _ask(self, url: str) -> None:
        if not url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.problems.append(f"a request to another origin: {url}")

    def _answer(self, response: Response) -> None:
        if response.status >= 400:
            path = urlsplit(response.url).path
            self.refused.append((response.status, response.request.method, path))

    def verdict(self) -> list[str]:
        """Return what was not to be."""
        unexpected = [
            f"{status} for {method} {path}"
            for status, method, path in self.refused
            if (status, path) not in self.expected
        ]
        return self.problems + unexpected
