"""`ktizo servers …` on recorded answers: what is asked, what goes out, and how often."""

import socket
import threading

import httpx
import pytest
from httpx import Response

from cli.recorded import (
    ECHO,
    PREVIEW,
    REACHED,
    SENT,
    WISH,
    as_person,
    bodies,
    refused,
    run,
    server,
    wire,
)

__all__ = ["as_person", "wire"]


# Confirming


def test_an_order_goes_out_once_it_was_typed_word_for_word(wire, as_person):
    ordered = wire.post("/servers").mock(Response(201, json=server()))
    done = run("servers", "order", *WISH, typed=f"{ECHO}\n")
    assert done.exit_code == 0, done.output
    assert bodies(ordered) == [SENT | {"confirm": ECHO, "unreached": False}]
    asked = done.stderr
    for words in ("0.18 USD an hour, without VAT", "dry run", "warning: it bills by the day", ECHO):
        assert words in asked
    assert "web-1 (7)" in done.stdout


@pytest.mark.parametrize("typed", ["y", "", ECHO[:-1], ECHO.upper()])
def test_anything_else_that_is_typed_orders_nothing(wire, as_person, typed: str):
    ordered = wire.post("/servers").mock(Response(201, json=server()))
    done = run("servers", "order", *WISH, typed=f"{typed}\n")
    assert (done.exit_code, ordered.called) == (1, False)
    assert "that is another text; nothing was ordered" in done.stderr


def test_nobody_there_to_type_orders_nothing_and_says_how_to_confirm(wire):
    ordered = wire.post("/servers").mock(Response(201, json=server()))
    done = run("servers", "order", *WISH)
    assert (done.exit_code, done.stdout, ordered.called) == (1, "", False)
    assert f"nothing was ordered; to confirm it, add --confirm '{ECHO}'" in done.stderr


def test_a_given_confirmation_is_ktizos_to_judge_and_no_dry_run_is_spent_on_it(wire):
    asked = wire.post("/servers/preview").mock(Response(200, json=PREVIEW))
    ordered = wire.post("/servers").mock(refused(422, "confirmation_missing", "confirm with: x"))
    done = run("servers", "order", *WISH, "--confirm", "order something", "--unreached")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "confirm with: x (confirmation_missing)" in done.stderr
    assert bodies(ordered) == [SENT | {"confirm": "order something", "unreached": True}]
    assert not asked.called


def test_what_may_not_be_ordered_is_not_even_asked_for(wire, as_person):
    found = PREVIEW | {"allowed": False, "refusal": "an hour costs too much"}
    wire.post("/servers/preview").mock(Response(200, json=found))
    ordered = wire.post("/servers").mock(Response(201, json=server()))
    done = run("servers", "order", *WISH, typed=f"{ECHO}\n")
    assert (done.exit_code, ordered.called) == (1, False)
    assert "an hour costs too much; nothing was ordered" in done.stderr
    assert ">" not in done.stderr


def test_a_preview_says_everything_and_is_exit_code_1_when_not_allowed(wire, as_person):
    away = REACHED | {"ok": False, "problem": "Ktizo does not reach itself"}
    found = PREVIEW | {"allowed": False, "refusal": "too dear", "reachability": away}
    asked = wire.post("/servers/preview").mock(Response(200, json=found))
    more = ["--ssh-key", "ssh_1", "--option", "pay=false", "--option", "image=17"]
    more += ["--approve", "--cluster", "prod", "--role", "worker", "--install-disk", "/dev/sda"]
    done = run("servers", "preview", *WISH, *more)
    assert done.exit_code == 1
    assert "too dear" in done.stderr
    assert "warning: Ktizo does not reach itself" in done.stdout
    assert f"confirm an order with: {ECHO}" in done.stdout
    wanted = {"cluster": "prod", "role": "worker", "install_disk": "/dev/sda"}
    options = {"pay": False, "image": "17"}
    given = {"ssh_keys": ["ssh_1"], "options": options, "approve": wanted}
    assert bodies(asked) == [SENT | given]


def test_an_approval_is_never_half_asked_for(wire):
    done = run("servers", "order", *WISH, "--install-disk", "/dev/sda")
    assert done.exit_code == 2
    assert "--install-disk is of an approval: add --approve" in done.stderr
    assert run("servers", "order", *WISH, "--option", "pay").exit_code == 2
    assert run("servers", "order", *WISH, "--option", "x={a").exit_code == 2


@pytest.mark.parametrize("verb", ["reinstall", "delete"])
def test_what_erases_is_typed_first(wire, as_person, verb: str):
    done = wire.post(f"/servers/7/{verb}").mock(Response(200, json=server()))
    assert run("servers", verb, "7", typed="yes\n").exit_code == 1
    assert not done.called
    assert run("servers", verb, "7", typed=f"{verb} web-1 (sv_1)\n").exit_code == 0
    assert [one["confirm"] for one in bodies(done)] == [f"{verb} web-1 (sv_1)"]


