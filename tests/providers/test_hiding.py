"""Whatever form a vendor quotes a secret in, it is not seen; and the rest of its words is."""

import base64
import html
import json
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktizo.providers.hiding import without

TOKEN = "k7Q2xV9mT4sLw8Zr1cYb6NdE"
URL = f"http://boot.example.net:8080/p/{TOKEN}/boot.ipxe?arch=x86_64&a=b"
FORMS: list[Callable[[str], str]] = [
    str,
    json.dumps,
    lambda text: json.dumps(json.dumps(text)),
    lambda text: json.dumps(text).replace("/", "\\/"),
    lambda text: quote(text, safe=""),
    lambda text: quote(text, safe="").replace("%2F", "%2f").replace("%3A", "%3a"),
    quote_plus,
    html.escape,
    repr,
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: base64.b64encode(f"#!ipxe\nchain {text}\n".encode()).decode(),
    lambda text: base64.encodebytes(f"#!ipxe chain {text} {text}".encode()).decode(),
    lambda text: base64.urlsafe_b64encode(b"\xff\xfe" + text.encode()).decode(),
]


@given(
    before=st.text('abc xyz:{}"\n', max_size=30),
    after=st.text('abc xyz:{}"\n', max_size=30),
    form=st.sampled_from(FORMS),
    cut=st.integers(0, 200),
)
def test_a_quoted_boot_url_is_never_seen(
    before: str, after: str, form: Callable[[str], str], cut: int
) -> None:
    said = before + form(URL)[: cut or None] + after
    shown = without(said, [URL])
    padded = [base64.b64encode(b"\0" * n + TOKEN.encode()).decode()[4:-4] for n in range(3)]
    for secret in (TOKEN, *padded):
        assert not [
            secret[at : at + 9] for at in range(len(secret) - 8) if secret[at : at + 9] in shown
        ]
    assert shown.startswith(before[:1])


@pytest.mark.parametrize("secret", [TOKEN, 'pa$$w0rd/+"x', "short1", "ü-umlaut-secret-9"])
@pytest.mark.parametrize("form", FORMS[:4])
def test_a_key_is_hidden_in_each_form(secret: str, form: Callable[[str], str]) -> None:
    assert secret not in without(f"refused {form(secret)} again", [secret])


def test_what_is_no_secret_is_left_as_it_is() -> None:
    said = '{"error": "plan c3-small-x86 is not available in AMS: try another boot region"}'
    assert without(said, [URL, TOKEN, ""]) == said


def test_json_that_quotes_a_secret_is_still_json() -> None:
    said = json.dumps({"code": "X", "message": f"bad {json.dumps({'url': URL})}"})
    read = json.loads(without(said, [URL]))
    assert read["code"] == "X"
    assert TOKEN not in read["message"]


def test_a_field_that_is_a_secret_by_its_name_is_hidden_whatever_it_holds() -> None:
    said = '{"default_password": "a\\"b", "apiKey": "c", "status": "pending"}'
    assert without(said, []) == (
        '{"default_password": "(hidden)", "apiKey": "(hidden)", "status": "pending"}'
    )


def test_a_long_answer_costs_little() -> None:
    begun = time.process_time()
    without(("x" * 999 + TOKEN[:7]) * 64, [URL, TOKEN])
    assert time.process_time() - begun < 2
