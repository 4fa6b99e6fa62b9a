"""KernelModuleConfig: a kernel module to load."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import required
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import ListOf, plain


def _check(body: Body, place: Place) -> None:
    required(body, place, "name")


KIND = Kind("KernelModuleConfig", "1.14", plain(name=NAME, parameters=ListOf(TEXT)), _check)
build = KIND.build
