"""Somebody's browser: a window of a size, a theme, a session, and a watch over what it meets."""

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from .served import OFFICE, Served
from .watch import Watch

DESK: ViewportSize = {"width": 1440, "height": 900}
WAIT_MS = 20_000  # for what should come at once; these machines are busy with other things too
PHONE: ViewportSize = {"width": 390, "height": 844}


class Looks:
    """The browsers of one test."""

    def __init__(self, chromium: Browser) -> None:
        self._chromium = chromium
        self._open: list[tuple[BrowserContext, Watch]] = []

    def visit(
        self,
        box: Served,
        path: str = "/",
        who: str | None = None,
        *,
        theme: str = "light",
        size: ViewportSize = DESK,
    ) -> Page:
        """Open `path` in a new browser, signed in as `who`."""
        context = self._chromium.new_context(
            base_url=box.url,
            viewport=size,
            color_scheme="dark" if theme == "dark" else "light",
            has_touch=size is PHONE,
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="UTC",
            extra_http_headers={"X-Forwarded-For": OFFICE},
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=box.url)
        watch = Watch(box.url)
        watch.over(context)
        self._open.append((context, watch))
        if who is not None:
            cookie = {"name": "ktizo_session", "value": box.session(who), "url": box.url}
            context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(path)
        return page

    def watch_of(self, page: Page) -> Watch:
        """Return who watches this page."""
        return next(watch for context, watch in self._open if context is page.context)

    def close(self) -> None:
        """Close all windows; a failed test when one of them met something it must not."""
        problems = []
        for context, watch in self._open:
            problems += watch.verdict()
            context.close()
        assert not problems, "\n".join(dict.fromkeys(problems))
