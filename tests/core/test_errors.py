import re

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


def test_every_error_stands_in_the_tree_with_its_status() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, KtizoError)
    ]
    assert len(kinds) > 10
    for kind in kinds:
        assert re.search(rf"{kind.__name__} +{kind.status} ", errors.__doc__ or ""), kind
        assert kind.__doc__
    statuses = [kind.status for kind in kinds]
    assert len(statuses) == len(set(statuses))
