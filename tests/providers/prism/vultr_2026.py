"""Vultr's specification of 2023-02 with what its API has learnt for bare metal until 2026.

The delta is reference data too: texts such as "raid1|jbod|none" or "array[string]" by field.
"""

import re
from typing import Any

from .specs import Document, found, read

DELTA = "vultr-2026-baremetal-delta.json"
ENDPOINT = re.compile(r"(POST|PATCH) /v2(/\S+)")
# "if used, os_id must be 159": an order whose chain URL comes without it is refused [delta].
CHAINED = {
    "anyOf": [
        {"not": {"required": ["ipxe_chain_url"]}},
        {"required": ["os_id"], "properties": {"os_id": {"type": "integer", "enum": [159]}}},
    ]
}


def amend(document: Document) -> None:
    """Add the new fields to the bodies that take them."""
    told = read(found(DELTA))
    for endpoint, fields in told.items():
        if matched := ENDPOINT.fullmatch(endpoint):
            body = _body(document, matched[1].lower(), matched[2])
            for name, words in fields.items():
                body["properties"][name] = schema(words)
    order = _body(document, "post", "/bare-metals")
    order["allOf"] = [CHAINED]


def schema(words: str) -> dict[str, Any]:
    """Return the schema that the delta's words stand for."""
    kind = words.partition(";")[0]
    if kind.startswith("array["):
        return {"type": "array", "items": {"type": kind.removeprefix("array[").rstrip("]")}}
    if "|" in kind:
        return {"type": "string", "enum": kind.split("|")}
    return {"type": kind}


def _body(document: Document, method: str, path: str) -> dict[str, Any]:
    wanted = re.sub(r"\{[^}]*\}", "{}", path)
    [item] = [
        item
        for template, item in document["paths"].items()
        if re.sub(r"\{[^}]*\}", "{}", template) == wanted
    ]
    found_body: dict[str, Any] = item[method]["requestBody"]["content"]["application/json"]
    told: dict[str, Any] = found_body["schema"]
    return told
