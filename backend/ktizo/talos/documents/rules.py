"""Rules that several kinds share: names, Kubernetes labels, subnets, roles."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ktizo.talos.documents import addresses
from ktizo.talos.documents.findings import Place

VOLUME_NAME_LENGTH = 34  # a GPT label holds 36 characters, two are Talos's prefix
ROLES = (
    "os:admin", "os:operator", "os:reader", "os:etcd:backup", "os:impersonator",
    "os:meta:writer", "os:image:verifier",
)  # fmt: skip

_VOLUME_NAME = re.compile(r"[A-Za-z0-9-]*")
_UNDERSCORED_NAME = re.compile(r"[A-Za-z0-9_-]*")
_DNS_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DNS_NAME = re.compile(rf"{_DNS_LABEL}(\.{_DNS_LABEL})*")
_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_ANNOTATIONS_BYTES = 256 * 1024
_OWNED = ("labels", "annotations", "taints")


def required(body: Mapping[str, Any], place: Place, *names: str) -> None:
    """Refuse each of `names` that is missing or empty."""
    for name in names:
        if not body.get(name):
            place.at(name).refuse("is required")


def volume_name(
    body: Mapping[str, Any], place: Place, *, longest: int | None = VOLUME_NAME_LENGTH
) -> None:
    """Check the name of a volume people make: letters, digits and hyphens."""
    name = body.get("name", "")
    if not name:
        place.at("name").refuse("name is required")
    elif longest is not None and len(name) > longest:
        place.at("name").refuse(f"name must be between 1 and {longest} characters long")
    if not _VOLUME_NAME.fullmatch(name):
        place.at("name").refuse("can only hold ASCII letters, digits and hyphens")


def storage_name(body: Mapping[str, Any], place: Place, *, longest: int) -> None:
    """Check the name of an LVM or RAID thing: as a volume's, and underscores."""
    name = body.get("name", "")
    if not 1 <= len(name) <= longest:
        place.at("name").refuse(f"name must be between 1 and {longest} characters long")
    if not _UNDERSCORED_NAME.fullmatch(name):
        place.at("name").refuse("can only hold ASCII letters, digits, hyphens and underscores")


def dns_name(text: str) -> str | None:
    """Say why `text` is no lower-case DNS name (RFC 1123 subdomain), None when it is."""
    if len(text) > 253:
        return f"domain name is longer than 253 characters: {text!r}"
    return None if _DNS_NAME.fullmatch(text) else f"{text!r} is not a lower-case DNS name"


def qualified_name(text: str) -> str | None:
    """Say why `text` is no Kubernetes `prefix/name`, None when it is."""
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        return f"{text!r} has too many slashes"
    if slash and not prefix:
        return f"{text!r}: the prefix cannot be empty"
    if slash and (reason := dns_name(prefix)):
        return f"prefix of {text!r} is invalid: {reason}"
    if not name:
        return f"{text!r}: the name cannot be empty"
    if len(name) > 63:
        return f"name of {text!r} is longer than 63 characters"
    return None if _QUALIFIED.fullmatch(name) else f"name {name!r} is invalid"


def label_value(text: str) -> str | None:
    """Say why `text` is no Kubernetes label value, None when it is."""
    if len(text) > 63:
        return f"label value is longer than 63 characters: {text!r}"
    return None if not text or _QUALIFIED.fullmatch(text) else f"label value {text!r} is invalid"


def node_labels(labels: Mapping[str, str], place: Place) -> None:
    """Check node labels."""
    for key, value in labels.items():
        for reason in (qualified_name(key), label_value(value or "")):
            if reason:
                place.at(key).refuse(reason)


def node_annotations(annotations: Mapping[str, str], place: Place) -> None:
    """Check node annotations, and that Talos's own ones are left alone."""
    for key in annotations:
        if reason := qualified_name(key):
            place.at(key).refuse(reason)
        if key in [f"talos.dev/owned-{what}" for what in _OWNED]:
            place.at(key).refuse("is reserved for Talos")
    if sum(len(key) + len(value or "") for key, value in annotations.items()) > _ANNOTATIONS_BYTES:
        place.refuse(f"annotations take more than {_ANNOTATIONS_BYTES} bytes")


def node_taints(taints: Mapping[str, str], place: Place) -> None:
    """Check node taints: `key: value:Effect` or `key: Effect`."""
    for key, text in taints.items():
        value, colon, effect = (text or "").partition(":")
        reason = qualified_name(key)
        if reason is None and (effect if colon else value) not in _EFFECTS:
            reason = f"invalid taint effect in {text!r}; use one of {', '.join(_EFFECTS)}"
        if reason is None and colon:
            reason = label_value(value)
        if reason:
            place.at(key).refuse(reason)


def subnets(values: Iterable[str], place: Place) -> None:
    """Check subnet filters, where `!` excludes."""
    for index, text in enumerate(values):
        if not addresses.is_subnet_or_address(text.removeprefix("!")):
            place.at(index).refuse(f"subnet is not valid: {text!r}")


def roles(values: Iterable[str], place: Place) -> None:
    """Check Talos API roles."""
    for index, role in enumerate(values):
        if role not in ROLES:
            place.at(index).refuse(f"invalid role {role!r}; known: {', '.join(ROLES)}")


def link_name(body: Mapping[str, Any], place: Place) -> None:
    """Check that a network document names its link."""
    if not body.get("name"):
        place.at("name").refuse("name must be specified")


def address_name(body: Mapping[str, Any], place: Place) -> None:
    """Check a document whose name is an IP address."""
    if not addresses.is_address(body.get("name", "")):
        place.at("name").refuse("name must be a valid IP address")


def manifest_name(body: Mapping[str, Any], place: Place) -> None:
    """Check the name of a manifest or pod: a lower-case DNS name."""
    name = body.get("name", "")
    if reason := dns_name(name):
        place.at("name").refuse(f"name is required, as a DNS name: {reason}")