def test_a_server_the_provider_does_not_know_cannot_be_given_back(wire, as_person):
    lost = server(vendor_id=None, echo_delete="", stage="unsure")
    wire.get("/servers/7").mock(Response(200, json=lost))
    done = run("servers", "delete", "7", typed="\n")
    assert (done.exit_code, "nothing was given back" in done.stderr) == (1, True)


def test_a_mailed_token_goes_with_the_second_delete(wire, as_person):
    told = server(pending="give the token that was mailed to you")
    done = wire.post("/servers/7/delete").mock(Response(200, json=told))
    first = run("servers", "delete", "7", "--confirm", "delete web-1 (sv_1)")
    assert "you have to" in first.stdout
    run("servers", "delete", "7", "--confirm", "delete web-1 (sv_1)", "--token", "t0k")
    assert [one["token"] for one in bodies(done)] == ["", "t0k"]


def test_an_order_is_sent_again_only_with_its_price_confirmed(wire, as_person):
    again = wire.post("/servers/7/order-again").mock(Response(200, json=server()))
    asked = wire.post("/servers/preview").mock(Response(200, json=PREVIEW))
    assert run("servers", "order-again", "7", typed="\n").exit_code == 1
    assert not again.called
    assert run("servers", "order-again", "7", typed=f"{ECHO}\n").exit_code == 0
    assert bodies(again) == [{"confirm": ECHO}]
    wish = {name: value for name, value in SENT.items() if name != "approve"} | {"account": "1"}
    assert bodies(asked) == [wish, wish]


# Once


@pytest.mark.parametrize(
    "lost",
    [
        httpx.ReadTimeout("slow"),
        httpx.ReadError("cut"),
        httpx.RemoteProtocolError("cut"),
        httpx.WriteError("cut"),
        refused(502, "order_unknown", "the answer was lost"),
        refused(500, "internal_error"),
        Response(504, text="gateway"),
    ],
    ids=str,
)
def test_when_nobody_knows_the_command_says_so_and_sends_nothing_again(wire, lost):
    told = {"side_effect": lost} if isinstance(lost, Exception) else {"return_value": lost}
    ordered = wire.post("/servers").mock(**told)
    done = run("servers", "order", *WISH, "--confirm", ECHO)
    assert done.exit_code == (1 if isinstance(lost, Response) else 3)
    assert "nobody knows whether it was ordered" in done.stderr
    assert "do not order again before you looked" in done.stderr
    assert ordered.call_count == 1


def test_whoever_does_not_wait_for_the_answer_is_told_that_nobody_knows(wire):
    def impatient(_: httpx.Request) -> Response:
        raise KeyboardInterrupt

    wire.post("/servers").mock(side_effect=impatient)
    done = run("servers", "order", *WISH, "--confirm", ECHO)
    assert done.exit_code == 3
    assert "you did not wait for the answer: nobody knows whether it was ordered" in done.stderr


@pytest.mark.parametrize(
    ("sure", "code"),
    [
        (httpx.ConnectError("refused"), 3),
        (httpx.ConnectTimeout("refused"), 3),
        (refused(503, "provider_away"), 3),
        (refused(409, "out_of_stock"), 1),
        (refused(502, "credentials_refused"), 1),
        (refused(403, "forbidden"), 4),
    ],
    ids=str,
)
def test_when_nothing_was_ordered_no_doubt_is_spread(wire, sure, code: int):
    told = {"side_effect": sure} if isinstance(sure, Exception) else {"return_value": sure}
    ordered = wire.post("/servers").mock(**told)
    done = run("servers", "order", *WISH, "--confirm", ECHO)
    assert done.exit_code == code
    assert "nobody knows" not in done.stderr
    assert ordered.call_count == 1


@pytest.mark.enable_socket
def test_a_line_that_breaks_after_the_order_carries_it_once(monkeypatch: pytest.MonkeyPatch):
    """On real sockets: nothing below the command retries either."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as door:

        def listen() -> None:
            while True:
                line, _ = door.accept()
                with line:
                    heard.append(line.recv(65536))
                if heard[-1].startswith(b"stop"):
                    return

        thread = threading.Thread(target=listen)
        thread.start()
        monkeypatch.setenv("KTIZO_URL", f"http://127.0.0.1:{door.getsockname()[1]}")
        monkeypatch.setenv("KTIZO_TOKEN", "ktizo_x")
        done = run("servers", "order", *WISH, "--confirm", ECHO)
        with socket.create_connection(door.getsockname()) as last:
            last.sendall(b"stop")
        thread.join(30)
    assert done.exit_code == 3
    assert "nobody knows whether it was ordered" in done.stderr
    assert [one.split(b" HTTP")[0] for one in heard] == [b"POST /api/v1/servers", b"stop"]


def test_an_order_is_waited_for_as_long_as_it_takes(wire):
    ordered = wire.post("/servers").mock(Response(201, json=server()))
    run("servers", "order", *WISH, "--confirm", ECHO)
    assert set(ordered.calls.last.request.extensions["timeout"].values()) == {None}
