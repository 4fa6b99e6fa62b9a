"""What can go wrong with a provider, sorted by what an operator can do about it.

ProviderError             502  the provider's answer cannot be used
├── CredentialsRefused    502  the key is wrong: look at the account; nothing more is asked with it
│   └── Forbidden         502  the key may not do this: give it the right; the rest goes on
├── OrderUnknown          502  an order went out and its answer was lost: look before ordering again
├── Failed                502  the provider says that it did not work
ProviderAway              503  it does not answer, or says that it cannot now: try again later
└── RateLimited           503  too many requests of this account: wait
OutOfStock                409  none is left there: take another plan or region
NotYet                    409  the server is not in a state for it: wait, then ask again
Gone                      404  the server is not there (any more)
Rejected                  422  the provider does not accept what was asked for: change it
Unsupported               422  this provider cannot do it; the message has the way out
"""

from ktizo.core.errors import BadGateway, Conflict, Invalid, NotFound, Unavailable


class ProviderError(BadGateway):
    """The provider's answer cannot be used."""


class CredentialsRefused(ProviderError):
    """The account's key is wrong or has ended. The account is asked nothing more."""


class Forbidden(CredentialsRefused):
    """The key is good and may not do this. It is told, and the account goes on."""

    code = "provider_forbidden"  # `forbidden` is our own: a person who may not


class OrderUnknown(ProviderError):
    """What costs money was asked for and the answer was lost: nobody knows whether it was done."""


class Failed(ProviderError):
    """The provider says itself that it did not work."""


class ProviderAway(Unavailable):
    """The provider does not answer, or not now. `wait_s`: how long it asks us to wait."""

    def __init__(self, message: str, wait_s: float = 0.0, **detail: object) -> None:
        super().__init__(message, **detail)
        self.wait_s = wait_s


class RateLimited(ProviderAway):
    """Too many requests of this account."""


class OutOfStock(Conflict):
    """None is left of this plan in this region."""


class NotYet(Conflict):
    """The server is not in a state for it."""


class Gone(NotFound):
    """The server is not there, or not any more."""


class Rejected(Invalid):
    """The provider does not accept a value."""


class Unsupported(Invalid):
    """The provider cannot do this at all."""
