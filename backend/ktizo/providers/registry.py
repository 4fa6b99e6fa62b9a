"""Every provider there is. To add one: a package here, and its line below."""

from collections.abc import Mapping

from ktizo.providers import cherry, digitalocean, hetzner, latitude, ovh, scaleway, vultr
from ktizo.providers.base import Declaration

PROVIDERS: Mapping[str, Declaration] = {
    package.DECLARATION.name: package.DECLARATION
    for package in (latitude, vultr, hetzner, ovh, cherry, scaleway, digitalocean)
}
