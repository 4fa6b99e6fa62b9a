"""Two weeks of a Ktizo, played through its API and its machine routes with the clock moved."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.moved_clock import Clock
from images.factory_double import LINE, VANILLA, VERSION, sha256
from integration.house import BASE, House, open_house

from .fleet import RACK, Member, hardware
from .served import PASSWORDS, ROLES, Hardware

LOADS = ("kernel", "initrd")
PATCH = """machine:
  sysctls:
    net.core.somaxconn: "65535"
  kubelet:
    extraArgs:
      max-pods: "220"
"""
MIRRORS = {"docker.io": {"endpoints": ["http://10.20.0.5:5000"]}}
_OURS = {"role": "worker", "disk_selector_match": "system_disk"}
VOLUMES: tuple[dict[str, str], ...] = (
    {"name": "EPHEMERAL", "min_size": "40GB", "max_size": "120GB"},
    {"name": "ceph", "kind": "raw", "min_size": "200GB", **_OURS},
    {"name": "logs", "kind": "user", "min_size": "20GB", "max_size": "40GB", **_OURS},
)
Step = Callable[[], Awaitable[None]]


class Past(Clock):
    """A clock that begins long ago."""

    def be(self, days_ago: float) -> None:
        self._ahead = -timedelta(days=days_ago)


async def make_history(folder: Path) -> None:
    """Write the data folder of a Ktizo that has run for two weeks into `folder`/data."""
    with pytest.MonkeyPatch.context() as patch:
        clock = Past()
        clock.be(14)
        clock.everywhere(patch)
        async with open_house(folder, unknown_machines="hold") as house:
            await History(house, clock).play()


class History:
    """Who came when, and what became of it."""

    def __init__(self, house: House, clock: Past) -> None:
        self._house, self._clock = house, clock
        self._ids: dict[str, int] = {}

    async def play(self) -> None:
        """Live through it in order; nothing of it may take longer than until the next."""
        await self._people()
        await self._images()
        await self._clusters()
        await self._shift()
        story: list[tuple[float, Step]] = []
        for number, member in enumerate(RACK):
            machine = hardware(number + 1, member.make)
            story.append((member.installed_days_ago, self._install(machine, member)))
            again = member.installed_days_ago - 1.3 - number % 4
            while again > 0.05:
                story.append((again, self._reboot(machine)))
                again -= 2.1 + number % 3
        story += self._troubles()
        for days_ago, step in sorted(story, key=lambda one: -one[0]):
            self._clock.be(days_ago)
            await step()
        await self._house.flush()

    async def _people(self) -> None:
        (token,) = [
            found[1] for text in self._house.announced if (found := re.search("#token=(.+)", text))
        ]
        body = {"token": token, "name": "ada", "password": PASSWORDS["ada"]}
        answer = await self._house.office.post("/api/v1/setup", json=body)
        assert answer.is_success, answer.text
        for name in ("omar", "vera"):
            person = {"name": name, "role": ROLES[name], "password": PASSWORDS[name]}
            await self._house.api("POST", "people", 201, json=person)

    async def _shift(self) -> None:
        """From here on it is omar's CLI that decides."""
        token = {"name": "omar-cli", "scope": "operator"}
        made = await self._house.api("POST", "tokens", 201, json=token)
        self._house.office.headers["Authorization"] = f"Bearer {made['token']}"

    async def _images(self) -> None:
        folder = self._house.settings.data_dir / "import" / "talos"
        folder.mkdir(parents=True)
        for arch in ("amd64", "arm64"):
            files = {
                f"kernel-{arch}": b"\x7fkernel " + bytes(2_000_000),
                f"initramfs-{arch}.xz": b"\xfd7zXZ" + bytes(8_000_000),
                f"cmdline-metal-{arch}": LINE.encode(),
            }
            for name, data in files.items():
                (folder / name).write_bytes(data)
                with (folder / "SHA256SUMS").open("a") as sums:
                    sums.write(f"{sha256(data)}  {name}\n")
        body = {"path": "talos", "schematic": VANILLA, "version": VERSION}
        taken = await self._house.api("POST", "images/mirror/import", json=body)
        assert taken["refused"] == []
        await self._house.stock("debian")

    async def _clusters(self) -> None:
        for name, address, disk in (
            ("prod", "10.20.0.10", "/dev/nvme0n1"),
            ("edge", "10.20.0.11", "/dev/sda"),
        ):
            body = {
                "name": name,
                "endpoint": f"https://{address}:6443",
                "vip": address,
                "talos_version": VERSION,
                "schematic": VANILLA,
                "install_disk": disk,
            }
            await self._house.api("POST", "clusters", 201, json=body)
        await self._house.api("PATCH", "clusters/prod", json={"registry_mirrors": MIRRORS})
        for volume in VOLUMES:
            await self._house.api("POST", "volume/configs", 201, json={**volume, "cluster": "prod"})
        patches = {"patches": [PATCH]}
        await self._house.api("PUT", "clusters/prod/patches/worker", json=patches)

    async def _ask(self, machine: Hardware) -> str:
        """Boot as far as the script."""
        client = self._house.at(machine.address)
        await client.get("/boot/boot.ipxe")
        self._clock.forward(seconds=1.2)
        answer = await client.get("/boot/menu.ipxe", params=machine.fields)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def _see(self, machine: Hardware) -> int:
        """Let it knock; returns its number."""
        await self._ask(machine)
        await self._house.flush()
        return int((await self._house.device(machine.mac))["id"])

    def _install(self, machine: Hardware, member: Member) -> Step:
        async def step() -> None:
            number = await self._see(machine)
            self._clock.forward(minutes=7)
            wanted = {"cluster": member.cluster, "role": member.role, "profile": member.profile}
            said: dict[str, Any] = {name: value for name, value in wanted.items() if value}
            await self._house.approve(number, hostname=member.hostname, **said)
            self._clock.forward(minutes=2)
            await self._boot(machine, member)
            if member.cluster is not None:
                self._clock.forward(seconds=60 * member.seconds)
                await self._house.act(number, "ran")

        return step

    async def _boot(self, machine: Hardware, member: Member) -> None:
        """Load, fetch the config, install; the Debian ones say themselves that they are done."""
        script = await self._ask(machine)
        client = self._house.at(machine.address)
        for what in LOADS:
            found = re.search(rf"^{what} --name \S+ (\S+)", script, re.MULTILINE)
            assert found, script
            self._clock.forward(seconds=member.seconds)
            await client.get(found[1].removeprefix(BASE))
        self._clock.forward(seconds=5 * member.seconds)
        config = re.search(r"=(http\S+/boot/configs/\S+)", script)
        assert config, script
        text = (await client.get(config[1].removeprefix(BASE))).text
        if done := re.search(r"(/boot/done/[^\s\"']+)", text):
            self._clock.forward(seconds=50 * member.seconds)
            await client.get(done[1])
        await self._house.flush()

    def _reboot(self, machine: Hardware) -> Step:
        async def step() -> None:
            await self._ask(machine)
            await self._house.flush()

        return step

    def _troubles(self) -> list[tuple[float, Step]]:
        """What needs somebody now, and what once did."""
        minute, second = 1 / 24 / 60, 1 / 24 / 3600
        story: list[tuple[float, Step]] = [
            (3.2, self._loop(hardware(41, 2))),
            (0.31, self._loop(hardware(42, 1))),
            (1.4, self._lapse(hardware(43, 3))),
            (0.9, self._reject(hardware(44, 4))),
            (0.22, self._contest(hardware(45, 0), hardware(46, 0))),
            (8 * minute, self._half(hardware(47, 2), "prod-w-13", installing=True)),
            (3 * minute, self._half(hardware(48, 5), "prod-w-14", installing=False)),
        ]
        for at, number in enumerate((51, 52, 53, 54, 55)):
            story.append(((11 - 2 * at) * minute, self._reboot(hardware(number, at % 6))))
        story.append((20 * second, self._reboot(hardware(56, 0))))
        return story

    def _loop(self, machine: Hardware) -> Step:
        async def step() -> None:
            number = await self._see(machine)
            await self._house.approve(number, profile="debian", hostname=f"loop-{number}")
            for _ in range(7):
                self._clock.forward(minutes=2)
                await self._ask(machine)
            await self._house.flush()

        return step

    def _lapse(self, machine: Hardware) -> Step:
        async def step() -> None:
            number = await self._see(machine)
            await self._house.approve(number, profile="debian", hostname="spare-1")
            self._clock.forward(hours=6)
            await self._ask(machine)
            await self._house.flush()

        return step

    def _reject(self, machine: Hardware) -> Step:
        async def step() -> None:
            number = await self._see(machine)
            await self._house.act(number, "reject")
            notes = {"notes": "A guest's laptop. It boots from the network by mistake."}
            await self._house.api("PATCH", f"devices/{number}", json=notes)

        return step

    def _contest(self, machine: Hardware, twin: Hardware) -> Step:
        async def step() -> None:
            await self._see(machine)
            other = Hardware(**{**vars(twin), "uuid": machine.uuid, "serial": machine.serial})
            self._clock.forward(minutes=4)
            await self._ask(other)
            await self._house.flush()

        return step

    def _half(self, machine: Hardware, hostname: str, *, installing: bool) -> Step:
        async def step() -> None:
            number = await self._see(machine)
            self._clock.forward(seconds=40)
            await self._house.approve(number, hostname=hostname, cluster="prod", role="worker")
            if installing:
                self._clock.forward(seconds=30)
                await self._ask(machine)
            await self._house.flush()

        return step
