"""What is never sent to a machine, and what a machine's words never become."""

import pytest

from ktizo.providers.errors import Failed, Rejected
from ktizo.providers.rescue import kexec
from ktizo.providers.rescue.kexec import Download
from ktizo.providers.rescue.shell import Said

SECRET = "0ne-t1me"


@pytest.mark.parametrize(
    "url",
    ["", "ftp://x/y", "file:///etc/shadow", 'http://x/"', "http://x/ y", "http://x/\\", "http://"],
)
def test_an_address_that_is_none_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(Rejected) as raised:
        Download(url, "0" * 64)
    assert not url or url not in str(raised.value)


@pytest.mark.parametrize("sha256", ["", "0" * 63, "A" * 64, "0" * 64 + "\n"])
def test_a_checksum_that_is_none_is_refused(sha256: str) -> None:
    with pytest.raises(Rejected):
        Download("http://x/y", sha256)


@pytest.mark.parametrize(
    "said",
    [
        Said(0, ""),
        Said(0, "started"),
        Said(1, "ktizo=started"),
        Said(0, "ktizo=started\nktizo=started"),
        Said(0, "ktizo=nonsense 3"),
        Said(-1, "ktizo=download-etc 3\n"),
        Said(0, f"ktizo={SECRET}"),
    ],
)
def test_an_answer_that_is_none_is_a_failure_and_never_a_start(said: Said) -> None:
    error = kexec.error_of(said)
    assert isinstance(error, Failed)
    assert SECRET not in str(error)
