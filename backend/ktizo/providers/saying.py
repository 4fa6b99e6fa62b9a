"""What a vendor says, in words: a refusal is mostly JSON, and people read it. Pure."""

import json
from typing import Any

TELLING = ("detail", "message", "title", "error", "description", "error_description")


def sentence(text: str) -> str:
    """Return what a JSON body says in words; empty when it is none, or says nothing."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    found: list[str] = []
    for one in _errors(body):
        said = next((one[name] for name in TELLING if isinstance(one.get(name), str)), "")
        if said and said not in found:
            found.append(said)
    return "; ".join(found[:3])


def _errors(body: Any) -> list[dict[str, Any]]:
    """`{"errors": [{}]}` (JSON:API), `{"error": {}}`, or the body itself."""
    if not isinstance(body, dict):
        return []
    inner = body.get("errors", body.get("error"))
    listed = inner if isinstance(inner, list) else [inner]
    return [one for one in listed if isinstance(one, dict)] or [body]
