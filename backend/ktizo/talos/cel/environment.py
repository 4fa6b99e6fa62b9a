"""What a selector may speak of: Talos's CEL environments.

Source: Talos v1.12.11 pkg/machinery/cel/celenv and the protobuf messages behind its variables.
Sizes are `uint`, so a literal beside them needs its `u`: `disk.size > 100u * GB`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ktizo.talos.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    UINT,
    Arguments,
    Type,
    list_of,
)

_DISK = {
    **dict.fromkeys(("size", "io_size", "sector_size"), UINT),
    **dict.fromkeys(("readonly", "rotational", "cdrom"), BOOL),
    **dict.fromkeys(
        (
            "model", "serial", "modalias", "wwid", "uuid", "bus_path", "sub_system", "transport",
            "dev_path", "pretty_size", "firmware_version",
        ),
        STRING,
    ),
    **dict.fromkeys(("secondary_disks", "symlinks"), list_of(STRING)),
}  # fmt: skip
_VOLUME = {
    **dict.fromkeys(
        (
            "size", "sector_size", "io_size", "block_size", "filesystem_block_size", "probed_size",
            "partition_index", "offset",
        ),
        UINT,
    ),
    **dict.fromkeys(
        (
            "name", "uuid", "label", "partition_uuid", "partition_type", "partition_label", "type",
            "device_path", "parent", "dev_path", "parent_dev_path", "pretty_size",
        ),
        STRING,
    ),
}  # fmt: skip
_LINK = {
    **dict.fromkeys(("index", "link_index", "flags", "mtu", "master_index"), UINT),
    **dict.fromkeys(("type", "operational_state", "speed_megabits", "port", "duplex"), INT),
    **dict.fromkeys(("hardware_addr", "broadcast_addr", "permanent_addr"), BYTES),
    **dict.fromkeys(
        (
            "queue_disc", "kind", "slave_kind", "bus_path", "pciid", "driver", "driver_version",
            "firmware_version", "product_id", "vendor_id", "product", "vendor", "alias",
        ),
        STRING,
    ),
    **dict.fromkeys(
        ("vlan", "bridge_master", "bond_master", "vrf_master", "wireguard", "veth"), DYN
    ),
    "link_state": BOOL,
    "alt_names": list_of(STRING),
}  # fmt: skip
MESSAGES: dict[str, dict[str, Type]] = {"disk": _DISK, "volume": _VOLUME, "link": _LINK}

_UNITS = dict.fromkeys(
    ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "kB", "MB", "GB", "TB", "PB", "EB"), UINT
)
_PRESSURES = [
    f"{kind}_{window}"
    for kind in ("some", "full")
    for window in ("avg10", "avg60", "avg300", "total")
]
_CLASSES = dict.fromkeys(("Besteffort", "Burstable", "Guaranteed", "Podruntime", "System"), INT)
_QOS = Type("map", (INT, DOUBLE))


@dataclass(frozen=True, slots=True)
class Environment:
    """`variables` by name, `functions` as (arguments, result), and the type a text must have."""

    variables: Mapping[str, Type]
    functions: Mapping[str, tuple[Arguments, Type]] = field(default_factory=dict)
    result: Type = BOOL


_GLOB: dict[str, tuple[Arguments, Type]] = {"glob": ((STRING, STRING), BOOL)}

DISK = Environment({"disk": Type("disk"), "system_disk": BOOL, **_UNITS}, _GLOB)
VOLUME = Environment(
    {"volume": Type("volume"), "disk": Type("disk"), "system_disk": BOOL, **_UNITS}
)
LINK = Environment({"link": Type("link")}, {**_GLOB, "mac": ((BYTES,), STRING)})
OOM_TRIGGER = Environment(
    {
        **{f"{change}memory_{name}": DOUBLE for change in ("", "d_") for name in _PRESSURES},
        **{f"{change}qos_memory_{name}": _QOS for change in ("", "d_") for name in _PRESSURES},
        "time_since_trigger": DURATION,
        **_UNITS,
        **_CLASSES,
    },
    {"multiply_qos_vectors": ((_QOS, _QOS), DOUBLE)},
)
OOM_RANKING = Environment(
    {
        **dict.fromkeys(("memory_max", "memory_current", "memory_peak"), Type("optional", (UINT,))),
        "path": STRING,
        "class": INT,
        **_UNITS,
        **_CLASSES,
    },
    result=DOUBLE,
)
