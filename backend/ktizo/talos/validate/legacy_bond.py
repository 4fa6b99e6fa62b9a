"""Rules of `machine.network.interfaces[].bond`: kernel options and which mode takes which."""

from ktizo.talos.documents.bond import MODES
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body

_DEFAULT_MODE = "balance-rr"
_LACP = "802.3ad"
_BALANCED = ("balance-tlb", "balance-alb")
_NO_ARP = (_LACP, *_BALANCED)
_WORDS = {
    "mode": MODES,
    "xmitHashPolicy": ("layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4"),
    "lacpRate": ("slow", "fast"),
    "arpValidate": ("none", "active", "backup", "all", "filter", "filter-active", "filter-backup"),
    "arpAllTargets": ("any", "all"),
    "primaryReselect": ("always", "better", "failure"),
    "failOverMac": ("none", "active", "follow"),
    "adSelect": ("stable", "bandwidth", "count"),
}
# Option -> the modes that take it, from the value on that is more than the default.
_NEEDS_MODE: dict[str, tuple[tuple[str, ...], int]] = {
    "lacpRate": ((_LACP,), 0),
    "adActorSysPrio": ((_LACP,), 0),
    "adUserPortKey": ((_LACP,), 0),
    "primary": (("active-backup", *_BALANCED), 0),
    "tlbDynamicLb": (_BALANCED, 0),
    "packetsPerSlave": ((_DEFAULT_MODE,), 1),
    "arpValidate": (tuple(mode for mode in MODES if mode not in _NO_ARP), 0),
    "arpInterval": (tuple(mode for mode in MODES if mode not in _NO_ARP), 0),
}


def check(bond: Body, place: Place) -> None:
    """Check a bond."""
    for option, words in _WORDS.items():
        if bond.get(option) and bond[option] not in words:
            reason = f"invalid value {bond[option]!r}; known: {', '.join(words)}"
            place.at(option).refuse(reason)
    for option in ("arpIPTarget", "adActorSystem"):
        if bond.get(option):
            place.at(option).refuse("is not supported")
    mode = bond.get("mode") or _DEFAULT_MODE
    for option, (modes, idle) in _NEEDS_MODE.items():
        value = bond.get(option) or 0
        if mode not in modes and (value if isinstance(value, str) else value > idle):
            place.at(option).refuse(f"is not available in {mode} mode, only in {', '.join(modes)}")
    _check_delays(bond, place)


def _check_delays(bond: Body, place: Place) -> None:
    interval = bond.get("miimon") or 0
    for option in ("updelay", "downdelay"):
        delay = bond.get(option) or 0
        if delay and not interval:
            place.at(option).refuse("can't be set if miimon is zero")
        elif interval and delay % interval:
            place.at(option).refuse("should be a multiple of miimon")
