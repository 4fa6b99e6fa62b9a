"""Machines as the API shows them: rows, cards and leases put together."""

from collections.abc import Sequence

from ktizo.core.db import AsyncSession
from ktizo.devices import store
from ktizo.devices.identity import Claim
from ktizo.devices.pairing import pairing_code
from ktizo.devices.schemas import DeviceView, LeaseView
from ktizo.devices.tables import Device


async def views(
    session: AsyncSession, devices: Sequence[Device], pairing_key: bytes
) -> list[DeviceView]:
    """Return the wire shape of `devices`, with two queries however many there are."""
    ids = [device.id for device in devices]
    macs, leases = await store.macs_of(session, ids), await store.open_leases(session, ids)
    shown = []
    for device in devices:
        fields = {
            name: getattr(device, name)
            for name in DeviceView.model_fields
            if name not in {"macs", "lease", "pairing_code", "server_id"}
        }
        cards, lease = macs.get(device.id, []), leases.get(device.id)
        cards.sort(key=lambda mac, first=device.boot_mac: mac != first)  # type: ignore[misc]
        shown.append(
            DeviceView(
                **fields,
                server_id=device.door,
                macs=cards,
                pairing_code=pairing_code(pairing_key, cards[0]) if cards else "",
                lease=LeaseView.model_validate(lease) if lease else None,
            )
        )
    return shown


def recorded_claim(mac: str, device: Device | None) -> Claim:
    """Return what the machine would say of itself, as far as it is recorded."""
    return Claim(
        mac=mac,
        uuid=device.uuid if device else None,
        serial=device.serial if device else None,
        vendor=device.vendor if device else None,
        product=device.product if device else None,
        arch=device.arch if device else None,
        firmware=device.firmware if device else None,
    )
