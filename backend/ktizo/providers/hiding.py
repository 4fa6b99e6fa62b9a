"""Taking out of a provider's words what nobody may read there.

A vendor that refuses a request may quote it: as it was, escaped, percent-encoded, in base64, cut
off in the middle. So not only a whole secret is looked for, but every piece of it that is long
enough to be one, in each of these forms.
"""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

HIDDEN = "(hidden)"
PIECE = 8  # characters in a row that are taken for a part of a secret
# What makes a URL a secret is a part of its path. A short one is known by its digits.
TOKEN = re.compile(r"[^/?&=#:]*[0-9][^/?&=#:]*|[^/?&=#:]{16,}")
SHORTEST_TOKEN = 4
# Fields of JSON whose text is never shown: one-time passwords come back in plain answers.
SECRET_FIELDS = re.compile(
    r'("[a-z_]*(?:password|passwd|secret|token|private_key|api_?key|credential)[a-z_]*"\s*:\s*)'
    r'"(?:[^"\\]|\\.)*"',
    re.IGNORECASE,
)


def without(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with each of the secrets, and each piece of one, shown as "(hidden)".

    So is the text of JSON fields that are secrets by their name, whatever is in them.
    """
    text = SECRET_FIELDS.sub(rf'\1"{HIDDEN}"', text)
    forms = {form for secret in secrets if secret for form in _forms(secret)}
    hits = bytearray(len(text))
    for form in forms:
        if len(form) < PIECE:
            _mark(text, form, hits)
    pieces = {form[at : at + PIECE] for form in forms for at in range(len(form) - PIECE + 1)}
    for at in range(len(text) - PIECE + 1 if pieces else 0):
        if text[at : at + PIECE] in pieces:
            hits[at : at + PIECE] = b"\1" * PIECE
    return _cut(text, hits)


def _mark(text: str, form: str, hits: bytearray) -> None:
    at = text.find(form)
    while at >= 0:
        hits[at : at + len(form)] = b"\1" * len(form)
        at = text.find(form, at + 1)


def _cut(text: str, hits: bytearray) -> str:
    kept: list[str] = []
    begin = 0
    for run in re.finditer(rb"\x01+", hits):
        kept += [text[begin : run.start()], HIDDEN]
        begin = run.end()
    return "".join([*kept, text[begin:]])


def _forms(secret: str) -> Iterator[str]:
    tokens = TOKEN.findall(secret.partition("://")[2]) if "://" in secret else ()
    for part in (secret, *(one for one in tokens if len(one) >= SHORTEST_TOKEN)):
        yield part
        escaped = json.dumps(part)[1:-1]
        yield escaped
        yield escaped.replace("/", "\\/")
        yield html.escape(part)
        for kept in ("", "/:"):
            percent = quote(part, safe=kept)
            yield percent
            yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), percent)
        yield from _base64(part.encode(errors="replace"))


def _base64(secret: bytes) -> Iterator[str]:
    """Return what a secret looks like inside base64, wherever in the encoded text it begins."""
    for before in range(3):
        padded = b"\0" * before + secret
        whole = base64.b64encode(padded).decode()
        # The first and the last characters depend on the neighbours, too.
        begin = 0 if before == 0 else before + 1
        end = len(whole) if len(padded) % 3 == 0 else len(whole.rstrip("=")) - 1
        for form in (whole[begin:end], whole[begin:end].translate(str.maketrans("+/", "-_"))):
            if len(form) >= SHORTEST_TOKEN:
                yield form
