"""CRICustomizationConfig: a part of containerd's configuration, in TOML."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import qualified_name
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import kept, plain


def _check(body: Body, place: Place) -> None:
    if reason := qualified_name(body.get("name", "")):
        place.at("name").refuse(f"invalid name: {reason}")


KIND = Kind("CRICustomizationConfig", "1.14", plain(name=NAME, content=kept(TEXT)), _check)
build = KIND.build
