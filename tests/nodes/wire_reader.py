"""A reader of the wire that knows nothing but the numbers of the reference data."""

from collections.abc import Iterator
from typing import Any


def fields_of(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        elif key & 7 == 2:
            size = varint()
            yield key >> 3, data[at : at + size]
            at += size
        else:
            raise AssertionError(f"wire type {key & 7}")


def decode(known: dict[str, Any], name: str, data: bytes) -> dict[str, Any]:
    by_number = {one["n"]: (field, one) for field, one in known["messages"].get(name, {}).items()}
    found: dict[str, Any] = {}
    for number, raw in fields_of(data):
        field, about = by_number[number]
        kind, value = about["type"], raw
        if isinstance(raw, bytes):
            value = decode(known, kind, raw) if kind in known["messages"] else raw
            value = value.decode() if kind == "string" else value
        elif kind in known["enums"]:
            value = {number: text for text, number in known["enums"][kind].items()}[raw]
        if about.get("rep"):
            found.setdefault(field, []).append(value)
        else:
            found[field] = value
    return found
