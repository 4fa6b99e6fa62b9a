"""The front: what it keeps in memory, whom it believes, and that it always has an answer."""

from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from boot.samples import profile
from integration import ipxe
from ktizo.boot import render
from ktizo.boot.answer import Answer
from ktizo.boot.asking import Asking
from ktizo.boot.chosen import Chosen
from ktizo.boot.decide import Action, Decision, ProfileState, Rule
from ktizo.boot.knock import Knock, KnockSink
from ktizo.boot.machine import front as front_module
from ktizo.boot.machine.front import Front
from ktizo.core.errors import Unavailable
from ktizo.devices.facts import DeviceFacts, InspectionFacts, LeaseFacts
from ktizo.devices.lifecycle import State
from ktizo.devices.progress import InspectionSink, Looked, Offer, OfferCounter, OfferSink
from ktizo.network.neighbours import Cards
from ktizo.providers.doors import DoorFacts

pytestmark = pytest.mark.anyio
MAC, ADDRESS, LIMIT = "52:54:00:aa:bb:cc", "10.0.0.9", 5
QUERY = b"mac=52-54-00-aa-bb-cc"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
KERNEL = b"#!ipxe\nkernel http://k || exit 1\nboot || exit 1\n"
DISK = b"#!ipxe\nexit 1\n"


class Reader:
    """Three databases: one that says what is set, one that is away, one that is broken."""

    def __init__(self) -> None:
        self.number = 1
        self.fault: Exception | None = None

    async def version(self) -> int:
        if self.fault is not None:
            raise self.fault
        return self.number

    version_this_turn = version


class Writer:
    """Keeps what was put; `healthy` is set by hand."""

    def __init__(self) -> None:
        self.healthy = True
        self.items: dict[tuple[str, Hashable], Any] = {}

    def put(self, sink: Any, key: Hashable, item: Any) -> None:
        self.items[(sink.name, key)] = item

    def waiting(self, sink: Any, key: Hashable) -> Any:
        return self.items.get((sink.name, key))

    def of(self, name: str) -> list[Any]:
        return [item for (sink, _), item in self.items.items() if sink == name]


class Answerer:
    """Gives the answer that is set, and remembers what it was asked."""

    limit = LIMIT

    def __init__(self) -> None:
        self.asked: list[tuple[Asking | None, str, bool]] = []
        self.lease: LeaseFacts | None = None
        self.inspection: InspectionFacts | None = None
        self.rule = Rule.UNKNOWN
        self.fault: Exception | None = None

    async def answer(
        self,
        asking: Asking | None,
        base: str,
        now: datetime,
        *,
        can_record: bool,
        own_card: bool = True,
        door: DoorFacts | None = None,
    ) -> Answer:
        self.asked.append((asking, base, can_record))
        if self.fault is not None:
            raise self.fault
        rule = self.rule if can_record else Rule.CANNOT_RECORD
        rule = rule if own_card else Rule.FOREIGN_CARD
        told = {Rule.APPROVED: Action.BOOT, Rule.INSPECTION: Action.INSPECT}
        boots = rule in told
        decision = Decision(told.get(rule, Action.LOCAL_DISK), rule)
        claim = asking.claim if asking else None
        lease, body = self.lease, KERNEL if boots else DISK
        known = lease is not None or self.inspection is not None
        device = None if not known else DeviceFacts(
            7, State.APPROVED, None, None, None, None, "sanboot", (), MAC, "a", NOON, lease,
            self.inspection,
        )  # fmt: skip
        return Answer(
            decision, body, 200, claim, device, Chosen(ProfileState.READY, profile(), {}), "ABC-DEF"
        )


def lease(minutes: int = 60, offers: int = 0) -> LeaseFacts:
    return LeaseFacts(3, "approval", "admin", NOON + timedelta(minutes=minutes), offers, None)


