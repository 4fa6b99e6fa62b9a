"""A site: one LAN with its router and its Ktizo, and the machines that are switched on in it."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from weakref import WeakKeyDictionary

from .appliance import Appliance
from .child import Child
from .machine import Smbios, VirtualMachine
from .net import Lan
from .router import Router, RouterSettings

T = TypeVar("T")

OpenSite = Callable[..., "Site"]  # with SiteSettings, or without for an ordinary site

# Sites that are up now: what a failed test's report is made of.
OPEN: list["Site"] = []
_SHOWN: WeakKeyDictionary[Child, int] = WeakKeyDictionary()


@dataclass(frozen=True)
class SiteSettings:
    """What is special about a site."""

    # None: Ktizo is the only DHCP server
    router: RouterSettings | None = field(default_factory=RouterSettings)
    ktizo: Mapping[str, str] = field(default_factory=dict)  # KTIZO_* without the prefix
    lan: Mapping[str, object] | None = field(default_factory=dict)  # None: LAN service stays off


@dataclass
class Site:
    """What a story needs."""

    lan: Lan
    folder: Path
    ktizo: Appliance
    router: Router | None
    capture: Child
    exits: ExitStack
    machines: list[VirtualMachine] = field(default_factory=list)

    def machine(
        self,
        firmware: str = "bios",
        *,
        smbios: Smbios | None = None,
        disk: bool = True,
        memory_mb: int = 512,
    ) -> VirtualMachine:
        """Put a new machine, switched off, into the LAN; it is removed with the site."""
        made = VirtualMachine(
            self.lan, self.folder, firmware, smbios=smbios, disk=disk, memory_mb=memory_mb
        )
        self.exits.callback(made.remove)
        self.machines.append(made)
        return made

    def consoles(self) -> dict[str, list[Child]]:
        """Return every console of the site by name; a list has one per start, oldest first."""
        services = {"dhcp-capture": [self.capture], "ktizo": self.ktizo.consoles}
        if self.router:
            services["router"] = [self.router.console]
        return services | {machine.name: machine.consoles for machine in self.machines}

    def newest_consoles(self) -> dict[str, Child]:
        """Return the consoles of what runs now, or ran last."""
        return {name: starts[-1] for name, starts in self.consoles().items() if starts}


@contextmanager
def open_site(folder: Path, settings: SiteSettings | None = None) -> Iterator[Site]:
    """Bring a site up, and down again; its consoles stay in `folder`."""
    wanted = settings or SiteSettings()
    with ExitStack() as exits:
        lan = exits.enter_context(Lan())
        capture = Child("dhcp capture", lan.command("lan", *CAPTURE))
        exits.callback(capture.stop)
        capture.wait("listening on", timeout_s=10)
        router = None
        if wanted.router:
            router = exits.enter_context(Router(lan, folder, wanted.router))
        ktizo = Appliance(lan, folder, wanted.ktizo)
        exits.callback(ktizo.close)
        ktizo.start()
        site = Site(lan, folder, ktizo, router, capture, exits)
        OPEN.append(site)
        exits.callback(_close, site)
        if wanted.lan is not None:
            ktizo.serve_lan(**wanted.lan)
        yield site


CAPTURE = (
    "tcpdump",
    "-i",
    "br0",
    "-l",
    "-n",
    "-v",
    "-t",
    "udp",
    "port",
    "67",
    "or",
    "port",
    "4011",
)


def _close(site: Site) -> None:
    OPEN.remove(site)
    for name, starts in site.consoles().items():
        for number, console in enumerate(starts):
            (site.folder / f"{name}.{number}.log").write_text(console.transcript() + "\n")


@contextmanager
def together(stories: Mapping[str, Callable[[], T]]) -> Iterator[dict[str, "Future[T]"]]:
    """Tell all `stories` at once; `machine.SLOTS` keeps the number of machines that are on down."""
    with ThreadPoolExecutor(max_workers=len(stories)) as pool:
        yield {name: pool.submit(story) for name, story in stories.items()}


def failure_report(lines: int = 40) -> Iterator[tuple[str, str]]:
    """Yield name and last lines of the newest consoles of every open site.

    What an earlier failure has shown already, and has not changed since, is left out.
    """
    for site in OPEN:
        for name, console in site.newest_consoles().items():
            if _SHOWN.get(console) == len(console.text):
                continue
            _SHOWN[console] = len(console.text)
            yield f"{name} (whole, after the run: {site.folder})", console.tail(lines)
