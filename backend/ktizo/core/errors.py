"""Errors sorted by what the caller can do about them.

KtizoError                500  our own fault
├── BadRequest            400  the request is malformed: change it
├── Unauthenticated       401  say who you are
├── Forbidden             403  you may not; asking again does not help
├── NotFound              404  no such thing
├── Conflict              409  the thing is in another state: look, then decide
├── TooLarge              413  send less
├── Invalid               422  well-formed, but not acceptable: change the value
├── TooManyRequests       429  wait, then ask again
├── BadGateway            502  another server answers what it should not: look at its settings
├── Unavailable           503  a part we need is down: try again later
└── InsufficientStorage   507  the disk is full: make room, then try again

Rules raise them and never import FastAPI; `app.py` renders them once as JSON.
"""

import re
from typing import Any, ClassVar


class KtizoError(Exception):
    """An error an operator can read: `message` is the fact plus the way out."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "code" not in cls.__dict__:
            cls.code = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class BadRequest(KtizoError):
    """The request cannot be read."""

    status = 400


class Unauthenticated(KtizoError):
    """No valid token came with the request."""

    status = 401


class Forbidden(KtizoError):
    """The caller is known, and may not."""

    status = 403


class NotFound(KtizoError):
    """No such thing."""

    status = 404


class Conflict(KtizoError):
    """The thing is in a state that does not allow this."""

    status = 409


class TooLarge(KtizoError):
    """More bytes than the route takes."""

    status = 413


class Invalid(KtizoError):
    """A value that reads well and still cannot be."""

    status = 422


class TooManyRequests(KtizoError):
    """The client asks too fast."""

    status = 429


class BadGateway(KtizoError):
    """Another server answers, and not as it should."""

    status = 502


class Unavailable(KtizoError):
    """A part we need (database, dnsmasq, disk) does not answer."""

    status = 503


class InsufficientStorage(KtizoError):
    """No room on the disk."""

    status = 507