class Street:
    """A front with fakes behind it, and a machine in front."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, base_url: str | None = None) -> None:
        self.reader, self.writer, self.answerer = Reader(), Writer(), Answerer()
        self.now = NOON
        self.learned: list[tuple[str, str]] = []
        self.routed: list[str] = []
        self.neighbours: dict[str, str] = {}
        monkeypatch.setattr(front_module, "utc_now", lambda: self.now)

        async def route(scope: Any, receive: Any, send: Any, address: str) -> None:
            self.routed.append(scope["path"])
            await front_module.send_text(send, 200, b"route")

        async def fault(scope: Any, receive: Any, send: Any, address: str) -> None:
            raise RuntimeError("a bug")

        self.front = Front(
            self.answerer,  # type: ignore[arg-type]
            self.reader,  # type: ignore[arg-type]
            self.writer,  # type: ignore[arg-type]
            KnockSink(None, None, None),  # type: ignore[arg-type]
            OfferSink(None, None, LIMIT),  # type: ignore[arg-type]
            OfferCounter(),
            inspections=InspectionSink(None, LIMIT),  # type: ignore[arg-type]
            looks=OfferCounter(),
            base_url=base_url,
            learned=lambda address, mac: self.learned.append((address, mac)),
            cards=Cards(lambda: self.neighbours, clock=lambda: 0.0),
            routes={"/boot/assets/": route, "/boot/broken/": fault},
        )

    async def ask(
        self,
        path: str = "/boot/menu.ipxe",
        query: bytes = QUERY,
        *,
        method: str = "GET",
        host: bytes | None = b"ktizo.lan:8000",
        address: str = ADDRESS,
        server: tuple[str, int] | None = ("192.0.2.1", 8000),
    ) -> tuple[int, dict[bytes, bytes], bytes]:
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query,
            "headers": [(b"host", host)] if host is not None else [],
            "server": server,
        }
        await self.front(scope, None, send, address)
        start, body = sent
        return start["status"], dict(start["headers"]), body["body"]


@pytest.fixture
def street(monkeypatch: pytest.MonkeyPatch) -> Street:
    return Street(monkeypatch)


async def test_an_unchanged_question_is_answered_from_memory(street: Street):
    first = await street.ask()
    assert await street.ask() == first
    assert len(street.answerer.asked) == 1


async def test_every_answer_from_memory_is_counted_for_history(street: Street):
    for _ in range(3):
        await street.ask()
    await street.ask(address="10.0.0.10")
    knocks: list[Knock] = street.writer.of("knocks")
    assert [(k.address, k.count, k.at) for k in knocks] == [
        (ADDRESS, 3, NOON),
        ("10.0.0.10", 1, NOON),
    ]


async def test_a_repeated_question_may_name_more_and_history_keeps_it(street: Street):
    await street.ask()
    await street.ask(query=QUERY + b"&serial=ABC123")
    (knock,) = street.writer.of("knocks")
    assert (knock.count, knock.claim.serial, knock.claim.address) == (2, "ABC123", ADDRESS)


async def test_a_change_anywhere_makes_the_next_question_be_looked_up_again(street: Street):
    await street.ask()
    street.reader.number += 1
    await street.ask()
    assert len(street.answerer.asked) == 2


async def test_each_question_and_each_way_to_reach_us_has_its_own_answer(street: Street):
    await street.ask()
    await street.ask(host=b"other.lan")
    await street.ask(query=QUERY + b"&platform=efi")
    assert len(street.answerer.asked) == 3
    assert {base for _, base, _ in street.answerer.asked} == {
        "http://ktizo.lan:8000",
        "http://other.lan",
    }


async def test_an_installer_kept_in_memory_is_not_served_after_its_permission_ran_out(
    street: Street,
):
    street.answerer.rule, street.answerer.lease = Rule.APPROVED, lease(minutes=60)
    assert (await street.ask())[2] == KERNEL
    street.now = NOON + timedelta(minutes=60)
    street.answerer.rule = Rule.NO_LEASE
    assert (await street.ask())[2] == DISK


async def test_an_installer_kept_in_memory_is_served_as_often_as_its_permission_says(
    street: Street,
):
    street.answerer.rule, street.answerer.lease = Rule.APPROVED, lease()
    for count in range(1, LIMIT + 1):
        assert (await street.ask())[2] == KERNEL
        (offer,) = street.writer.of("offers")
        assert offer == Offer(7, 3, count, NOON)
    assert len(street.answerer.asked) == 1
    street.answerer.rule = Rule.BOOT_LOOP
    assert (await street.ask())[2] == DISK
    (over,) = street.writer.of("offers")
    assert over.count == LIMIT + 1, "which declares the boot loop"


async def test_no_installer_is_served_from_memory_while_history_cannot_be_written(street: Street):
    street.answerer.rule, street.answerer.lease = Rule.APPROVED, lease()
    assert (await street.ask())[2] == KERNEL
    street.writer.healthy = False
    assert (await street.ask())[2] == DISK
    assert street.answerer.asked[-1][2] is False
    street.writer.healthy = True
    assert (await street.ask())[2] == KERNEL, "the refusal itself is not kept"


async def test_an_installer_goes_only_to_the_card_it_is_for_as_far_as_the_wire_shows(
    street: Street,
):
    street.answerer.rule, street.answerer.lease = Rule.APPROVED, lease()
    assert (await street.ask())[2] == KERNEL, "nobody knows whose address it is"
    street.neighbours[ADDRESS] = "52:54:00:00:00:66"
    assert (await street.ask())[2] == DISK
    assert len(street.writer.of("offers")) == 1, "and it uses nothing of the permission"
    street.neighbours = {}
    assert (await street.ask(address="10.0.0.10"))[2] == KERNEL, "nor is the refusal kept"


async def test_memory_is_not_trusted_while_the_database_is_away(street: Street):
    street.answerer.rule, street.answerer.lease = Rule.APPROVED, lease()
    await street.ask()
    street.reader.fault = Unavailable("gone")
    street.answerer.rule = Rule.DATABASE_DOWN
    assert (await street.ask())[2] == DISK


async def test_an_answer_without_the_database_is_forgotten_once_it_is_back(street: Street):
    """It may go away between the two questions a request asks it."""
    street.answerer.rule = Rule.DATABASE_DOWN
    await street.ask()
    street.answerer.rule = Rule.UNKNOWN
    await street.ask()
    assert len(street.answerer.asked) == 2


@pytest.mark.parametrize("where", ["reader", "answerer"])
@pytest.mark.parametrize("fault", [RuntimeError("a bug"), OSError("disk"), KeyError("x")])
async def test_whatever_goes_wrong_inside_the_machine_boots_from_its_disk(
    where: str, fault: Exception, street: Street, caplog: pytest.LogCaptureFixture
):
    getattr(street, where).fault = fault
    status, headers, body = await street.ask()
    assert (status, body) == (200, render.LAST_RESORT)
    assert headers[b"content-type"] == b"text/plain; charset=utf-8"
    assert "could not be answered" in caplog.text


async def test_a_fault_in_a_file_route_is_an_answer_with_a_code_too(street: Street):
    """Not the server's own page for a crash: iPXE shows the status, an operator greps the code."""
    status, _, body = await street.ask("/boot/broken/file")
    assert (status, body.partition(b":")[0]) == (500, b"internal_error")


