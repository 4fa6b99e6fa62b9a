"""ExtensionServiceConfig: files and environment of a system extension's service."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import required
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import ListOf, kept, plain


def _same_file(left: Any, right: Any) -> bool:
    return bool(left.get("mountPath") == right.get("mountPath"))


def _check(body: Body, place: Place) -> None:
    required(body, place, "name")
    files = body.get("configFiles") or []
    if not files and not body.get("environment"):
        place.refuse("no config files or environment variables specified")
    for index, file in enumerate(files):
        required(file, place.at("configFiles", index), "content", "mountPath")


KIND = Kind(
    "ExtensionServiceConfig",
    "1.9",
    plain(
        name=NAME,
        configFiles=ListOf(plain(content=kept(TEXT), mountPath=kept(TEXT)), same=_same_file),
        environment=ListOf(TEXT),
    ),
    _check,
)
build = KIND.build
