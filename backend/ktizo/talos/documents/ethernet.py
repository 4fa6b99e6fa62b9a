"""EthernetConfig: what ethtool would set on an interface."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.rules import required
from ktizo.talos.documents.scalars import BOOL, TEXT, TRUTH, U32_P
from ktizo.talos.documents.shape import ListOf, MapOf, plain, since, struct


def _check(body: Body, place: Place) -> None:
    required(body, place, "name")


KIND = Kind(
    "EthernetConfig",
    "1.10",
    plain(
        name=NAME,
        features=MapOf(TRUTH),
        rings=struct(
            {
                "rx": U32_P,
                "tx": U32_P,
                "rx-mini": U32_P,
                "rx-jumbo": U32_P,
                "rx-buf-len": U32_P,
                "cqe-size": U32_P,
                "tx-push": BOOL,
                "rx-push": BOOL,
                "tx-push-buf-len": U32_P,
                "tcp-data-split": BOOL,
            }
        ),
        channels=struct(rx=U32_P, tx=U32_P, other=U32_P, combined=U32_P),
        wakeOnLan=since("1.12", ListOf(TEXT)),
    ),
    _check,
)
build = KIND.build
