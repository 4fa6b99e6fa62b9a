"""Clusters, boot profiles, images, the LAN and settings: what people do there, done."""

import hashlib
import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from images.factory_double import VANILLA, VERSION

from .conftest import Visit
from .look import Looks
from .served import Served


@pytest.fixture(scope="module")
def box(lived: Served) -> Served:
    """The Ktizo of this module."""
    return lived


def test_a_cluster_is_made_and_gets_a_volume(visit: Visit, box: Served):
    page = visit(box, "/clusters", "omar")
    expect(page.get_by_role("row").filter(has_text="prod")).to_contain_text("3 control planes")
    page.get_by_role("button", name="New cluster").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("lab")
    dialog.get_by_label("Endpoint").fill("https://10.20.0.12:6443")
    dialog.get_by_role("button", name="Make cluster").click()
    expect(page.get_by_role("heading", name="lab", level=1)).to_be_visible()
    expect(page.get_by_text("Cluster lab is made, with its secrets.")).to_be_visible()

    page.get_by_role("tab", name="Volumes").click()
    page.get_by_role("button", name="Configure a volume").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("EPHEMERAL")
    dialog.get_by_label("At most").fill("80GB")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("row").filter(has_text="EPHEMERAL")).to_contain_text("80")
    (volume,) = box.api("GET", "volume/configs", params={"cluster": "lab"})
    assert (volume["name"], volume["kind"]) == ("EPHEMERAL", "system")


def test_a_patch_that_talos_would_refuse_is_not_saved(visit: Visit, box: Served):
    page = visit(box, "/clusters/edge?tab=patches", "omar")
    page.get_by_role("button", name="Write a patch").click()
    editor = page.get_by_role("textbox", name=re.compile("^Patch 1"))
    editor.press("Control+a")
    editor.press("Delete")  # typed over, Chromium itself styles what it joins; the policy says no
    editor.press_sequentially("machine:\n  sysctlz: {}")
    check = page.get_by_role("status", name="The server's check")
    expect(check).to_contain_text("Talos would refuse it")
    expect(check).to_contain_text("machine.sysctlz")
    expect(check.get_by_role("button", name="patch 1, line 2")).to_be_visible()
    expect(page.get_by_role("button", name="Save patches")).to_be_disabled()
    editor.press("Control+a")
    editor.press("Delete")
    editor.press_sequentially('machine:\n  sysctls: {"vm.nr_hugepages": "64"}')
    expect(check).to_contain_text("Talos would take it")
    page.get_by_role("button", name="Save patches").click()
    expect(page.get_by_text(re.compile("^Patches of .* saved"))).to_be_visible()
    stored = box.api("GET", "clusters/edge/patches")
    assert "vm.nr_hugepages" in str(stored)


def test_a_secret_is_shown_for_a_reason_that_the_audit_keeps(visit: Visit, box: Served):
    page = visit(box, "/clusters/edge?tab=secrets", "ada")
    page.get_by_role("listitem").filter(has_text="talosconfig").get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Show once")).to_be_disabled()
    dialog.get_by_label("Reason").fill("rotating the laptop of the night shift")
    dialog.get_by_role("button", name="Show once").click()
    expect(dialog.get_by_role("region", name="talosconfig")).to_contain_text("context:")
    dialog.get_by_role("button", name="Close", exact=True).click()
    lines = box.api("GET", "audit", params={"limit": 20, "actor": "ada"})["entries"]
    assert "rotating the laptop of the night shift" in str(lines)
    viewer = visit(box, "/clusters/edge?tab=secrets", "vera")
    expect(viewer.get_by_text("Secrets need the role admin")).to_be_visible()


def test_a_profile_is_made_and_its_files_are_uploaded(visit: Visit, box: Served, tmp_path: Path):
    kernel = tmp_path / "memtest64.efi"
    kernel.write_bytes(b"MZ" + bytes(200_000))
    checksum = hashlib.sha256(kernel.read_bytes()).hexdigest()
    page = visit(box, "/profiles", "omar")
    expect(page.get_by_role("row").filter(has_text="debian")).to_be_visible()
    page.get_by_role("button", name="New profile").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Type").select_option("custom")
    dialog.get_by_label("Name", exact=True).fill("memtest")
    dialog.get_by_role("button", name="Make profile").click()
    expect(page.get_by_role("heading", name="memtest", level=1)).to_be_visible()
    page.get_by_role("tab", name="Files").click()
    page.get_by_label("Upload a file").set_input_files(kernel)
    page.get_by_label("Expected SHA-256").fill(checksum)
    page.get_by_role("button", name="Upload", exact=True).click()
    stored = page.get_by_role("row").filter(has_text="memtest64.efi")
    expect(stored).to_contain_text(checksum[:16])
    (file,) = box.api("GET", "boot/profiles/memtest/assets")
    assert (file["name"], file["sha256"], file["size"]) == ("memtest64.efi", checksum, 200_002)


