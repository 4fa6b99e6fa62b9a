"""A cluster made with the internet unplugged: imported images, an approval, a config of its own."""

from typing import Any

import pytest

from images.factory_double import LINE, VANILLA, VERSION, sha256
from integration.conftest import Clock, OpenHouse
from integration.house import MAC, OTHER_MAC, House, Told

pytestmark = pytest.mark.anyio

KERNEL, INITRAMFS = b"\x7fkernel of this build", b"\x7finitramfs" * 100
FILES = {
    "kernel-amd64": KERNEL,
    "initramfs-amd64.xz": INITRAMFS,
    "cmdline-metal-amd64": LINE.encode(),
}
IMAGES = f"/boot/images/{VANILLA}/{VERSION}"
ADDRESS = "10.0.0.50"
REFUSED = "forbidden: this is not for you; an operator can see why in the audit log\n"


async def imported(house: House, files: dict[str, bytes]) -> None:
    folder = house.settings.data_dir / "import" / "talos"
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    sums = "".join(f"{sha256(data)}  {name}\n" for name, data in files.items())
    (folder / "SHA256SUMS").write_text(sums)
    body = {"path": "talos", "schematic": VANILLA, "version": VERSION}
    answer = await house.api("POST", "images/mirror/import", json=body)
    assert answer["refused"] == []


async def cluster(house: House, name: str = "lab", **more: Any) -> None:
    body = {
        "name": name,
        "endpoint": "https://10.0.0.10:6443",
        "talos_version": VERSION,
        "schematic": VANILLA,
        "install_disk": "/dev/vda",
        **more,
    }
    await house.api("POST", "clusters", 201, json=body)


def ticket_path(told: Told) -> str:
    (path,) = told.ticket_paths
    return path


async def test_a_machine_of_a_cluster_made_offline_boots_that_clusters_build(house: House):
    await imported(house, FILES)
    await cluster(house)
    device_id = await house.see()
    await house.approve(device_id, role="controlplane", cluster="lab", hostname="cp-1")
    told = await house.knock()
    assert told.installer
    assert f" http://ktizo.test:8000{IMAGES}/kernel-amd64 " in told.line("kernel")
    assert f" http://ktizo.test:8000{IMAGES}/initramfs-amd64.xz " in told.line("initrd")
    words = told.line("kernel").split()
    assert set(LINE.split()) <= set(words)
    assert "console=ttyS0" in words
    machine = house.at(ADDRESS)
    kernel = await machine.get(f"{IMAGES}/kernel-amd64")
    assert (kernel.status_code, kernel.content) == (200, KERNEL)
    assert kernel.headers["etag"] == f'"{sha256(KERNEL)}"'
    part = await machine.get(f"{IMAGES}/initramfs-amd64.xz", headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, INITRAMFS[5:10])
    config = await machine.get(ticket_path(told))
    shown = await house.api(
        "POST", f"clusters/devices/{device_id}/preview", params={"reason": "compare"}
    )
    assert (config.status_code, config.text) == (200, shown["config"])
    assert f"factory.talos.dev/metal-installer/{VANILLA}:{VERSION}" in config.text
    kinds = [event["kind"] for event in await house.events()]
    assert [k for k in kinds if k in {"kernel_sent", "initrd_sent", "config_sent"}] == [
        "kernel_sent",
        "initrd_sent",
        "config_sent",
    ]


