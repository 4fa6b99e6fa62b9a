"""Which part of Jinja2 operators may write, and where its cost is counted."""

from collections.abc import Callable, Iterator
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from ktizo.core import filters
from ktizo.core.allowance import NUMBER, TemplateRefused

NODES = 4_000
DEPTH = 60  # of expressions and blocks inside each other
TESTS = frozenset({"defined", "undefined", "none", "string", "number"})

_PLAIN: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.BinExpr,
    nodes.UnaryExpr,
    nodes.Concat,
    nodes.Getitem,
    nodes.Slice,
    nodes.List,
    nodes.Tuple,
    nodes.Keyword,
)


def walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Give every node once; refuses a tree too deep or too large, so that recursion is safe."""
    waiting, count = [(tree, 0)], 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if depth > DEPTH or count > NODES:
            what = "is nested too deeply" if depth > DEPTH else "has too many parts"
            raise TemplateRefused(f"the template {what}", node.lineno)
        yield node
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())


def insist(tree: nodes.Template) -> nodes.Template:
    """Return `tree` if every node of it is part of the language; raises TemplateRefused."""
    for node in walk(tree):
        if not isinstance(node, _PLAIN):
            rule = _RULES.get(type(node), _not_ours)
            fault = rule(node)
            if fault:
                raise TemplateRefused(fault, node.lineno)
    return tree


def _not_ours(node: nodes.Node) -> str:
    return f"{type(node).__name__.lower()} is not for these templates"


def _name(node: Any) -> str | None:
    name = node.name if isinstance(node, nodes.Name) else node.attr
    return f"names beginning with _ are not for templates: {name}" if name[0] == "_" else None


def _filter(node: Any) -> str | None:
    if node.node is None or node.dyn_args or node.dyn_kwargs:
        return "write a filter as value | filter(arguments)"
    if node.name in filters.PUBLIC:
        return None
    return f"no filter {node.name!r}; there are: {', '.join(filters.PUBLIC)}"


def _test(node: Any) -> str | None:
    if node.name in TESTS and not (node.args or node.kwargs or node.dyn_args or node.dyn_kwargs):
        return None
    return f"no test {node.name!r}; there are: {', '.join(sorted(TESTS))}"


def _call(node: Any) -> str | None:
    named = isinstance(node.node, nodes.Name) and node.node.name == "range"
    if named and not (node.kwargs or node.dyn_args or node.dyn_kwargs):
        return None
    return "functions and methods cannot be called, except range(); use a filter"


def _constant(node: Any) -> str | None:
    value = node.value
    if isinstance(value, int | float) and not abs(value) < NUMBER:
        return "a number is too large"
    return None if value is None or isinstance(value, str | int | float) else _not_ours(node)


def _target(node: Any) -> str | None:
    if getattr(node, "recursive", False):
        return "a recursive loop is not needed here"
    names = node.target.items if isinstance(node.target, nodes.Tuple) else [node.target]
    return None if all(type(name) is nodes.Name for name in names) else "name a plain variable"


_RULES: dict[type[nodes.Node], Callable[[Any], str | None]] = {
    nodes.Name: _name,
    nodes.Getattr: _name,
    nodes.Filter: _filter,
    nodes.Test: _test,
    nodes.Call: _call,
    nodes.Const: _constant,
    nodes.For: _target,
    nodes.Assign: _target,
}


def _wrap(node: Any, name: str, *args: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)


class Counting(NodeTransformer):
    """Puts a counting filter around every place where a value grows, is compared or printed.

    Straight-line code is bounded by the size of its source, so loops pay for their whole body.
    """

    def visit_Output(self, node: nodes.Output) -> nodes.Node:  # noqa: D102, N802 - Jinja's name
        self.generic_visit(node)
        node.nodes = [
            part if isinstance(part, nodes.TemplateData) else _wrap(part, "_print")
            for part in node.nodes
        ]
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: D102, N802
        steps = sum(1 for _ in walk(node))
        self.generic_visit(node)
        node.iter = _wrap(node.iter, "_each", nodes.Const(steps, lineno=node.lineno))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: D102, N802
        self.generic_visit(node)
        node.nodes = [_wrap(part, "_print") for part in node.nodes]
        return _wrap(node, "_print")

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: D102, N802
        self.generic_visit(node)
        node.expr = _wrap(node.expr, "_weigh")
        for operand in node.ops:
            operand.expr = _wrap(operand.expr, "_weigh")
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: D102, N802
        self.generic_visit(node)
        return _wrap(node, "_weigh") if isinstance(node.arg, nodes.Slice) else node

    def visit_List(self, node: nodes.List | nodes.Tuple) -> nodes.Node:  # noqa: D102, N802
        self.generic_visit(node)
        if getattr(node, "ctx", "load") == "load":
            node.items = [_wrap(item, "_scalar") for item in node.items]
        return node

    visit_Tuple = visit_List  # noqa: N815