async def test_the_answer_to_head_is_the_length_without_the_script(street: Street):
    whole = await street.ask()
    status, headers, body = await street.ask(method="HEAD")
    assert (status, body) == (200, b"")
    assert headers[b"content-length"] == str(len(whole[2])).encode()


@pytest.mark.parametrize(
    "host",
    [b"", b"evil\r\nX: y", b"a b", b"a/../b", b"a@b", b"${net0/ip}", b"x" * 300, b"a:b",
     b"a:123456",
     b"a|b", b"a&&b", "é.lan".encode(), b"[::1", b"a%0ab", b"a;b", b"\xff\xfe", b"a\tb", None],
)  # fmt: skip
async def test_a_host_header_that_is_no_host_is_not_put_in_a_script(
    host: bytes | None, street: Street
):
    _, _, body = await street.ask("/boot/boot.ipxe", b"", host=host)
    assert b"\nset ktizo http://192.0.2.1:8000\n" in body
    ipxe.commands(body.decode())


@pytest.mark.parametrize("host", [b"ktizo", b"10.0.0.2:8000", b"[fd00::1]:8000", b"a-b.c:1"])
async def test_a_host_header_that_is_one_is_how_the_machine_reaches_us(host: bytes, street: Street):
    _, _, body = await street.ask("/boot/boot.ipxe", b"", host=host)
    assert b"\nset ktizo http://" + host + b"\n" in body


async def test_without_a_host_header_an_ipv6_address_still_makes_a_url(street: Street):
    _, _, body = await street.ask("/boot/boot.ipxe", b"", host=None, server=("fd00::1", 8000))
    assert b"\nset ktizo http://[fd00::1]:8000\n" in body


async def test_the_setting_wins_over_what_the_machine_asked(monkeypatch: pytest.MonkeyPatch):
    street = Street(monkeypatch, base_url="http://boot.example:80")
    _, _, body = await street.ask("/boot/boot.ipxe", b"", host=b"evil.example")
    assert b"\nset ktizo http://boot.example:80\n" in body
    assert b"evil" not in body


@pytest.mark.parametrize(
    "path",
    ["/boot/", "/boot/x", "/boot/a/b.ipxe", "/boot/.ipxe", "/boot/..ipxe", "/boot/A.ipxe",
     "/boot/a b.ipxe", "/boot/a\n.ipxe", "/boot/a\0.ipxe", "/boot/${x}.ipxe", "/boot/-a.ipxe",
     "/boot//boot.ipxe", "/boot/boot.ipxe/", "/boot/é.ipxe", f"/boot/{'a' * 64}.ipxe"],
)  # fmt: skip
async def test_what_is_no_route_is_a_404_in_one_plain_line(path: str, street: Street):
    status, headers, body = await street.ask(path, b"")
    assert (status, body) == (404, b"not_found: no such machine route\n")
    assert headers[b"content-type"].startswith(b"text/plain")
    (knock,) = street.writer.of("knocks")
    assert (knock.action, knock.outcome) == ("refused", "not_found")


