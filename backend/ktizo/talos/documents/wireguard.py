"""WireguardConfig: a WireGuard tunnel."""

import base64

from ktizo.talos.documents import addresses
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.link_parts import COMMON, check_link, other_link_kinds
from ktizo.talos.documents.scalars import DURATION, INT, PREFIX, TEXT, parsed
from ktizo.talos.documents.shape import ListOf, plain

_KEY_BYTES = 32


def key_problem(text: str) -> str | None:
    """Say why `text` is no WireGuard key: 32 bytes in base64."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        return f"illegal base64 data: {error}"
    right = len(raw) == _KEY_BYTES
    return None if right else f"wrong key length: {len(raw)} bytes, want {_KEY_BYTES}"


def _endpoint(text: str) -> None:
    host, port = addresses.split_host_port(text)
    addresses.address(host)
    if addresses.unsigned(port, 16) is None:
        raise ValueError(f"{text!r} is not an address with a port")


def _check(body: Body, place: Place) -> None:
    check_link(body, place)
    if not body.get("privateKey"):
        place.at("privateKey").refuse("wireguard private key must be specified")
    elif reason := key_problem(body["privateKey"]):
        place.at("privateKey").refuse(f"wireguard private key is invalid: {reason}")
    for index, peer in enumerate(body.get("peers") or ()):
        here = place.at("peers", index)
        if not peer.get("publicKey"):
            here.at("publicKey").refuse("wireguard peer public key must be specified")
        for key in ("publicKey", "presharedKey"):
            if peer.get(key) and (reason := key_problem(peer[key])):
                here.at(key).refuse(f"wireguard peer key is invalid: {reason}")


KIND = Kind(
    "WireguardConfig",
    "1.12",
    plain(
        {
            "name": NAME,
            "privateKey": TEXT,
            "listenPort": INT,
            "firewallMark": INT,
            "peers": ListOf(
                plain(
                    publicKey=TEXT,
                    presharedKey=TEXT,
                    endpoint=parsed("an address with a port", _endpoint),
                    persistentKeepaliveInterval=DURATION,
                    allowedIPs=ListOf(PREFIX),
                )
            ),
            **COMMON,
        }
    ),
    _check,
    clashes_with=other_link_kinds("WireguardConfig"),
)
build = KIND.build
