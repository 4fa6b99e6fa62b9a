"""DigitalOcean's errors: `{"id": "unprocessable_entity", "message": "...", "request_id": "..."}`.

Shape: digitalocean/openapi 7c1300c4 (2026-08-07), schema `error`. The wordings are in no
specification; they are those people report ("Size is not available in this region.", "Region is
not available", digitalocean/api-v2#41, inlets-operator#111).
"""

import re
import time

from ktizo.core.errors import KtizoError
from ktizo.providers.errors import NotYet, OutOfStock, RateLimited, Rejected
from ktizo.providers.fields import body, text
from ktizo.providers.http import LONGEST_WAIT_S, Answer, wait_s

SOLD_OUT = re.compile(
    r"\b(size|region)\b.{0,40}\b(not|un)\s?(currently )?available|out of (stock|capacity)"
    r"|(not enough|no|insufficient) capacity",
    re.IGNORECASE,
)
BUSY = re.compile(r"pending event|another action|event in progress", re.IGNORECASE)
LIMIT = re.compile(r"droplet limit", re.IGNORECASE)


def error_of(answer: Answer) -> KtizoError | None:
    """Read an error; None: the HTTP status says it all."""
    message = text(body(answer), "message")
    if answer.status == 429:
        return RateLimited("DigitalOcean has had too many requests: wait", _wait_s(answer))
    if answer.status in {403, 422} and LIMIT.search(message):
        return Rejected(
            "the account may have no more droplets; ask DigitalOcean for a higher limit"
        )
    if answer.status not in {400, 409, 422, 423}:
        return None
    if SOLD_OUT.search(message):
        return OutOfStock("DigitalOcean has no room for this size there: take another region")
    if BUSY.search(message) or answer.status in {409, 423}:
        return NotYet("DigitalOcean is still busy with this droplet: wait, then ask again")
    return None


def _wait_s(answer: Answer) -> float:
    """Return the seconds until `ratelimit-reset` (epoch seconds) where no Retry-After is given."""
    asked = wait_s(answer.headers)
    if asked:
        return asked
    reset = answer.headers.get("ratelimit-reset", "")
    left = int(reset[:18]) - time.time() if reset.isascii() and reset.isdecimal() else 0.0
    return min(max(left, 0.0), LONGEST_WAIT_S)