async def test_nobody_else_gets_the_config(house: House, clock: Clock):
    await imported(house, FILES)
    await cluster(house)
    device_id = await house.see()
    await house.approve(device_id, role="worker", cluster="lab")
    path = ticket_path(await house.knock())
    own, other = house.at(ADDRESS), house.at("10.0.0.66")
    guesses = [
        "/boot/configs/52-54-00-aa-bb-01/config.yaml",
        f"/boot/configs/{MAC}/config.yaml",
        f"/boot/configs/{device_id}~1~1~AAAAAAAAAAAAAAAAAAAAAA/config.yaml",
        "/boot/configs/config.yaml",
    ]
    for guess in guesses:
        answer = await other.get(guess, params={"mac": MAC})
        assert (answer.status_code, answer.text) == (403, REFUSED), guess
    assert (await own.get(path)).status_code == 200
    assert (await own.get(path)).status_code == 200  # safe to try again
    assert (await other.get(path)).status_code == 403
    clock.forward(minutes=241)
    assert (await own.get(path)).status_code == 403
    refused = await house.audit(action="config")
    assert sum(one["count"] for one in refused if one["outcome"] != "sent") == len(guesses) + 2


@pytest.mark.parametrize(
    ("files", "arch", "said"),
    [
        ({}, "x86_64", "the mirror lacks kernel-amd64, initramfs-amd64.xz, cmdline-metal-amd64"),
        (FILES, "arm64", "the mirror lacks kernel-arm64"),
        (FILES, "i386", "Talos does not run on i386"),
        ({**FILES, "cmdline-metal-amd64": None}, "x86_64", "lacks cmdline-metal-amd64"),
    ],
)
async def test_a_build_that_is_not_there_is_said_and_the_machine_boots_its_disk(
    files: dict[str, bytes | None], arch: str, said: str, opened: OpenHouse
):
    async with opened() as house:
        for name in (await house.api("GET", "boot/profiles/talos-worker"))["initrds"]:
            await house.api("DELETE", f"boot/profiles/talos-worker/assets/{name}", 204)
        there = {name: data for name, data in files.items() if data is not None}
        if there:
            await imported(house, there)
        await cluster(house)
        device_id = await house.see(arch=arch)
        await house.approve(device_id, role="worker", cluster="lab")
        told = await house.knock(arch=arch)
        assert told.disk.rule == "profile_broken"
        explained = await house.explain(arch=arch)
        assert said in explained["profile_problem"]
        assert explained["boots_from"] is None


async def test_files_uploaded_to_the_profile_are_the_way_out(opened: OpenHouse):
    async with opened() as house:  # its profiles have every file they name
        await cluster(house)
        device_id = await house.see()
        await house.approve(device_id, role="worker", cluster="lab")
        assert "/boot/assets/talos-worker/vmlinuz-amd64" in (await house.knock()).line("kernel")
        assert (await house.explain())["boots_from"] == "files of profile talos-worker"
        await imported(house, FILES)
        assert f"{IMAGES}/kernel-amd64" in (await house.knock()).line("kernel")
        assert (await house.explain())["boots_from"] == f"mirror, build {VANILLA}/{VERSION}"


async def test_a_processor_talos_has_no_build_for_gets_no_other_kernel_instead(opened: OpenHouse):
    async with opened() as house:  # its profiles have every file they name
        await cluster(house)
        device_id = await house.see(arch="i386")
        await house.approve(device_id, role="worker", cluster="lab")
        assert (await house.knock(arch="i386")).disk.rule == "profile_broken"


async def test_an_altered_kernel_is_withheld(house: House):
    await imported(house, FILES)
    checksum = sha256(KERNEL)
    (stored,) = [p for p in house.settings.data_dir.rglob(checksum) if p.is_file()]
    stored.chmod(0o600)
    stored.write_bytes(KERNEL[:-1] + b"!")
    answer = await house.at(ADDRESS).get(f"{IMAGES}/kernel-amd64")
    assert answer.status_code == 404
    assert "is not what was stored" in answer.text
    assert [one["data"]["file"] for one in await house.events("asset_altered")] == ["kernel-amd64"]


