"""One machine and the profiles of every type, for tests that render."""

from dataclasses import replace
from typing import Any

from ktizo.boot.builtin import fresh
from ktizo.boot.configs import ConfigFacts
from ktizo.boot.profile import Profile, ProfileType

BASE = "http://10.77.0.2:8000"
SSH_KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKtizoKtizoKtizoKtizoKtizoKtizoKtizoKtizo admin@office"
)

FACTS = ConfigFacts(
    device_id=7,
    hostname="edge-1",
    mac="52:54:00:aa:bb:cc",
    macs=("52:54:00:aa:bb:cc", "52:54:00:aa:bb:cd"),
    uuid="5f3c1d2e-0000-4000-8000-000000000000",
    serial="SN 0000#A",
    role="worker",
    tags=("rack-1",),
    profile="sample",
    base_url=BASE,
    asset_base=f"{BASE}/boot/assets/sample",
    config_base=f"{BASE}/boot/configs/7~3~c2ln",
    config_url=f"{BASE}/boot/configs/7~3~c2ln/config",
    done_url=f"{BASE}/boot/done/7~3~ZG9u",
)


def facts(**changes: Any) -> ConfigFacts:
    """Return the machine with something different."""
    return replace(FACTS, **changes)


def profile(type_: str = "custom", **changes: Any) -> Profile:
    """Return a profile of a type with its defaults, except for `changes`."""
    return replace(fresh("sample", ProfileType(type_)), **changes)
