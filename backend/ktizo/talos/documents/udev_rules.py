"""UdevRulesConfig: rules of udev, one a line."""

from ktizo.talos.documents.kind import Kind
from ktizo.talos.documents.scalars import TEXT
from ktizo.talos.documents.shape import ListOf, plain

KIND = Kind("UdevRulesConfig", "1.14", plain(rules=ListOf(TEXT)))
build = KIND.build