@pytest.mark.parametrize(
    "path",
    [
        f"{IMAGES}/",
        f"{IMAGES}/kernel-amd64/x",
        "/boot/images/kernel-amd64",
        "/boot/images//kernel-amd64",
        f"/boot/images/{VANILLA}/../{VERSION}/kernel-amd64",
        f"/boot/images/{VANILLA.upper()}/{VERSION}/kernel-amd64",
        f"{IMAGES}/..%2fkernel-amd64",
        f"{IMAGES}/kernel-arm64",
    ],
)
async def test_only_a_name_of_the_mirror_finds_a_file(house: House, path: str):
    await imported(house, FILES)
    answer = await house.at(ADDRESS).get(path)
    assert answer.status_code == 404
    assert answer.text.startswith(("asset_unknown: ", "not_found"))


async def test_what_a_cluster_boots_is_not_cleared_away(house: House):
    await imported(house, FILES)
    body = {"older_than_days": 0, "dry_run": True}
    would = await house.api("POST", "images/mirror/prune", json=body)
    assert {one["name"] for one in would["files"]} == set(FILES)
    await cluster(house)
    kept = await house.api("POST", "images/mirror/prune", json={"older_than_days": 0})
    assert kept["files"] == []
    await house.api("PATCH", "clusters/lab", json={"talos_version": "v1.12.9"})
    gone = await house.api("POST", "images/mirror/prune", json={"older_than_days": 0})
    assert {one["name"] for one in gone["files"]} == set(FILES)


async def test_an_approval_into_a_cluster_happens_whole_or_not_at_all(house: House):
    await cluster(house)
    device_id = await house.see()
    for body, status, code in (
        ({"cluster": "nowhere", "role": "worker"}, 404, "cluster_not_found"),
        ({"cluster": "lab"}, 422, "role_missing"),
        ({"install_disk": "/dev/sda", "role": "worker"}, 422, "cluster_missing"),
        ({"cluster": "lab", "role": "worker", "profile": "nothing"}, 404, "profile_not_found"),
    ):
        refused = await house.approve(device_id, status, **body)
        assert refused["code"] == code, refused
        device = await house.device()
        assert (device["state"], device["role"], device["lease"]) == ("pending", None, None)
    await house.approve(device_id, role="worker", cluster="lab", install_disk="/dev/nvme0n1")
    (joined,) = await house.api("GET", "clusters/lab/members")
    assert (joined["device_id"], joined["role"], joined["install_disk"]) == (
        device_id,
        "worker",
        "/dev/nvme0n1",
    )


async def test_a_rehearsal_shows_script_and_config_and_leaves_nothing(house: House):
    await imported(house, FILES)
    await cluster(house)
    device_id = await house.see()
    before = await house.dump()
    wanted = {"role": "controlplane", "cluster": "lab", "hostname": "cp-1"}
    shown = await house.api("POST", "boot/rehearse", json={"device_id": device_id, **wanted})
    assert shown["explanation"]["rule"] == "approved"
    assert f"{IMAGES}/kernel-amd64" in shown["explanation"]["script"]
    assert shown["config_name"] == "config.yaml"
    assert "cp-1" in shown["config"]
    assert "BEGIN" not in shown["config"]  # no key, no certificate: fingerprints
    await house.flush()
    assert await house.dump() == before
    assert (await house.knock()).disk.rule == "not_approved"
    await house.approve(device_id, **wanted)
    told = await house.knock()
    script = shown["explanation"]["script"]
    assert [one.split("/boot/configs/")[0] for one in told.text.splitlines()] == [
        one.split("/boot/configs/")[0] for one in script.splitlines()
    ]


async def test_a_rehearsal_of_what_cannot_be_is_refused_as_the_approval_would_be(house: House):
    device_id = await house.see()
    other = await house.see(OTHER_MAC)
    await house.api("PATCH", f"devices/{other}", json={"hostname": "taken"})
    for body, status, code in (
        ({"hostname": "taken"}, 409, "hostname_taken"),
        ({"cluster": "nowhere", "role": "worker"}, 404, "cluster_not_found"),
        ({"device_id": 9999}, 404, "device_not_found"),
    ):
        asked = {"device_id": device_id, **body}
        refused = await house.api("POST", "boot/rehearse", status, json=asked)
        assert refused["code"] == code
