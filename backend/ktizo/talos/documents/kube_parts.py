"""What the documents about Kubernetes' own programs share."""

from typing import Any

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import MapOf, Type, Unstructured, plain
from ktizo.talos.documents.versions import Minor

RESOURCES = plain(requests=Unstructured(), limits=Unstructured())
_COUNTED = ("cpu", "memory")
_LISTS_SINCE: Minor = (1, 13)


class _Argument(Type):
    """A flag's value, or a list of values for a flag given several times."""

    pointer = False
    noun = "text or a list of texts"

    def read(self, value: Any, place: Place) -> Any:
        """Read one text, or several."""
        if isinstance(value, list) and place.version >= _LISTS_SINCE:
            return [TEXT.read(item, place.at(index)) for index, item in enumerate(value)]
        return TEXT.read(value, place)

    def blank(self) -> str:
        """A flag without a value."""
        return ""


ARGUMENTS = MapOf(_Argument())


def check_resources(body: Body, place: Place) -> None:
    """Check that only processor and memory are asked for."""
    for key in ("requests", "limits"):
        for name in (body.get("resources") or {}).get(key) or {}:
            if name not in _COUNTED:
                place.at("resources", key, name).refuse(f"unsupported pod resource {name!r}")


def check_program(body: Body, place: Place) -> None:
    """Check a program that may be disabled: then nothing else counts; else it needs an image."""
    if body.get("enabled") is False:
        return
    if not body.get("image"):
        place.at("image").refuse("image cannot be empty")
    check_resources(body, place)
