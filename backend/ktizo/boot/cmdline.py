"""The kernel's one command line: a profile's template, filled in for one machine."""

from collections.abc import Mapping

from ktizo.boot.configs import ConfigFacts
from ktizo.boot.profile import Profile
from ktizo.core.cmdline import one_line
from ktizo.core.templates import render_operator


def command_line(profile: Profile, parameters: Mapping[str, str], facts: ConfigFacts) -> str:
    """Return the command line of `profile` for one machine, without `initrd=`.

    `parameters` override the profile's. Raises TemplateRefused or CommandLineRefused.
    """
    values = facts.variables(profile, parameters, url_safe=True)
    text = render_operator(profile.cmdline, values, name="command line")
    return one_line(text, initrds=len(profile.initrds))
