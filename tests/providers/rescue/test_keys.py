"""Key pairs and fingerprints, judged by OpenSSH's own tool."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ktizo.providers.rescue import keys

KEYGEN = shutil.which("ssh-keygen")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, keys.KeyPair]:
    if KEYGEN is None:
        pytest.skip("needs ssh-keygen: Debian's openssh-client")
    made = keys.make("ktizo-node1")
    (tmp_path / "key").write_text(made.private)
    (tmp_path / "key").chmod(0o600)
    (tmp_path / "key.pub").write_text(made.public + "\n")
    return tmp_path, made


def keygen(*arguments: str) -> str:
    done = subprocess.run([str(KEYGEN), *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def test_openssh_reads_both_halves_and_they_belong_together(
    pair: tuple[Path, keys.KeyPair],
) -> None:
    folder, made = pair
    assert keygen("-y", "-P", "", "-f", str(folder / "key")).split() == made.public.split()[:2]
    assert made.public.startswith("ssh-ed25519 ")
    assert made.public.endswith(" ktizo-node1")


@pytest.mark.parametrize("form", ["sha256", "md5"])
def test_fingerprints_are_openssh_s(pair: tuple[Path, keys.KeyPair], form: str) -> None:
    folder, made = pair
    told = keygen("-l", "-E", form, "-f", str(folder / "key.pub"))
    blob = keys.blob(made.public)
    ours = {"sha256": keys.sha256, "md5": keys.md5}[form](blob)
    assert ours in told
    assert keys.read(told) == ours
    assert keys.belongs(blob, ("", told))


def test_every_pair_is_another_one_and_shows_no_private_half() -> None:
    one, other = keys.make(), keys.make()
    assert one != other
    assert not keys.belongs(keys.blob(one.public), (keys.sha256(keys.blob(other.public)),))
    assert "PRIVATE" not in repr(one)


@pytest.mark.parametrize("comment", ["", "two words", "a\nssh-rsa AAAA", "-x", "x" * 65])
def test_a_comment_that_could_be_another_line_is_refused(comment: str) -> None:
    with pytest.raises(ValueError, match="comment"):
        keys.make(comment)


@pytest.mark.parametrize("line", ["", "ssh-ed25519", "ssh-ed25519 not-base64!"])
def test_a_line_that_is_no_public_key_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="public key"):
        keys.blob(line)


@given(told=st.text(max_size=120) | st.from_regex(r"(SHA256:|MD5:)?[0-9a-fA-F:]{30,60}"))
def test_any_text_is_read_or_is_no_fingerprint(told: str) -> None:
    found = keys.read(told)
    assert found == "" or keys.read(found) == found
    assert not keys.belongs(b"a key", (told,))