async def test_a_profile_by_name_is_a_choice_and_a_second_choice_is_a_contradiction(street: Street):
    await street.ask("/boot/debian.ipxe")
    await street.ask("/boot/debian.ipxe", QUERY + b"&choice=rescue")
    first, second = (asking for asking, _, _ in street.answerer.asked)
    assert first is not None
    assert first.choice == "debian"
    assert second is None


async def test_files_go_to_their_route_and_nothing_else_does(street: Street):
    await street.ask("/boot/assets/debian/linux", b"")
    await street.ask("/boot/assets.ipxe", b"")
    assert street.routed == ["/boot/assets/debian/linux"]


async def test_memory_does_not_grow_without_end(street: Street, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(front_module, "MAX_KEPT", 10)
    for number in range(100):
        mac = f"5254000000{number:02x}".encode()
        await street.ask("/boot/boot.ipxe", b"", address=f"10.0.1.{number}")
        await street.ask(query=b"mac=" + mac, address=f"10.0.0.{number}")
    for kept in (street.front._kept, street.front._macs, street.front._asked):
        assert len(kept) <= 10


async def test_what_is_noted_is_who_asked_now_not_who_asked_first(street: Street):
    await street.ask(address="10.0.0.1")
    await street.ask(address="10.0.0.2")
    knocks: list[Knock] = street.writer.of("knocks")
    assert [(k.address, k.claim.address) for k in knocks if k.claim] == [
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.2", "10.0.0.2"),
    ]
    assert street.learned == [("10.0.0.1", MAC), ("10.0.0.2", MAC)]
    assert street.front.mac_at("10.0.0.2") == MAC


async def test_the_first_script_is_told_to_the_timeline_once_its_asker_has_a_name(street: Street):
    await street.ask("/boot/boot.ipxe", b"")
    street.now += timedelta(seconds=2)
    await street.ask()
    (told,) = [k for k in street.writer.of("knocks") if k.kind == "script_asked"]
    assert (told.mac, told.at, told.address) == (MAC, NOON, ADDRESS)


async def test_a_first_script_of_long_ago_is_not_this_machines(street: Street):
    await street.ask("/boot/boot.ipxe", b"")
    street.now += timedelta(minutes=6)
    await street.ask()
    assert [k for k in street.writer.of("knocks") if k.kind == "script_asked"] == []


def inspection(minutes: int = 60, boots: int = 0) -> InspectionFacts:
    until = NOON + timedelta(minutes=minutes)
    return InspectionFacts(4, "release", "v1.12.11", until, boots, None)


async def test_boots_of_an_inspection_are_counted_and_the_limit_asks_anew(street: Street):
    street.answerer.rule, street.answerer.inspection = Rule.INSPECTION, inspection(boots=2)
    for count in (3, 4, 5):
        assert (await street.ask())[2] == KERNEL
        assert street.writer.of("inspections") == [Looked(7, 4, count)]
    assert len(street.answerer.asked) == 1, "answered from memory"
    street.answerer.rule = Rule.INSPECTION_USED_UP
    assert (await street.ask())[2] == DISK
    assert street.writer.of("offers") == []


async def test_an_inspection_kept_in_memory_ends_with_its_time(street: Street):
    street.answerer.rule, street.answerer.inspection = Rule.INSPECTION, inspection(minutes=60)
    assert (await street.ask())[2] == KERNEL
    street.now = NOON + timedelta(minutes=60)
    street.answerer.rule = Rule.NOT_APPROVED
    assert (await street.ask())[2] == DISK


async def test_an_inspection_kept_in_memory_is_not_for_another_card_nor_without_history(
    street: Street,
):
    street.answerer.rule, street.answerer.inspection = Rule.INSPECTION, inspection()
    assert (await street.ask())[2] == KERNEL
    street.writer.healthy = False
    assert (await street.ask())[2] == DISK
    street.writer.healthy = True
    street.neighbours[ADDRESS] = "52:54:00:00:00:66"
    assert (await street.ask(address=ADDRESS))[2] == DISK
    street.neighbours[ADDRESS] = MAC
    assert (await street.ask(address=ADDRESS))[2] == KERNEL