def test_images_are_imported_brought_and_composed(visit: Visit, box: Served):
    page = visit(box, "/images", "omar")
    expect(page.get_by_role("cell", name="initramfs-amd64.xz").first).to_be_visible()
    page.get_by_role("button", name="Import from a folder").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Folder or tar").fill("talos")
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog.get_by_role("status")).to_contain_text("passed over")
    dialog.get_by_role("button", name=re.compile("Close|Cancel")).last.click()
    expect(dialog).to_be_hidden()

    page.get_by_role("tab", name="Schematics").click()
    page.get_by_role("button", name="New schematic").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("storage")
    dialog.get_by_role("checkbox", name=re.compile("drbd")).check()
    dialog.get_by_role("button", name="Make schematic").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("heading", name="storage")).to_be_visible()
    (made,) = [one for one in box.api("GET", "images/schematics") if one["name"] == "storage"]
    assert "siderolabs/drbd" in made["document"]
    assert made["registered_at"] is not None

    page.get_by_role("tab", name="Mirror").click()
    page.get_by_role("button", name="Bring a build").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Schematic").select_option("storage")
    dialog.get_by_label("Talos version").fill(VERSION)
    dialog.get_by_role("button", name="Bring it").click()
    expect(dialog).to_be_hidden()
    coming = page.get_by_role("region", name=re.compile("^storage v"))
    expect(coming.get_by_role("row").filter(has_text="kernel-amd64")).to_contain_text(
        re.compile("[0-9a-f]{12}")
    )
    stored = box.api("GET", "images/mirror")["files"]
    assert {one["schematic"] for one in stored} == {VANILLA, made["schematic_id"]}


def test_the_lan_is_drafted_before_anything_is_sent(visit: Visit, looks: Looks, box: Served):
    page = visit(box, "/network", "ada")
    looks.watch_of(page).expect(422, "/api/v1/network/lan/check")
    expect(page.get_by_text("Nothing is sent by looking.")).to_be_visible()
    card = page.get_by_label("Interface")
    name = card.locator("option:not([disabled])").first.get_attribute("value")
    card.select_option(name)
    page.get_by_label("This box's address there").fill("10.20.0.5")
    page.get_by_label("Subnet").fill("10.20.0.0/16")
    draft = page.get_by_role("region", name="What would be sent")
    expect(draft.get_by_text("UEFI").first).to_be_visible()
    draft.get_by_text("dnsmasq.conf", exact=True).click()
    expect(draft.get_by_role("region", name="dnsmasq.conf")).to_contain_text("dhcp-range")
    page.get_by_label("Subnet").fill("10.21.0.0/16")
    expect(page.get_by_text(re.compile("10.20.0.5 is not a usable address")).first).to_be_visible()
    assert box.api("GET", "network/status")["set_up"] is False, "looking must not save"
    page.get_by_role("tab", name="DHCP log").click()
    expect(page.get_by_role("tabpanel")).not_to_be_empty()


def test_a_token_is_shown_once_and_revoked(visit: Visit, box: Served):
    page = visit(box, "/settings?tab=tokens", "ada")
    page.get_by_role("button", name="Make a token").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("grafana")
    dialog.get_by_role("button", name="Make", exact=True).click()
    expect(dialog).to_contain_text("This is the only time it is shown.")
    secret = dialog.get_by_text(re.compile("^ktizo_")).inner_text()
    bearer = {"Authorization": f"Bearer {secret}"}
    assert httpx.get(f"{box.url}/api/v1/devices", headers=bearer).status_code == 200
    assert httpx.post(f"{box.url}/api/v1/devices", headers=bearer, json={}).status_code == 403
    dialog.get_by_role("button", name="I have copied it").click()
    expect(page.get_by_text(secret)).to_have_count(0)
    page.reload()
    expect(page.get_by_role("row").filter(has_text="grafana")).to_contain_text("viewer")
    expect(page.get_by_text(secret)).to_have_count(0)

    page.get_by_role("button", name="Revoke grafana").click()
    dialog = page.get_by_role("dialog")
    gone = dialog.get_by_role("button", name="Revoke", exact=True)
    expect(gone).to_be_disabled()
    dialog.get_by_role("textbox").fill("grafana")
    gone.click()
    expect(page.get_by_role("row").filter(has_text="grafana")).to_contain_text("Revoked")
    assert httpx.get(f"{box.url}/api/v1/devices", headers=bearer).status_code == 401


def test_a_person_is_invited_and_lowered(visit: Visit, box: Served):
    page = visit(box, "/settings?tab=people", "ada")
    page.get_by_role("button", name="Invite").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("noor")
    dialog.get_by_role("radio", name=re.compile("^operator")).check()
    dialog.get_by_role("button", name="Invite", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="noor")).to_contain_text("operator")
    page.get_by_role("button", name="Change noor").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name=re.compile("^viewer")).check()
    dialog.get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="noor")).to_contain_text("viewer")
    expect(page.get_by_role("button", name="Delete ada")).to_be_disabled()
