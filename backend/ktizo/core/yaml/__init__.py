"""The one reader and writer of YAML, agreeing with Go's yaml.v3, which is what Talos reads with.

`load` and `load_all` give None, bool, int, float, str, list and dict with text keys; `dump` and
`dump_all` write what `talosctl` would, byte for byte where Go's layout is concerned.

What differs from PyYAML: only true/false are booleans (`on`, `yes`, `off` are text), no sexagesimal
numbers, 0644 and 0o644 are 420, a date stays text, a key written twice is refused with its line,
aliases are copied and bounded, tags beyond the core ones are refused, and nesting and size have an
end. A number not written in plain decimal keeps its spelling (`Spelled`), because a Go text field
takes the text.
"""

from ktizo.core.yaml.read import MAX_BYTES, MAX_DEPTH, MAX_EVENTS, load, load_all
from ktizo.core.yaml.refuse import DuplicateKey, ForbiddenTag, TooMuchYaml, UnreadableYaml
from ktizo.core.yaml.scalars import Spelled, SpelledFloat, SpelledInt
from ktizo.core.yaml.write import dump, dump_all

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_EVENTS",
    "DuplicateKey",
    "ForbiddenTag",
    "Spelled",
    "SpelledFloat",
    "SpelledInt",
    "TooMuchYaml",
    "UnreadableYaml",
    "dump",
    "dump_all",
    "load",
    "load_all",
]
