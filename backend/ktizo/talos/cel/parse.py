"""Tokens to a tree: recursive descent over CEL's grammar (language definition, "Syntax").

Message literals (`Type{field: value}`) are not read: no environment of Talos declares a type that
a selector could usefully build.
"""

from ktizo.talos.cel.tokens import CelError, Token, tokens
from ktizo.talos.cel.tree import Call, Chain, Expression, ListOf, Literal, MapOf, Name, Select

# Loosest first; each level is left-associative.
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("<", "<=", ">", ">=", "==", "!=", "in"),
    ("+", "-"),
    ("*", "/", "%"),
)
_LEVEL = {operator: level for level, row in enumerate(_LEVELS) for operator in row}
_NUMBERS = ("int", "double")
_LITERALS = frozenset({"int", "uint", "double", "string", "bytes", "bool", "null_type"})
# cel-go's own default is 250; a selector written by a person stays far below this.
MAX_DEPTH = 60
MAX_LENGTH = 10_000


def parse(text: str) -> Expression:
    """Return the tree of `text`; raise CelError with the place and the reason."""
    if len(text) > MAX_LENGTH:
        raise CelError(0, f"expression is longer than {MAX_LENGTH} characters")
    parser = _Parser(list(tokens(text)))
    tree = parser.expression()
    parser.expect("end")
    return tree


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self, *kinds: str) -> Token | None:
        if self._token.kind not in kinds:
            return None
        self._next += 1
        return self._tokens[self._next - 1]

    def expect(self, kind: str) -> Token:
        """Take a token of `kind`, or say what stands there instead."""
        token = self._take(kind)
        if token is None:
            found = self._token
            raise CelError(found.at, f"Syntax error: mismatched input {found.text!r}, want {kind}")
        return token

    def expression(self) -> Expression:
        """`a ? b : c`, or anything tighter."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise CelError(self._token.at, f"expression is nested deeper than {MAX_DEPTH}")
        tree = self._chain(0)
        if question := self._take("?"):
            then = self._chain(0)
            self.expect(":")
            tree = Call(question.at, "_?_:_", None, (tree, then, self.expression()))
        self._depth -= 1
        return tree

    def _chain(self, least: int) -> Expression:
        tree = self._unary()
        while (level := _LEVEL.get(self._token.kind, -1)) >= least:
            steps = []
            while operator := self._take(*_LEVELS[level]):
                name = "@in" if operator.kind == "in" else f"_{operator.kind}_"
                steps.append((operator.at, name, self._chain(level + 1)))
            tree = Chain(tree, tuple(steps))
        return tree

    def _unary(self) -> Expression:
        """`!!x` has the type of `!x`: a row of signs counts as one. The two do not mix."""
        for kind in ("!", "-"):
            if sign := self._take(kind):
                while self._take(kind):
                    pass
                return Call(sign.at, f"{kind}_", None, (self._member(),))
        return self._member()

    def _member(self) -> Expression:
        tree, steps = self._primary(), 0
        while token := self._take(".", "["):
            steps += 1
            if steps > MAX_DEPTH:
                raise CelError(token.at, f"more than {MAX_DEPTH} fields or calls in a row")
            if token.kind == "[":
                tree = Call(token.at, "_[_]", None, (tree, self.expression()))
                self.expect("]")
                continue
            name = self.expect("name")
            if opened := self._take("("):
                tree = Call(opened.at, name.text, tree, self._list(")"))
            else:
                tree = Select(token.at, tree, name.text)
        return tree

    def _primary(self) -> Expression:
        if self._token.kind == "-" and self._tokens[self._next + 1].kind in _NUMBERS:
            self._next += 1
        if token := self._take(*_LITERALS):
            return Literal(token.at, token.kind, token.text)
        if token := self._take("("):
            tree = self.expression()
            self.expect(")")
            return tree
        if token := self._take("["):
            return ListOf(token.at, self._list("]"))
        if token := self._take("{"):
            return MapOf(token.at, self._pairs())
        self._take(".")
        token = self.expect("name")
        if opened := self._take("("):
            return Call(opened.at, token.text, None, self._list(")"))
        return Name(token.at, token.text)

    def _list(self, end: str) -> tuple[Expression, ...]:
        items: list[Expression] = []
        while not self._take(end):
            items.append(self.expression())
            if not self._take(","):
                self.expect(end)
                break
        return tuple(items)

    def _pairs(self) -> tuple[tuple[Expression, Expression], ...]:
        pairs: list[tuple[Expression, Expression]] = []
        while not self._take("}"):
            key = self.expression()
            self.expect(":")
            pairs.append((key, self.expression()))
            if not self._take(","):
                self.expect("}")
                break
        return tuple(pairs)
