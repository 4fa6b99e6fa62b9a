"""OVHcloud's errors, sorted by remedy.

Bodies are `{"message", "errorCode" | "class"}`; codes from python-ovh 1.2.0 client.py:508-540, the
class names from issues of ovh/terraform-provider-ovh, php-ovh and kimsufi-notifier (2023-2026).
"""

import json
import re
from collections.abc import Callable

from ktizo.core.errors import KtizoError
from ktizo.providers import fields
from ktizo.providers.errors import (
    CredentialsRefused,
    Forbidden,
    Gone,
    NotYet,
    OutOfStock,
    ProviderAway,
    RateLimited,
)
from ktizo.providers.http import Answer, wait_s

EXPIRED = 460  # OVHcloud's own: the service has expired
BAD_KEY = re.compile(
    r"NOT_CREDENTIAL|INVALID_CREDENTIAL|INVALID_KEY|credential (?:is not|does not|has)|"
    r"(?:application|key) is (?:invalid|not valid)",
    re.IGNORECASE,
)
BAD_TIME = re.compile(r"INVALID_SIGNATURE|invalid signature|QUERY_TIME_OUT|out of time", re.I)
TOO_MANY = re.compile(r"TOO_?MANY_?REQUESTS|too many requests|rate limit", re.IGNORECASE)
# What a sold-out order really says is not documented; whatever speaks of stock in an order counts.
SOLD_OUT = re.compile(
    r"out of stock|no stock|not available|(?<!temporarily )unavailable", re.IGNORECASE
)

Words = Callable[[str], str]


def error_of(answer: Answer, words: Words, doubt: Callable[[], bool]) -> KtizoError | None:
    """Return what an answer means; None: its status says it all. `doubt` resets the clock."""
    code, message = _read(answer.text)
    said = f"OVHcloud answered {answer.status}: {words(answer.text)}"
    if answer.status == EXPIRED:
        return Gone(f"{said}; the service has expired")
    if not 400 <= answer.status < 500:
        return None
    told = f"{code} {message}"
    if TOO_MANY.search(told):
        return RateLimited(f"{said}; wait", wait_s(answer.headers))
    if answer.status in {400, 401, 403} and BAD_TIME.search(told):
        return _time(said, again=doubt())
    if answer.status == 403 and told.strip():
        return _forbidden(said, told)
    return _of_order(answer, said, message)


def _of_order(answer: Answer, said: str, message: str) -> KtizoError | None:
    if "/order/cart/" in answer.url and answer.status != 404 and SOLD_OUT.search(message):
        return OutOfStock(said)
    if answer.status == 409:
        return NotYet(f"{said}; something else is going on there: wait, then ask again")
    return None


def _time(said: str, *, again: bool) -> KtizoError:
    if again:
        return ProviderAway(f"{said}; the clock is asked anew: try again")
    return CredentialsRefused(f"{said}; look at the application secret and the consumer key")


def _forbidden(said: str, told: str) -> KtizoError:
    # A key has rights path by path: one that may not do this may well do the rest.
    if BAD_KEY.search(told):
        return CredentialsRefused(f"{said}; look at the account's keys and its endpoint")
    return Forbidden(f"{said}; the keys may not do this: see docs/providers/ovh.md for the rights")


def _read(body: str) -> tuple[str, str]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    return fields.text(said, "errorCode") or fields.text(said, "class"), fields.text(
        said, "message"
    )
