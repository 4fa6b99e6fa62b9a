"""Hand-over to the disk, profiles by name, the menu, and profiles that are not complete."""

import pytest

from integration import ipxe
from integration.conftest import OpenHouse
from integration.house import MAC, OTHER_MAC, House
from integration.test_approvals import done_path, prove
from ktizo.boot.builtin import BUILTIN

pytestmark = pytest.mark.anyio
SANBOOT = "sanboot --no-describe --drive 0x80 || exit 1"


@pytest.mark.parametrize(
    ("handover", "platform", "last_line"),
    [
        ("sanboot", "pcbios", SANBOOT),
        ("sanboot", "efi", SANBOOT),
        ("exit", "pcbios", "exit"),
        ("exit", "efi", "exit 1"),
        ("exit", "", "exit 1"),
        ("http_404", "efi", "exit 1"),
    ],
)
async def test_each_machine_is_handed_over_in_the_way_it_needs(
    handover: str, platform: str, last_line: str, opened: OpenHouse
):
    async with opened() as house:
        device_id = await house.see()
        await house.api("PATCH", f"devices/{device_id}", json={"handover": handover})
        assert (await house.knock(platform=platform)).disk.handover == last_line
        await house.approve(device_id, profile="debian")
        installer = await house.knock(platform=platform)
        assert installer.installer
        assert installer.text.endswith(f"\n{last_line}\n")


@pytest.mark.parametrize("platform", ["pcbios", "", "nonsense"])
async def test_the_404_hand_over_is_a_404_with_the_reason_and_no_script(
    platform: str, opened: OpenHouse
):
    async with opened() as house:
        device_id = await house.see()
        await house.api("PATCH", f"devices/{device_id}", json={"handover": "http_404"})
        told = await house.knock(platform=platform)
        assert (told.status, told.text) == (
            404,
            "local_disk: no operator has approved this machine\n",
        )
        await house.approve(device_id, profile="debian")
        assert (await house.knock(platform=platform)).installer


@pytest.mark.parametrize("policy", ["hold", "menu"])
async def test_a_machine_with_the_404_hand_over_may_still_wait(policy: str, opened: OpenHouse):
    async with opened(unknown_machines=policy) as house:
        device_id = await house.see()
        await house.api("PATCH", f"devices/{device_id}", json={"handover": "http_404"})
        told = await house.knock()
        assert (told.status, told.first_word) == (200, policy)


@pytest.mark.parametrize("name", [*BUILTIN, "wait", "boot", "no-such-profile"])
async def test_asking_for_a_profile_by_name_gives_only_the_assigned_one(
    name: str, opened: OpenHouse
):
    async with opened() as house:
        await house.ready(profile="debian")
        told = await house.knock(path=f"/boot/{name}.ipxe")
        chosen = await house.knock(choice=name)
        if name == "boot":
            assert told.first_word.startswith("who are you?")
        elif name in {"debian", "wait", "menu"}:
            assert told.first_word == "debian"
        else:
            assert told.disk.rule == "not_assigned"
        if name in {"debian", "wait"}:
            assert chosen.first_word == "debian"
        else:
            assert chosen.disk.rule == "not_assigned"


async def test_a_profile_asked_for_without_a_machine_asks_who_is_there(house: House):
    answer = await house.at("10.0.0.50").get("/boot/debian.ipxe")
    ipxe.commands(answer.text)
    assert not ipxe.loads_a_kernel(answer.text)
    assert answer.text.count("&choice=debian\n") == 1
    assert (await house.at("10.0.0.50").get("/boot/NoName.ipxe")).status_code == 404


async def test_an_approved_machine_with_the_menu_chooses_among_complete_profiles(house: House):
    await house.stock("debian")
    await house.stock("rescue")
    await house.api("POST", "boot/profiles", 201, json={"name": "empty", "type": "debian_preseed"})
    await house.ready(profile="menu")
    menu = await house.knock()
    items = [words[1] for words in ipxe.commands(menu.text) if words[0] == "item"]
    assert [item for item in items if item in {"p-debian", "p-rescue"}] == ["p-debian", "p-rescue"]
    assert "p-empty" not in items
    assert "wait" not in items
    assert not menu.installer
    assert ipxe.ends_on_disk(menu.text)
    labels = {line[1:] for line in menu.text.splitlines() if line.startswith(":")}
    assert set(items) <= labels, "every entry leads somewhere"
    assert "choose --default local --timeout 30000 chosen || goto local\n" in menu.text


async def test_a_choice_in_the_menu_uses_the_permission_like_an_assigned_profile(house: House):
    await house.stock("rescue")
    await house.ready(profile="menu")
    for _ in range(3):
        assert (await house.knock()).first_word == "menu", "looking costs nothing"
    assert (await house.knock(path="/boot/rescue.ipxe")).first_word == "rescue"
    await house.flush()
    device = await house.device()
    assert (device["state"], device["lease"]["offers"]) == ("installing", 1)
    assert (await house.knock(path="/boot/local-disk.ipxe")).disk.rule == "profile_local_disk"
    assert (await house.knock(path="/boot/no-such.ipxe")).disk.rule == "not_assigned"


