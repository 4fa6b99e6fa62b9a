"""The kernel's one command line: a profile's template, filled in for one machine."""

from collections.abc import Iterable, Mapping

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
    sinks: Iterable[str] = (),
) -> str:
    """Return the command line of `profile` for one machine, without `initrd=`.

    `parameters` override the profile's. `of_build` is a Talos build's own line, which then takes
    the place of the profile's template: it knows what that version insists on. `sinks`: where
    Talos tells what it does (boot/sinks.py); `kernel_args` may take them away, and a template that
    names one itself keeps its own. Raises TemplateRefused or CommandLineRefused.
    """
    values = facts.variables(profile, parameters, url_safe=True)
    known = values["parameters"]
    more = str(known.get(KERNEL_ARGS, "")).split() if isinstance(known, dict) else []
    if of_build is not None:
        console = known.get("console", "") if isinstance(known, dict) else ""
        own = [f"console={console}"] if console else []
        own += [*sinks, *more, f"talos.config={facts.config_url}"]
        return images.command_line(of_build, own)
    text = render_operator(profile.cmdline, values, name="command line")
    named = {one.partition("=")[0] for one in text.split()}
    named |= {one[1:] for one in more if one.startswith("-")}
    told = [one for one in sinks if one.partition("=")[0] not in named]
    return one_line(" ".join([text.strip(), *told]), initrds=len(profile.initrds))
