"""An account's settings, from where a secret may come: never from the command line.

Whatever stands there is kept in the shell's history and shown by `ps`.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ktizo.cli.client import NOT_FOUND, USAGE, Client, fail
from ktizo.cli.terminal import at_terminal, typed


@dataclass(frozen=True)
class Form:
    """What a provider's account needs, as the server declares it."""

    title: str
    fields: Mapping[str, Mapping[str, Any]]  # JSON Schema of each
    required: tuple[str, ...]
    environment: Mapping[str, str]  # variable -> field

    def secret(self, name: str) -> bool:
        """Say whether a field is a secret."""
        return bool(self.fields[name].get("writeOnly"))

    def variables(self, name: str) -> list[str]:
        """Return the environment variables that give a field."""
        return [variable for variable, field in self.environment.items() if field == name]

    def label(self, name: str) -> str:
        """Return what to call a field when it is asked for."""
        about = self.fields[name]
        title, said = about.get("title", name), about.get("description", "")
        return f"{title} ({said})" if said and said.lower() != title.lower() else title


def form_of(client: Client, provider: str) -> Form:
    """Return a provider's form; ends the command when there is no such provider."""
    found = client.get("/providers")
    declared = next((one for one in found if one["name"] == provider), None)
    if declared is None:
        names = ", ".join(one["name"] for one in found)
        fail(f"there is no provider {provider}; there are {names}", NOT_FOUND)
    schema = declared["settings_schema"]
    return Form(
        title=declared["title"],
        fields=schema.get("properties", {}),
        required=tuple(schema.get("required", ())),
        environment=declared["environment"],
    )


def given(form: Form, settings: Mapping[str, str], *, from_env: bool) -> dict[str, str]:
    """Return the settings that were given; `-` is a line of standard input, or typed unseen.

    `settings` is what stands on the command line, and is refused when it has a secret.
    """
    for name, text in settings.items():
        _insist_allowed(form, name, text)
    found = _from_environment(form) if from_env else {}
    for name, text in settings.items():
        found[name] = _read(form, name) if text == "-" else text
    return found


def completed(form: Form, found: Mapping[str, str]) -> dict[str, str]:
    """Return the settings with what is missing asked for, where somebody is there to type.

    Where a provider insists on no single field, such as one with two ways to log in, every field is
    asked for and Enter leaves it out.
    """
    settings = {name: text for name, text in found.items() if text}
    missing = [name for name in form.required or form.fields if name not in settings]
    if not at_terminal():
        if form.required and missing:
            fail(f"{form.title} needs {_ways(form, missing)}", USAGE)
        return settings
    if not form.required and settings:
        return settings
    for name in missing:
        settings[name] = _asked(form, name, needed=name in form.required)
    return {name: text for name, text in settings.items() if text}


def _insist_allowed(form: Form, name: str, text: str) -> None:
    if name not in form.fields:
        known = ", ".join(form.fields)
        fail(f"{form.title} has no setting {name}; it has {known}", USAGE)
    if form.secret(name) and text not in {"", "-"}:
        variables = form.variables(name)
        way = f"set {variables[0]} and use --from-env, or " if variables else ""
        fail(
            f"{name} is a secret, and on the command line the shell's history and `ps` have it: "
            f"replace it at {form.title}, then {way}give --set {name}=- to type it or pipe it in",
            USAGE,
        )


def _from_environment(form: Form) -> dict[str, str]:
    own = os.environ  # noqa: TID251 - the providers' variables, not settings of Ktizo
    found: dict[str, tuple[str, str]] = {}
    for variable, name in form.environment.items():
        text = own.get(variable, "").strip()
        if not text:
            continue
        first, before = found.setdefault(name, (variable, text))
        if before != text:
            fail(f"{first} and {variable} differ, and both are {name}: unset one", USAGE)
    if not found:
        fail(f"none of {', '.join(form.environment)} is set", USAGE)
    return {name: text for name, (_, text) in found.items()}


def _read(form: Form, name: str) -> str:
    if at_terminal():
        return _asked(form, name, needed=True)
    text = sys.stdin.readline().strip()
    if not text:
        fail(f"no line came for {name} on standard input", USAGE)
    return text


def _asked(form: Form, name: str, *, needed: bool) -> str:
    label = form.label(name) + (":" if needed else ", or Enter:")
    text = ""
    while not text:
        text = typed(label, unseen=form.secret(name))
        if not needed:
            break
    return text


def _ways(form: Form, missing: list[str]) -> str:
    ways = []
    for name in missing:
        variables = form.variables(name)
        text = f"--set {name}={'-' if form.secret(name) else '...'}"
        ways.append(f"{name} ({text}{f', or {variables[0]} and --from-env' if variables else ''})")
    return " and ".join(ways)
