"""Two kinds of template: ours, from files, and the operators', from the database, in a sandbox."""

import dataclasses
import functools
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import jinja2

from ktizo.core import sandbox
from ktizo.core.allowance import TemplateRefused, ValueMissing

__all__ = ["TemplateRefused", "ValueMissing", "check_operator", "render_file", "render_operator"]

TEMPLATES = Path(__file__).parents[3] / "templates"


@functools.cache
def _files() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - iPXE and dnsmasq text; every value is a parsed type
    )


@functools.cache
def _file(name: str) -> jinja2.Template:
    """Return a template ready to run; Jinja's own memory looks at the file every time."""
    return _files().get_template(name)


def render_file(name: str, context: Any) -> str:
    """Render `templates/<name>` with the fields of the frozen dataclass `context`."""
    fields = {f.name: getattr(context, f.name) for f in dataclasses.fields(context)}
    return _file(name).render(fields)


def render_operator(text: str, variables: Mapping[str, object], *, name: str) -> str:
    """Render an operator's template in the sandbox; `name` says which one, for the message.

    Values are texts, numbers, None, lists of texts and mappings of texts. Raises TemplateRefused,
    also when the template takes too much time or room (core/allowance.py).
    """
    try:
        return sandbox.run(text, variables)
    except TemplateRefused as error:
        raise error.named(name) from None


def check_operator(text: str, known: Collection[str] | None = None, *, name: str) -> None:
    """Refuse a template at save time: syntax, what it may not use, variables not in `known`."""
    try:
        sandbox.check(text, known)
    except TemplateRefused as error:
        raise error.named(name) from None
