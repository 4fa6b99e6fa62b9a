"""Why a text is not taken as YAML. Lines and columns count from 1, as editors do.

UnreadableYaml     422  not YAML, or not the kind that is read here
├── DuplicateKey        one key twice in one mapping
├── ForbiddenTag        a tag beyond the core ones (!!str !!int !!float !!bool !!null !!map !!seq)
└── TooMuchYaml         too many bytes, too deep, or aliases that multiply
"""

from ktizo.core.errors import Invalid


class UnreadableYaml(Invalid):
    """The text is not YAML that can be read; `line` and `column` say where, when known."""

    def __init__(self, problem: str, line: int | None = None, column: int | None = None) -> None:
        where = f"line {line}, column {column}: " if line is not None else ""
        super().__init__(f"{where}{problem}", line=line, column=column)
        self.problem = problem
        self.line = line
        self.column = column


class DuplicateKey(UnreadableYaml):
    """A mapping defines one key twice; Go refuses it, PyYAML would keep the last."""


class ForbiddenTag(UnreadableYaml):
    """A tag asks for something other than plain data."""


class TooMuchYaml(UnreadableYaml):
    """More than a config can need: bytes, levels or aliases."""
