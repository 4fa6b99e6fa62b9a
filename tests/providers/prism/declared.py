"""What a request says that its specification does not know; Prism lets such words pass.

An OpenAPI schema is open unless it says otherwise, so a misspelt field is valid to every validator,
and the vendor ignores it: `biling: hourly` would be billed by the month.
"""

from collections.abc import Iterator, Sequence
from typing import Any

Schema = dict[str, Any]
PARTS = ("allOf", "oneOf", "anyOf")


def operation(document: Schema, method: str, path: str) -> tuple[str, Schema] | None:
    """Return the template and the operation a request is of; written-out segments win."""
    asked = path.split("/")
    matching = [
        template
        for template, item in document["paths"].items()
        if method.lower() in item and _fits(template.split("/"), asked)
    ]
    if not matching:
        return None
    template = min(matching, key=lambda one: one.count("{"))
    item = document["paths"][template]
    told = item[method.lower()]
    return template, {
        **told,
        "parameters": [*item.get("parameters", ()), *told.get("parameters", ())],
    }


def _fits(template: Sequence[str], asked: Sequence[str]) -> bool:
    return len(template) == len(asked) and all(
        one == other or (one.startswith("{") and other)
        for one, other in zip(template, asked, strict=True)
    )


def undeclared(
    document: Schema, told: Schema, query: Sequence[str], content_type: str, body: Any
) -> Iterator[str]:
    """Return every query parameter and every field of the body that is not declared."""
    names = {
        one["name"]
        for one in (resolved(document, parameter) for parameter in told["parameters"])
        if one["in"] == "query"
    }
    yield from (f"the query parameter {one} is not declared" for one in query if one not in names)
    if body is None:
        return
    content = resolved(document, told.get("requestBody", {})).get("content", {})
    media = content.get(content_type.partition(";")[0])
    if media is None:
        yield f"no body of type {content_type or 'none'} is declared"
        return
    yield from _fields(document, [media.get("schema", {})], body, "")


def _fields(document: Schema, schemas: Sequence[Schema], value: Any, where: str) -> Iterator[str]:
    every = [part for schema in schemas for part in _parts(document, schema)]
    if isinstance(value, list):
        items = [part["items"] for part in every if "items" in part]
        for one in value:
            yield from _fields(document, items, one, f"{where}[]")
    if not isinstance(value, dict):
        return
    known = [part["properties"] for part in every if part.get("properties")]
    if not known or any(part.get("additionalProperties") for part in every):
        return
    for name, inner in value.items():
        schemas = [properties[name] for properties in known if name in properties]
        field = f"{where}.{name}".lstrip(".")
        if schemas:
            yield from _fields(document, schemas, inner, field)
        else:
            yield f"the field {field} is not declared"


def _parts(document: Schema, schema: Schema) -> Iterator[Schema]:
    whole = resolved(document, schema)
    yield whole
    for word in PARTS:
        for part in whole.get(word, ()):
            yield from _parts(document, part)


def resolved(document: Schema, schema: Schema) -> Schema:
    """Follow a reference within the document."""
    while "$ref" in schema:
        found: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        schema = found
    return schema
