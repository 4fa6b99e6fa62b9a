"""Every page there is, with what shows that it is there."""

from dataclasses import dataclass

from playwright.sync_api import Page, expect

from .served import Served


@dataclass(frozen=True)
class Place:
    """A page: its address, its heading, and something of its content."""

    name: str
    path: str
    heading: str
    shows: str


PLACES = (
    Place("home", "/", "Home", "Fleet"),
    Place("machines", "/machines", "Machines", "prod-w-01"),
    Place("pending", "/machines/pending", "Pending", "Pairing code"),
    Place("machine", "/machines/{prod-w-13}", "prod-w-13", "What it would boot now, and why"),
    Place("machine-inside", "/machines/{prod-w-13}?tab=inside", "prod-w-13", "Look inside"),
    Place("machine-console", "/machines/{prod-w-13}?tab=console", "prod-w-13", "said nothing yet"),
    Place("machine-node", "/machines/{prod-w-13}?tab=node", "prod-w-13", "has not answered on it"),
    Place("machine-conflict", "/machines/{conflict}", "PowerEdge", "Identity"),
    Place("clusters", "/clusters", "Clusters", "prod"),
    Place("cluster-status", "/clusters/prod", "prod", "Not brought up"),
    Place("cluster-settings", "/clusters/prod?tab=settings", "prod", "Name and address"),
    Place("cluster-members", "/clusters/prod?tab=members", "prod", "prod-cp-1"),
    Place("cluster-volumes", "/clusters/prod?tab=volumes&place=worker", "prod", "EPHEMERAL"),
    Place("cluster-patches", "/clusters/prod?tab=patches&place=worker", "prod", "Save patches"),
    Place("cluster-secrets", "/clusters/prod?tab=secrets", "prod", "Certificate authorities"),
    Place("servers", "/servers", "Servers", "No server is rented"),
    Place("servers-catalogue", "/servers/catalogue", "Catalogue of servers", "No account is on"),
    Place("servers-accounts", "/servers/accounts", "Accounts at providers", "account"),
    Place("profiles", "/profiles", "Boot profiles", "debian"),
    Place("profile", "/profiles?profile=debian", "debian", "Files"),
    Place("images", "/images", "Images", "initramfs-amd64.xz"),
    Place("images-schematics", "/images?tab=schematics", "Images", "New schematic"),
    Place("images-versions", "/images?tab=versions", "Images", "Talos"),
    Place("network", "/network", "Network", "Interface"),
    Place("network-log", "/network?tab=log", "Network", "DHCP log"),
    Place("network-loaders", "/network?tab=loaders", "Network", "Loaders"),
    Place("analytics", "/analytics", "Boot analytics", "Success rate"),
    Place("audit", "/audit", "Audit", "Is the history whole?"),
    Place("settings", "/settings", "Settings", "Where you are signed in"),
    Place("settings-people", "/settings?tab=people", "Settings", "omar"),
    Place("settings-tokens", "/settings?tab=tokens", "Settings", "API tokens"),
    Place("settings-appearance", "/settings?tab=appearance", "Settings", "As the system"),
    Place("settings-about", "/settings?tab=about", "Settings", "OpenAPI document"),
    Place("missing", "/nowhere", "There is no such page", "The address leads nowhere"),
)


def address(box: Served, place: Place) -> str:
    """Return the path, with machines' numbers in it."""
    if "{" not in place.path:
        return place.path
    machines = {one["hostname"]: one for one in box.api("GET", "devices?limit=200")["items"]}
    contested = box.api("GET", "devices?state=conflict")["items"][0]
    numbers = {"conflict": contested["id"], "prod-w-13": machines["prod-w-13"]["id"]}
    path = place.path
    for name, number in numbers.items():
        path = path.replace(f"{{{name}}}", str(number))
    return path


def settled(page: Page, place: Place) -> None:
    """Wait until the page has everything it asked for."""
    expect(page.get_by_role("heading", level=1)).to_contain_text(place.heading)
    expect(page.get_by_text(place.shows).filter(visible=True).first).to_be_visible()
    expect(page.get_by_role("main").get_by_text("Loading")).to_have_count(0)