async def test_the_menu_is_gone_with_the_permission(house: House):
    device_id = await house.ready(profile="menu")
    await house.stock("rescue")
    await house.act(device_id, "ran")
    assert (await house.knock()).disk.rule == "already_installed"
    assert (await house.knock(path="/boot/rescue.ipxe")).disk.rule == "already_installed"


async def test_an_installer_chosen_in_the_menu_gets_its_own_config_and_can_prove(house: House):
    await house.stock("debian")
    await house.ready(profile="menu")
    told = await house.knock(path="/boot/debian.ipxe")
    (config,) = told.ticket_paths
    answer = await house.at("10.0.0.50").get(config)
    assert answer.status_code == 200, answer.text
    assert "/boot/done/" in answer.text


async def test_a_profile_that_is_the_local_disk_wins_over_a_live_permission(house: House):
    await house.ready(profile="local-disk")
    assert (await house.knock()).disk.rule == "profile_local_disk"
    assert (await house.device())["lease"]["offers"] == 0


async def test_a_profile_without_its_kernel_boots_the_disk_and_names_the_file(house: House):
    await house.api("POST", "boot/profiles", 201, json={"name": "half", "type": "debian_preseed"})
    device_id = await house.see()
    await house.approve(device_id, profile="half")
    told = (await house.knock()).disk
    assert told.rule == "profile_broken"
    assert told.reason == (
        "its boot profile cannot be served, see the profile's files".replace("'", "?")
        + ": profile half lacks linux, initrd.gz"
    )
    await house.put_file("half", "linux")
    assert (await house.knock()).disk.reason.endswith("profile half lacks initrd.gz")
    await house.put_file("half", "initrd.gz")
    assert (await house.knock()).installer
    await house.api("DELETE", "boot/profiles/half/assets/linux", 204)
    assert (await house.knock()).disk.rule == "profile_broken"


async def test_a_custom_profile_without_a_kernel_says_so(house: House):
    await house.api("POST", "boot/profiles", 201, json={"name": "bare", "type": "custom"})
    device_id = await house.see()
    await house.approve(device_id, profile="bare")
    assert (await house.knock()).disk.reason.endswith("profile bare has no kernel")


async def test_a_command_line_that_cannot_be_rendered_boots_the_disk_and_says_why(house: House):
    body = {"name": "ks", "type": "kickstart"}
    await house.api("POST", "boot/profiles", 201, json=body)
    await house.stock("ks")
    device_id = await house.see()
    await house.approve(device_id, profile="ks")
    told = (await house.knock()).disk
    assert told.rule == "profile_broken"
    assert "repo" in told.reason


async def test_parameters_of_the_machine_win_over_those_of_the_profile(house: House):
    device_id = await house.ready()
    body = {"profile": "debian", "parameters": {"domain": "lab.example"}}
    await house.api("PUT", f"boot/assignments/{device_id}", json=body)
    assert " domain=lab.example " in (await house.knock()).line("kernel") + " "
    await house.ready(OTHER_MAC)
    assert " domain= " in (await house.knock(OTHER_MAC)).line("kernel")


async def test_what_a_machine_says_of_itself_cannot_add_to_its_command_line(house: House):
    body = {"name": "mine", "type": "custom", "kernel": "k", "cmdline": "serial={{ serial }}"}
    await house.api("POST", "boot/profiles", 201, json=body)
    evil = "x || imgfree\nkernel http://evil/ ${net0/ip} # \\"
    await house.ready(profile="mine", serial_hex=evil.encode().hex())
    told = await house.knock(serial_hex=evil.encode().hex())
    ipxe.commands(told.text)
    kernel = told.line("kernel")
    assert kernel.count("||") == 1
    assert "${" not in kernel
    assert "evil/ " not in kernel


async def test_a_changed_profile_is_what_the_next_question_gets(house: House):
    mine = {"name": "mine", "type": "custom", "kernel": "k"}
    await house.api("POST", "boot/profiles", 201, json={**mine, "cmdline": "one"})
    await house.ready(profile="mine")
    assert " one " in (await house.knock()).line("kernel")
    await house.api("PUT", "boot/profiles/mine", json={**mine, "cmdline": "two"})
    assert " two " in (await house.knock()).line("kernel")


@pytest.mark.parametrize("profile", ["talos-worker", "talos-controlplane", "ubuntu", "debian"])
async def test_every_installer_finds_the_config_its_command_line_names(
    profile: str, opened: OpenHouse
):
    async with opened() as house:
        await house.ready(profile=profile)
        told = await house.knock()
        for path in told.ticket_paths:
            named = f"{path}user-data" if path.endswith("/") else path
            answer = await house.at("10.0.0.50").get(named)
            assert answer.status_code == 200, (named, answer.text)
            assert answer.headers["cache-control"] == "no-store"
        assert told.ticket_paths


async def test_one_machine_after_the_other_proves_for_itself_only(house: House):
    await house.ready()
    await house.ready(OTHER_MAC)
    path = await done_path(house, OTHER_MAC, "10.0.0.51")
    await prove(house)
    assert (await house.knock(OTHER_MAC)).installer
    await house.at("10.0.0.51").post(path)
    states = {tuple(one["macs"]): one["state"] for one in await house.devices()}
    assert states == {(MAC,): "installed", (OTHER_MAC,): "installed"}
