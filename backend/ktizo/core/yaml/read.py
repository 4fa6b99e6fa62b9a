"""Read YAML: libyaml finds the events, this file makes values of them and keeps the bounds."""

from collections.abc import Iterator
from typing import Any, NoReturn

import yaml

from ktizo.core.yaml.refuse import DuplicateKey, ForbiddenTag, TooMuchYaml, UnreadableYaml
from ktizo.core.yaml.scalars import SpelledInt, resolve

MAX_BYTES = 10_000_000 - 1  # a 10 MB patch is refused
MAX_DEPTH = 100  # levels of nesting; Kubernetes manifests stay below 30
MAX_EVENTS = 1_000_000  # scalars and brackets, about 3 s of work; a config has 500
ALIAS_BUDGET = 1_000_000  # values plus characters that aliases may add to a text

_CORE = "tag:yaml.org,2002:"
_NO_TAG = (None, "!")
_SCALAR_TAGS: dict[str, tuple[str, type]] = {
    f"{_CORE}null": ("!!null", type(None)),
    f"{_CORE}bool": ("!!bool", bool),
    f"{_CORE}int": ("!!int", int),
    f"{_CORE}float": ("!!float", float),
}


def load(text: str | bytes) -> Any:
    """Return the one document in `text`, None when it is empty; several documents are refused."""
    documents = _Reader(text).documents()
    value = next(documents, None)
    if next(documents, documents) is not documents:
        raise UnreadableYaml("one document was expected, and there are more")
    return value


def load_all(text: str | bytes) -> list[Any]:
    """Return every document of `text` in order; an empty one is None, an empty text has none."""
    return list(_Reader(text).documents())


def _decoded(text: str | bytes) -> str:
    """Return `text` as characters; refuse what is too long or not UTF-8."""
    size = len(text)
    try:
        if isinstance(text, bytes):
            text = text.decode() if size <= MAX_BYTES else ""
        elif size <= MAX_BYTES < 4 * size:
            size = len(text.encode())
    except UnicodeError as error:
        raise UnreadableYaml("the text is not UTF-8") from error
    if size > MAX_BYTES:
        raise TooMuchYaml(f"{size:,} bytes of YAML; at most {MAX_BYTES:,} are read")
    return text


class _Reader:
    """One pass over the events of a text; recursion ends at MAX_DEPTH."""

    def __init__(self, text: str | bytes) -> None:
        self._text = _decoded(text)
        try:
            self._events = yaml.CBaseLoader(self._text)
        except UnicodeError as error:
            raise UnreadableYaml("the text is not UTF-8") from error
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._spent = 0  # of ALIAS_BUDGET
        self._weight = 0  # values and characters so far
        self._left = MAX_EVENTS

    def documents(self) -> Iterator[Any]:
        self._next()  # stream start
        while not isinstance(self._next(), yaml.StreamEndEvent):
            self._anchors.clear()
            yield self._value(self._next(), 0)
            self._next()  # document end

    def _next(self) -> Any:
        self._left -= 1
        if not self._left:
            raise TooMuchYaml(f"more than {MAX_EVENTS:,} values")
        try:
            return self._events.get_event()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problem = str(error.problem or error.context)
            if mark is None:
                raise UnreadableYaml(problem) from error
            raise UnreadableYaml(problem, mark.line + 1, mark.column + 1) from error
        except yaml.reader.ReaderError as error:
            before = self._text.encode()[: int(error.position)].decode(errors="ignore")
            line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
            raise UnreadableYaml(str(error.reason), line, column) from error
        except UnicodeError as error:
            raise UnreadableYaml("the text is not UTF-8") from error

    def _value(self, event: Any, depth: int) -> Any:
        kind = type(event)
        if kind is yaml.AliasEvent:
            return self._alias(event)
        before = self._weight
        if kind is yaml.ScalarEvent:
            text = event.value
            self._weight += 1 + len(text)
            plain = event.tag in _NO_TAG and not event.style
            value = resolve(text) if plain else self._written_out(event)
        else:
            self._weight += 1
            if depth >= MAX_DEPTH:
                self._refuse(event, f"more than {MAX_DEPTH} levels of nesting", TooMuchYaml)
            is_map = kind is yaml.MappingStartEvent
            self._check_tag(event, "map" if is_map else "seq")
            value = self._mapping(depth + 1) if is_map else self._sequence(depth + 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, self._weight - before)
        return value

    def _sequence(self, depth: int) -> list[Any]:
        items = []
        while type(event := self._next()) is not yaml.SequenceEndEvent:
            items.append(self._value(event, depth))
        return items

    def _mapping(self, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        merged: list[dict[str, Any]] | None = None
        while type(event := self._next()) is not yaml.MappingEndEvent:
            key = self._key(event)
            if key in values or (key == "<<" and merged is not None):
                self._refuse(event, f"key {key!r} is already defined in this mapping", DuplicateKey)
            value = self._value(self._next(), depth)
            if key == "<<" and not event.style and event.tag is None:
                merged = self._to_merge(event, value)
            else:
                values[key] = value
        for source in merged or ():
            for key, value in source.items():
                values.setdefault(key, value)
        return values

    def _key(self, event: Any) -> str:
        """Return the key's text as written: a Go map of text keys takes 0644 as the text 0644."""
        kind = type(event)
        if kind is yaml.AliasEvent:
            value = self._alias(event)
            if not isinstance(value, str):
                self._refuse(event, "a key must be text")
            return value
        if kind is not yaml.ScalarEvent:
            self._refuse(event, "a key must be text, not a mapping or a list")
        text: str = event.value
        self._weight += 1 + len(text)
        plain = event.tag in _NO_TAG and not event.style
        if (resolve(text) if plain else self._written_out(event)) is None:
            self._refuse(event, "a key must not be empty or null")
        if event.anchor is not None:
            self._anchors[event.anchor] = (text, 1 + len(text))
        return text

    def _to_merge(self, event: Any, value: Any) -> list[dict[str, Any]]:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            self._refuse(event, "a merge (<<) takes a mapping or a list of mappings")
        return sources

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            self._refuse(event, f"alias *{event.anchor} names nothing defined before it")
        value, weight = self._anchors[event.anchor]
        self._spent += weight
        self._weight += weight
        if self._spent > ALIAS_BUDGET:
            self._refuse(event, "aliases multiply this text beyond reason", TooMuchYaml)
        return _copy(value)

    def _written_out(self, event: Any) -> Any:
        """Return a quoted scalar's text, or what an explicit core tag makes of a scalar."""
        if event.tag in _NO_TAG or event.tag == f"{_CORE}str":
            return event.value
        if event.tag not in _SCALAR_TAGS:
            self._refuse(event, f"the tag {event.tag} is not read here", ForbiddenTag)
        name, wanted = _SCALAR_TAGS[event.tag]
        value = resolve(event.value)
        if wanted is float and type(value) in (int, SpelledInt):
            value = float(value)
        if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
            self._refuse(event, f"cannot read {event.value!r} as {name}")
        return value

    def _check_tag(self, event: Any, expected: str) -> None:
        if event.tag not in _NO_TAG and event.tag != f"{_CORE}{expected}":
            self._refuse(event, f"the tag {event.tag} is not read here", ForbiddenTag)

    def _refuse(
        self, event: Any, problem: str, error: type[UnreadableYaml] = UnreadableYaml
    ) -> NoReturn:
        raise error(problem, event.start_mark.line + 1, event.start_mark.column + 1)


def _copy(value: Any) -> Any:
    """Copy lists and dicts, so that changing one use of an anchor never changes another."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value
