"""The kernel's one command line: a profile's template, filled in for one machine."""

from collections.abc import Mapping

from ktizo.boot.configs import ConfigFacts
from ktizo.boot.profile import Profile
from ktizo.core.cmdline import one_line
from ktizo.core.templates import render_operator
from ktizo.images import cmdline as images

KERNEL_ARGS = "kernel_args"  # a parameter: arguments of one machine, `-name` takes one away


def command_line(
    profile: Profile,
    parameters: Mapping[str, str],
    facts: ConfigFacts,
    of_build: str | None = None,
) -> str:
    """Return the command line of `profile` for one machine, without `initrd=`.

    `parameters` override the profile's. `of_build` is a Talos build's own line, which then takes
    the place of the profile's template: it knows what that version insists on. Raises
    TemplateRefused or CommandLineRefused.
    """
    values = facts.variables(profile, parameters, url_safe=True)
    if of_build is not None:
        known = values["parameters"]
        more = known.get(KERNEL_ARGS, "") if isinstance(known, dict) else ""
        console = known.get("console", "") if isinstance(known, dict) else ""
        own = [f"console={console}"] if console else []
        own += [*more.split(), f"talos.config={facts.config_url}"]
        return images.command_line(of_build, own)
    text = render_operator(profile.cmdline, values, name="command line")
    return one_line(text, initrds=len(profile.initrds))
