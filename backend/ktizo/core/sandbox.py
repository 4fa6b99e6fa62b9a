"""The language operators write installer configs in: a small, counted part of Jinja2.

Operators are trusted with their machines, not with this process: a template must not read what it
was not given, run anything, or hold up other machines' boots. So the tree Jinja parsed is checked
against a list of what is allowed (no calls, so no methods; no macros, blocks or imports), and
every place that could grow is wrapped in a filter that counts (grammar.py, allowance.py). Below
all of that lies Jinja's own immutable sandbox.
"""

import functools
import itertools
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Any

from jinja2 import StrictUndefined, Template, Undefined, meta, nodes
from jinja2.exceptions import TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ktizo.core import allowance as limits
from ktizo.core import filters, grammar
from ktizo.core.allowance import Allowance, TemplateRefused, ValueMissing

SOURCE_BYTES = 128 * 1024
TOKENS = 12_000  # Jinja's parser takes some 10 microseconds for each
LOOP = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"})
FILENAME = "<template>"

# SyntaxError and MemoryError come from Python's own compiler.
_TOO_DEEP = (RecursionError, MemoryError, SyntaxError)
# What a wrong template can raise while it is parsed or run.
_ITS_FAULT = (
    TemplateError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    RuntimeError,  # also StopIteration inside a generator
)


class _KeyMissing(UndefinedError):
    """A mapping has no such key; raised when the missing value is used."""


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja with items instead of attributes, counted filters, and our arithmetic."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            optimized=False,
            autoescape=False,
            loader=None,
            cache_size=0,
        )
        self.filters = dict(filters.FILTERS)
        self.tests = {name: self.tests[name] for name in grammar.TESTS}
        self.globals = {"range": _short_range}

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Compute with limits."""
        return limits.binary(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return a mapping's item or a loop's counter; never an attribute of a Python object."""
        if isinstance(obj, LoopContext) and attribute in LOOP:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return an item, or a value that says it is missing when used."""
        if isinstance(obj, Undefined):
            obj._fail_with_undefined_error()
        if not isinstance(obj, Mapping | list | tuple | str | range):
            raise TemplateRefused(f"there is no {argument!r} in this value")
        try:
            return obj[argument]
        except (LookupError, TypeError):
            if isinstance(obj, Mapping):
                hint = f"parameter {argument!r} is not given to this machine"
                return self.undefined(hint, name=str(argument), exc=_KeyMissing)
            return self.undefined(f"there is no {argument!r} in this value", name=str(argument))


def _short_range(*bounds: int) -> range:
    if any(abs(bound) >= limits.NUMBER for bound in bounds) or len(range(*bounds)) > limits.MOST:
        raise TemplateRefused(f"range() gives at most {limits.MOST} numbers")
    return range(*bounds)


ENVIRONMENT = Sandbox()


def _parse(text: str) -> nodes.Template:
    if len(text.encode(errors="replace")) > SOURCE_BYTES:
        raise TemplateRefused(f"a template has at most {SOURCE_BYTES // 1024} KiB")
    if sum(1 for _ in itertools.islice(ENVIRONMENT.lex(text), TOKENS + 1)) > TOKENS:
        raise TemplateRefused("the template has too many parts")
    return grammar.insist(ENVIRONMENT.parse(text))


@functools.lru_cache(maxsize=128)
def compiled(text: str) -> Template:
    """Return `text` ready to run; raises TemplateRefused with the line."""
    try:
        tree = grammar.Counting().visit(_parse(text)).set_environment(ENVIRONMENT)
        code = ENVIRONMENT.compile(tree, filename=FILENAME)
    except TemplateSyntaxError as error:
        raise TemplateRefused(str(error.message), error.lineno) from None
    except _TOO_DEEP:
        raise TemplateRefused("the template is nested too deeply") from None
    except _ITS_FAULT as error:
        raise TemplateRefused(f"the template cannot be read: {error}") from None
    return Template.from_code(ENVIRONMENT, code, dict(ENVIRONMENT.globals))


def check(text: str, known: Collection[str] | None = None) -> None:
    """Refuse a template that is not well-formed, or that names a variable not in `known`."""
    compiled(text)
    if known is None:
        return
    tree = _parse(text)
    strange = meta.find_undeclared_variables(tree) - set(known) - set(ENVIRONMENT.globals)
    for node in sorted(tree.find_all(nodes.Name), key=lambda each: each.lineno):
        if node.name in strange:
            there = ", ".join(sorted(known))
            raise TemplateRefused(f"no variable {node.name!r}; there are: {there}", node.lineno)


def run(text: str, variables: Mapping[str, object]) -> str:
    """Render `text`; raises TemplateRefused (ValueMissing for a parameter that is not given)."""
    template = compiled(text)
    context = template.new_context({**variables, limits.NAME: Allowance()})
    pieces: list[str] = []
    left = limits.LONGEST
    try:
        for piece in template.root_render_func(context):
            left -= len(piece)
            if left < 0:
                raise TemplateRefused(f"the result is longer than {limits.LONGEST} characters")
            pieces.append(piece)
        result = "".join(pieces)
        result.encode()  # a lone surrogate has no place in a file
    except TemplateRefused as error:
        raise TemplateRefused(error.reason, _line(template, error.__traceback__)) from None
    except _KeyMissing as error:
        raise ValueMissing(str(error), _line(template, error.__traceback__)) from None
    except _ITS_FAULT as error:
        raise TemplateRefused(str(error), _line(template, error.__traceback__)) from None
    return result


def _line(template: Template, traceback: TracebackType | None) -> int | None:
    """Return the template's line the error came from."""
    found = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == FILENAME:
            found = template.get_corresponding_lineno(traceback.tb_lineno)
        traceback = traceback.tb_next
    return found
