"""What volume documents share: where a volume lies, how it is encrypted, when it is cleaned."""

from ktizo.talos.cel import DISK, VOLUME, Environment, problem
from ktizo.talos.documents import sizes
from ktizo.talos.documents.durations import nanoseconds
from ktizo.talos.documents.findings import Place
from ktizo.talos.documents.kind import Body
from ktizo.talos.documents.scalars import (
    BOOL,
    BYTE_SIZE,
    DURATION,
    INT,
    SELECTOR,
    SIZE,
    TEXT,
    U64,
    one_of,
)
from ktizo.talos.documents.shape import ListOf, kept, plain, since, struct

PROVISIONING = plain(
    diskSelector=plain(match=SELECTOR),
    grow=BOOL,
    minSize=BYTE_SIZE,
    maxSize=SIZE,
)
VOLUME_SELECTOR = plain(match=SELECTOR)
_KEY = plain(
    slot=kept(INT),
    static=struct(passphrase=TEXT),
    nodeID=struct(),
    kms=struct(endpoint=kept(TEXT)),
    tpm=struct(
        options=since("1.12", struct(pcrs=ListOf(INT, keep_empty=True))),
        checkSecurebootStatusOnEnroll=BOOL,
    ),
    lockToState=since("1.11", BOOL),
)
ENCRYPTION = plain(
    provider=kept(one_of("luks2", "none")),
    keys=kept(ListOf(_KEY)),
    cipher=TEXT,
    keySize=U64,
    blockSize=U64,
    options=ListOf(TEXT),
    allowDiscards=since("1.14", BOOL),
)
XFS = struct(minAllocationGroupSize=BYTE_SIZE)
TRIM = struct(enabled=BOOL, interval=DURATION)
SCRUB = struct(enabled=BOOL, interval=DURATION)

_KEY_KINDS = ("static", "nodeID", "kms", "tpm")
_SECOND = 10**9
LEAST_SCRUB_INTERVAL_S = 10


def selector(text: str, environment: Environment, place: Place) -> None:
    """Compile a CEL selector as Talos would."""
    if reason := problem(text, environment):
        place.refuse(f"selector is invalid: {reason}")


def check_provisioning(body: Body, place: Place, *, needed: bool, sized: bool = True) -> None:
    """Check selector and sizes; `needed` volumes must have both, unsized ones no size at all."""
    spec, here = body.get("provisioning") or {}, place.at("provisioning")
    match = (spec.get("diskSelector") or {}).get("match")
    if match:
        selector(match, DISK, here.at("diskSelector", "match"))
    elif needed:
        here.at("diskSelector", "match").refuse("disk selector is required")
    least, most = spec.get("minSize"), spec.get("maxSize")
    if not sized:
        if least or most or spec.get("grow") is not None:
            here.refuse("min size, max size and grow are not supported for a whole disk")
        return
    if sizes.exceeds(least, most):
        here.at("minSize").refuse(f"min size {least} is greater than max size {most}")
    if needed and not (least or most):
        here.refuse("min size or max size is required")
    if least and least.startswith("-"):
        here.at("minSize").refuse("min size cannot be negative")


def check_volume_selector(spec: Body, place: Place) -> None:
    """Check a selector over discovered volumes; it is required."""
    here = place.at("volumeSelector", "match")
    match = (spec.get("volumeSelector") or {}).get("match")
    if match:
        selector(match, VOLUME, here)
    else:
        here.refuse("volume selector is required")


def check_encryption(body: Body, place: Place) -> None:
    """Check provider, keys and slots."""
    spec, here = body.get("encryption") or {}, place.at("encryption")
    keys = spec.get("keys") or []
    provider = spec.get("provider") or "none"
    if provider == "none" and not keys:
        return
    if provider != "luks2":
        here.at("provider").refuse(f"unsupported encryption provider: {provider}")
    if not keys:
        here.at("keys").refuse("encryption keys are required")
    slots: set[int] = set()
    for index, key in enumerate(keys):
        _check_key(key, slots, here.at("keys", index))


def _check_key(key: Body, slots: set[int], place: Place) -> None:
    slot = key.get("slot") or 0
    if slot in slots:
        place.at("slot").refuse(f"duplicate key slot {slot}")
    slots.add(slot)
    if all(key.get(kind) is None for kind in _KEY_KINDS):
        place.refuse(f"slot {slot} needs one of {', '.join(_KEY_KINDS)}")
    options = (key.get("tpm") or {}).get("options") or {}
    for index, pcr in enumerate(options.get("pcrs") or ()):
        if not 0 <= pcr <= 23:
            place.at("tpm", "options", "pcrs", index).refuse(f"PCR {pcr} is not between 0 and 23")


def check_upkeep(body: Body, place: Place) -> None:
    """Check the volume's own trim and scrub intervals."""
    if nanoseconds((body.get("trim") or {}).get("interval") or "0") < 0:
        place.at("trim", "interval").refuse("interval cannot be negative")
    check_scrub_interval((body.get("scrub") or {}).get("interval"), place.at("scrub", "interval"))


def check_scrub_interval(interval: str | None, place: Place) -> None:
    """Check that a scrub, if told how often, does not run all the time."""
    nanos = nanoseconds(interval or "0")
    if nanos and nanos < LEAST_SCRUB_INTERVAL_S * _SECOND:
        place.refuse(f"minimum value is {LEAST_SCRUB_INTERVAL_S}s")
