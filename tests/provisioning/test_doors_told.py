"""What a machine is told under its boot path, and who else may see that path: nobody."""

import pytest

from integration.test_clusters import FILES, imported
from ktizo.core.settings import UnknownPolicy
from ktizo.nodes.live.console import printable
from provisioning.conftest import OpenHome
from provisioning.homes import LAN, RENTED, URL
from provisioning.paths import (
    RENTED_MAC,
    STRANGE_MAC,
    Rented,
    arrived,
    named_in,
    own_disk,
    raw,
    ready,
)

pytestmark = pytest.mark.anyio


# What is told


async def test_every_url_a_rented_machine_is_told_begins_with_its_path(rented: Rented):
    home, path, _ = rented
    base = f"{URL}{path}/boot/"
    scripts = [
        (await home.at(RENTED).get(f"{path}/boot/{one}.ipxe")).text for one in ("boot", "wait")
    ]
    device_id = await arrived(home, path)
    scripts.append((await home.ask(path, RENTED_MAC)).text)
    await imported(home, FILES)
    await home.act(device_id, "inspect")
    looking = await home.ask(path, RENTED_MAC)
    assert looking.first_word == "inspection", looking.text
    scripts.append(looking.text)
    scripts += [(await home.at(RENTED).get(one)).text for one in looking.ticket_paths]
    for profile in ("debian", "ubuntu"):
        await home.stock(profile)
        await home.act(device_id, "reject")
        await home.act(device_id, "restore")
        await home.approve(device_id, profile=profile)
        boot = await home.ask(path, RENTED_MAC)
        assert boot.first_word == profile, boot.text
        scripts.append(boot.text)
    await home.act(device_id, "reject")
    scripts.append((await home.ask(path, RENTED_MAC)).text)
    found = [one for text in scripts for one in named_in(text)]
    assert len(found) > 12
    for one in found:
        assert one.startswith(base) or one == URL + path, one
    assert "ktizo.test" not in "".join(scripts)


async def test_files_come_by_the_path_as_they_come_on_the_lan(rented: Rented):
    home, path, _ = rented
    await home.stock("debian")
    lan = await home.at(LAN).get("/boot/assets/debian/linux")
    out = await home.at(RENTED).get(f"{path}/boot/assets/debian/linux")
    assert out.content == lan.content
    part = await home.at(RENTED).get(
        f"{path}/boot/assets/debian/linux", headers={"Range": "bytes=0-3"}
    )
    assert (part.status_code, part.content) == (206, lan.content[:4])
    assert (await home.at(RENTED).get(f"{path}/boot/assets/debian/none")).status_code == 404


@pytest.mark.parametrize("policy", list(UnknownPolicy))
async def test_a_rented_machine_waits_for_a_decision_whatever_the_lan_does(
    opened: OpenHome, policy: UnknownPolicy
):
    async with opened(unknown_machines=policy) as home:
        _, _, path = await home.rent()
        assert (await home.ask(path, RENTED_MAC)).first_word == "hold"


# Where its token may be seen


async def test_a_token_is_in_no_answer_event_audit_or_log(
    rented: Rented, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("DEBUG")
    home, path, server_id = rented
    device_id = await ready(home, path)
    told = await home.ask(path, RENTED_MAC)
    asked = [one.removeprefix(URL) for one in named_in(told.text)]
    for one in (
        *asked,
        *(f"{path}/boot/{file}" for file in ("none.ipxe", "assets/x/y", "loaders/z", "done/x")),
        *(f"{path}/boot/configs/x/y", f"{path}/nonsense", f"{path}x/boot/boot.ipxe"),
    ):
        await raw(home, one, address=RENTED)
    own_disk(await home.ask(path, STRANGE_MAC))
    said = [await home.audit(), await home.events(), await home.devices()]
    for one in (
        *("servers", f"servers/{server_id}", "provider-accounts", f"devices/{device_id}"),
        f"boot/explain?mac={RENTED_MAC}&arch=x86_64&platform=pcbios",
    ):
        said.append(await home.api("GET", one))
    token = path.removeprefix("/boot/at/")
    signature = token.rpartition("~")[2]
    ours = "".join(one.getMessage() for one in caplog.records if one.name.startswith("ktizo"))
    for text in (str(said), ours):
        assert token not in text
        assert signature not in text
    tables = await home.dump()
    assert all(signature not in repr(rows) for rows in tables.values())


def test_what_a_machine_says_on_its_console_does_not_show_its_path_or_tickets():
    line = (
        "Kernel command line: talos.config=http://ktizo.example:8000/boot/at/ktizo-0a1b~1~AbC_-d/"
        "boot/configs/7~3~1~XyZ/talos.yaml ds=nocloud;s=http://10.0.0.1/boot/done/7~3~0~Q quiet"
    )
    assert printable(line) == (
        "Kernel command line: talos.config=http://ktizo.example:8000/boot/at/(hidden)/"
        "boot/configs/(hidden)/talos.yaml ds=nocloud;s=http://10.0.0.1/boot/done/(hidden) quiet"
    )
