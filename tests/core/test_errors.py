from ktizo.core import errors
from ktizo.core.errors import Conflict, KtizoError, NotFound, TooManyRequests


class DeviceNotFound(NotFound):
    """A class of a room."""


class Named(Conflict):
    """A class that has a code for compatibility."""

    code = "old_name"


class LanDown(Named):
    """A class below one with a code of its own."""


def test_the_code_is_the_name_of_the_class_unless_it_has_its_own() -> None:
    assert (DeviceNotFound.code, DeviceNotFound.status) == ("device_not_found", 404)
    assert (Named.code, Named.status) == ("old_name", 409)
    assert LanDown.code == "lan_down"
    assert TooManyRequests.code == "too_many_requests"


def test_an_error_carries_its_message_and_details() -> None:
    error = DeviceNotFound("there is no device 7", device_id=7)
    assert str(error) == error.message == "there is no device 7"
    assert error.detail == {"device_id": 7}
    assert isinstance(error, KtizoError)


def test_every_error_says_what_the_caller_can_do_by_its_status() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, KtizoError) and kind is not KtizoError
    ]
    statuses = {kind.__name__: kind.status for kind in kinds}
    assert statuses == {
        "BadRequest": 400,
        "Unauthenticated": 401,
        "Forbidden": 403,
        "NotFound": 404,
        "Conflict": 409,
        "TooLarge": 413,
        "Invalid": 422,
        "TooManyRequests": 429,
        "Unavailable": 503,
        "InsufficientStorage": 507,
    }
    assert all(kind.__doc__ and kind.__name__ in (errors.__doc__ or "") for kind in kinds)
