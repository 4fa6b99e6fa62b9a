"""The nouns of this room: an event, and every kind of it there is."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

LOCAL_DISK = "local_disk"  # value of `data["action"]` of a DECIDED that ends a network boot


class EventKind(StrEnum):
    """What can happen. In brackets: what `data` holds besides the event's own fields."""

    # A machine on its way, in the usual order. Source: dnsmasq's log, then our own answers.
    DHCP_SEEN = "dhcp_seen"  # it broadcast DHCP [arch: option 93, user_class]
    DHCP_OFFER = "dhcp_offer"  # we offered a loader [file, arch]
    TFTP_SENT = "tftp_sent"  # a loader went out by TFTP [file]
    TFTP_MISSING = "tftp_missing"  # it asked TFTP for a file we do not have [file]
    LOADER_SENT = "loader_sent"  # a loader went out by UEFI HTTP Boot [file, bytes]
    DEVICE_SEEN = "device_seen"  # seen for the first time [vendor, product, firmware, arch]
    DEVICE_NOT_RECORDED = "device_not_recorded"  # too many unapproved machines [max_pending]
    SCRIPT_ASKED = "script_asked"  # the loader runs and asks what to do [script]
    DECIDED = "decided"  # what we told it [action, rule, profile]; see LOCAL_DISK
    KERNEL_SENT = "kernel_sent"  # [profile, file, bytes]
    INITRD_SENT = "initrd_sent"  # [profile, file, bytes]
    FILE_SENT = "file_sent"  # any other asset of a profile [profile, file, bytes]
    CONFIG_SENT = "config_sent"  # its installer fetched its own config [file]
    CONFIG_REFUSED = "config_refused"  # somebody asked for a config without a right to [reason]
    DONE = "done"  # the installed machine itself proved that it runs
    NODE_STAGE = "node_stage"  # it says where it stands; nobody vouches [stage, ready, unmet]
    NODE_STEP = "node_step"  # it says what it does [sequence, phase, task, action]
    NODE_ERROR = "node_error"  # it says what went wrong [what, message]
    TALOS_FOUND = "talos_found"  # it says Talos is on its disk, and halts; nobody vouches [message]
    BOOT_LOOP = "boot_loop"  # held on its disk after boots without progress [boots]

    # What people, or time, decided about a machine [by].
    REGISTERED = "registered"  # entered by hand before its first power-on
    CHANGED = "changed"  # name, role, notes, tags or hand-over edited [fields]
    APPROVED = "approved"  # [role, profile]
    REJECTED = "rejected"
    RESTORED = "restored"
    ASSIGNED = "assigned"  # given a boot profile [profile]
    REMOVED = "removed"
    LEASE_GRANTED = "lease_granted"  # may install until [expires_at, reason]
    LEASE_SPENT = "lease_spent"
    LEASE_EXPIRED = "lease_expired"
    LEASE_REVOKED = "lease_revoked"
    INSPECTION_ASKED = "inspection_asked"  # may boot Talos in memory to be looked at [by, build]
    INSPECTION_ENDED = "inspection_ended"  # [how]
    INSPECTED = "inspected"  # its disks and cards were read [disks, warnings]

    # What its own Talos API said, over a line that proves who it is.
    NODE_STATE = "node_state"  # [state, before, version, ready]
    NODE_TROUBLE = "node_trouble"  # it cannot be talked to as it should [code, message]
    NODE_DRIFT = "node_drift"  # it runs something else than intended [drift]
    HANDED_OVER = "handed_over"  # given its config through its API [mode]
    DISK_MISSING = "disk_missing"  # the disk it was to be installed on is not in it [disk]
    NODE_ORDER = "node_order"  # told to reboot, reset, ... [order, by]

    # Work on a cluster that takes minutes [work, kind, cluster, step].
    WORK_STARTED = "work_started"  # [by]
    WORK_STEP = "work_step"  # [state, said]
    WORK_STOPPED = "work_stopped"  # a person has to look [said]
    WORK_ENDED = "work_ended"  # done or abandoned [state]

    # A rented server on its way [server, name, account].
    SERVER_ORDERED = "server_ordered"  # an order goes out, or was adopted [plan, by]
    SERVER_STATUS = "server_status"  # what its provider calls it [stage, status, raw]
    SERVER_PROBLEM = "server_problem"  # a person has to look [problem]
    SERVER_ARRIVED = "server_arrived"  # a machine asked under its boot path for the first time
    SERVER_STEP = "server_step"  # on its way over a rescue system [step]
    SERVER_TOLD = "server_told"  # reinstall, delete, power, ... [verb, by]
    ACCOUNT_CHANGED = "account_changed"  # added, changed or removed [account, provider, change, by]

    CONFLICT = "conflict"  # two machines claim one identity [claim]
    CONFLICT_RESOLVED = "conflict_resolved"  # [keep]

    # The appliance itself.
    LAN_STARTED = "lan_started"  # dnsmasq came up [interface, mode]
    LAN_STOPPED = "lan_stopped"
    LAN_FAILED = "lan_failed"  # [message]
    LAN_CHANGED = "lan_changed"  # settings saved [by]
    CLUSTER_CHANGED = "cluster_changed"  # made, changed, joined, ... [cluster, change, by]
    PROFILE_CHANGED = "profile_changed"  # made, changed or deleted [profile, change]
    ASSET_PROGRESS = "asset_progress"  # a file is coming [profile, file, bytes, total]
    ASSET_REFUSED = "asset_refused"  # it was not taken [profile, file, reason]
    ASSET_STORED = "asset_stored"  # [profile, file, sha256, bytes]
    ASSET_REMOVED = "asset_removed"  # [profile, file]
    ASSET_ALTERED = "asset_altered"  # changed on disk behind our back; no longer served
    SCHEMATIC_CHANGED = "schematic_changed"  # made, registered or deleted [name, schematic, change]
    IMAGE_PROGRESS = "image_progress"  # a file of a build is coming [.., bytes, total]
    IMAGE_STORED = "image_stored"  # it is in the mirror [schematic, version, file, sha256, bytes]
    IMAGE_FAILED = "image_failed"  # not for now, or not at all [.., reason, again_s]
    IMAGE_REMOVED = "image_removed"  # [schematic, version, file, by]
    IMAGE_ALTERED = "image_altered"  # changed on disk behind our back; no longer given out
    WRITER_FAILED = "writer_failed"  # history could not be written for a while [message]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, as stored and as sent to people.

    `id` is its place in the stream: grows with every event, never used twice, 0 until stored.
    `count` > 1 when the same thing happened several times in one flush; `at` is the first time.
    """

    id: int
    at: datetime
    kind: str  # an EventKind; text, so that an older Ktizo can read a newer one's database
    mac: str | None = None
    device_id: int | None = None
    address: str | None = None  # IP address of the machine, at most 45 characters (IPv6)
    data: dict[str, Any] = field(default_factory=dict)
    count: int = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asked for; nothing named means everything."""

    kinds: frozenset[str] = frozenset()
    mac: str | None = None

    def has(self, event: Event) -> bool:
        """Say whether `event` is among what was asked for."""
        return (not self.kinds or event.kind in self.kinds) and self.mac in {None, event.mac}


EVERYTHING = Wanted()
