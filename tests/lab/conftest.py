"""Lab tests: skipped with a reason where they cannot run; a failed one shows every console."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .net import remove_leftovers
from .site import OpenSite, Site, SiteSettings, failure_report, open_site
from .supplies import why_any_missing, why_no_lab

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the lab's tests; a module's NEEDS are the parts of lab-setup.sh it cannot do without.

    Skipped here, not in a fixture: then no site is opened for nothing.
    """
    ours = [item for item in items if HERE in item.path.parents]
    no_lab = why_no_lab() if ours else None
    for item in ours:
        item.add_marker(pytest.mark.lab)
        item.add_marker(pytest.mark.enable_socket)
        module = item.getparent(pytest.Module)
        needs = getattr(module.obj, "NEEDS", ()) if module else ()
        if reason := no_lab or why_any_missing(needs):
            item.add_marker(pytest.mark.skip(reason=f"lab: {reason}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and HERE in item.path.parents:
        report.sections += list(failure_report())
    return report


@pytest.fixture(scope="session")
def clean_host() -> None:
    remove_leftovers()


@pytest.fixture(scope="module")
def sites(clean_host: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSite]:
    """Return a function that opens a site; the sites are closed with the module."""
    with ExitStack() as exits:

        def open_one(settings: SiteSettings | None = None) -> Site:
            folder = tmp_path_factory.mktemp("site")
            return exits.enter_context(open_site(folder, settings))

        yield open_one


@pytest.fixture(scope="module")
def site(sites: OpenSite) -> Site:
    """An ordinary site: a router with IPv6, Ktizo with its defaults, proxy-DHCP on."""
    return sites()
