"""BondConfig: several links as one."""

from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import NAME, Body, Kind
from ktizo.talos.documents.link_parts import COMMON, check_link, other_link_kinds
from ktizo.talos.documents.scalars import ADDRESS, BOOL, MAC, TEXT, U8_P, U16_P, U32_P, one_of
from ktizo.talos.documents.shape import ListOf, plain

MODES = (
    "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb",
    "balance-alb",
)  # fmt: skip


def _check(body: Body, place: Place) -> None:
    check_link(body, place)
    if not body.get("links"):
        place.at("links").refuse("at least one link must be specified")
    mode = body.get("bondMode")
    if mode is None:
        place.at("bondMode").refuse("bond mode must be specified")
    for key in ("miimon", "updelay", "downdelay"):
        if mode == "802.3ad" and body.get(key) is None:
            place.at(key).warn("was not specified for 802.3ad bond")


KIND = Kind(
    "BondConfig",
    "1.12",
    plain(
        {
            "name": NAME,
            "hardwareAddr": MAC,
            "links": ListOf(TEXT),
            "bondMode": one_of(*MODES),
            "miimon": U32_P,
            "updelay": U32_P,
            "downdelay": U32_P,
            "useCarrier": BOOL,
            "xmitHashPolicy": one_of("layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4"),
            "arpInterval": U32_P,
            "arpIpTargets": ListOf(ADDRESS),
            "nsIp6Targets": ListOf(ADDRESS),
            "arpValidate": one_of(
                "none", "active", "backup", "all", "filter", "filter-active", "filter-backup"
            ),
            "arpAllTargets": one_of("any", "all"),
            "lacpRate": one_of("slow", "fast"),
            "failOverMac": one_of("none", "active", "follow"),
            "adSelect": one_of("stable", "bandwidth", "count"),
            "adActorSysPrio": U16_P,
            "adUserPortKey": U16_P,
            "adLACPActive": one_of("on", "off"),
            "primaryReselect": one_of("always", "better", "failure"),
            "resendIGMP": U32_P,
            "minLinks": U32_P,
            "lpInterval": U32_P,
            "packetsPerSlave": U32_P,
            "numPeerNotif": U8_P,
            "tlbLogicalLb": U8_P,
            "allSlavesActive": U8_P,
            "peerNotifDelay": U32_P,
            "missedMax": U8_P,
            **COMMON,
        }
    ),
    _check,
    clashes_with=other_link_kinds("BondConfig"),
)
build = KIND.build
