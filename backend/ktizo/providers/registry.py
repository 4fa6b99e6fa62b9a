"""Every provider there is. To add one: a package here, and its name below."""

from collections.abc import Callable, Mapping

from ktizo.providers import cherry, digitalocean, hetzner, latitude, ovh, scaleway, vultr
from ktizo.providers.base import Client, Declaration

_PACKAGES = (latitude, vultr, hetzner, ovh, cherry, scaleway, digitalocean)

PROVIDERS: Mapping[str, Declaration] = {
    package.DECLARATION.name: package.DECLARATION for package in _PACKAGES
}
# Each takes its provider's settings, and for tests `transport` and `sleep`.
MAKERS: Mapping[str, Callable[..., Client]] = {
    package.DECLARATION.name: package.make for package in _PACKAGES
}
