"""The config files installers fetch, made for one machine. Pure."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from ktizo.boot.profile import Profile
from ktizo.boot.profiles import KINDS, Kind
from ktizo.core.errors import NotFound
from ktizo.core.templates import render_operator


class NoSuchConfig(NotFound):
    """This profile has no config file of that name."""


@dataclass(frozen=True, kw_only=True)
class ConfigFacts:
    """The variables of an operator's template: these names, for one machine.

    What is not known is an empty text, so that `{% if serial %}` works.
    """

    device_id: int
    hostname: str  # the operator's name for it, else node-<last six digits of its MAC>
    mac: str  # 52:54:00:aa:bb:cc, of the card it boots from
    macs: tuple[str, ...]  # of all its cards, the booting one first
    uuid: str  # SMBIOS, lower case
    serial: str  # SMBIOS; the machine's own words, so quote it: {{ serial | tojson }}
    role: str  # controlplane, worker or empty
    tags: tuple[str, ...]
    profile: str  # the profile's name
    parameters: Mapping[str, str] = field(
        default_factory=dict
    )  # the type's, the profile's, the machine's own
    base_url: str  # how this machine reaches Ktizo: http://host:port
    asset_base: str  # folder of the profile's files, without a slash at the end
    config_base: str  # folder of its config files, without a slash at the end; one-time
    config_url: str  # its config file, empty when the profile has none; one-time
    done_url: str  # GET or POST it once installed: spends the lease; one-time

    def variables(
        self, profile: Profile, parameters: Mapping[str, str], *, url_safe: bool = False
    ) -> dict[str, object]:
        """Return what a template sees; `parameters` override the profile's.

        `serial` is the only free text a machine says of itself. What cannot be printed in it
        becomes `?`, and with `url_safe` it is percent-encoded: a blank would end the argument.
        """
        values: dict[str, object] = {
            each.name: getattr(self, each.name) for each in dataclasses.fields(self)
        }
        serial = "".join(c if c.isprintable() else "?" for c in self.serial)
        values["serial"] = quote(serial, safe="") if url_safe else serial
        values["parameters"] = {
            **KINDS[profile.type].default_parameters,
            **profile.parameters,
            **self.parameters,
            **parameters,
        }
        return values


VARIABLES = frozenset(each.name for each in dataclasses.fields(ConfigFacts))


def _meta_data(facts: ConfigFacts) -> bytes:
    # JSON is YAML, which is what cloud-init reads here.
    facts_of_cloud = {
        "instance-id": f"ktizo-{facts.device_id}",
        "local-hostname": facts.hostname,
    }
    return json.dumps(facts_of_cloud, indent=2).encode() + b"\n"


def _vendor_data(facts: ConfigFacts) -> bytes:  # noqa: ARG001 - one shape for all three
    return b"#cloud-config\n{}\n"


def _network_config(facts: ConfigFacts) -> bytes:  # noqa: ARG001
    # Empty: cloud-init then keeps the network the initrd set up, and asks for it without an error.
    return b""


# What cloud-init's NoCloud source (kernel argument ds=nocloud-net;s=...) asks for beside user-data.
GENERATED: dict[str, Callable[[ConfigFacts], bytes]] = {
    "meta-data": _meta_data,
    "vendor-data": _vendor_data,
    "network-config": _network_config,
}


def config_names(profile: Profile, kind: Kind) -> tuple[str, ...]:
    """Return the file names /boot/configs/{ticket}/ answers for `profile`, its own first."""
    own = profile.config_name or kind.config_file
    if not own:
        return ()
    return (own, *GENERATED) if own == "user-data" else (own,)


def config_file(profile: Profile, kind: Kind, facts: ConfigFacts, file: str) -> bytes:
    """Return the content of `file`; raises NoSuchConfig or TemplateRefused."""
    names = config_names(profile, kind)
    if file not in names:
        there = ", ".join(names) or "none"
        raise NoSuchConfig(f"profile {profile.name} has no config {file!r}; it has: {there}")
    if file != names[0]:
        return GENERATED[file](facts)
    values = facts.variables(profile, {})
    return render_operator(profile.config_template, values, name=file).encode()
