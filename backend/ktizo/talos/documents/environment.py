"""EnvironmentConfig: environment variables of all services, such as proxies."""

import re
from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body, Kind
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import MapOf, plain

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _check(body: Body, place: Place) -> None:
    for name in body.get("variables") or {}:
        if not _NAME.fullmatch(name):
            place.at("variables").refuse(f"invalid environment variable name: {name!r}")


KIND = Kind("EnvironmentConfig", "1.13", plain(variables=MapOf(TEXT)), _check)


def build(variables: dict[str, str]) -> dict[str, Any]:
    """Make an EnvironmentConfig."""
    return KIND.build(variables=variables)
