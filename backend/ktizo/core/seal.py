"""Secrets at rest: AES-256-GCM under a key that never enters the database.

A sealed value reads `k1.<key id>.<nonce+ciphertext>` (base64url). The key id lets several keys
live side by side, so rotation is: add a key, re-seal what is stored, drop the old one. The
associated data (`aad`, e.g. `clusters|3|secrets`) binds a value to its place: a sealed text copied
to another row does not open.
"""

import base64
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ktizo.core.errors import Invalid, Unavailable
from ktizo.core.files import ensure_dir, readable_os_errors, write_atomic

KEY_BYTES = 32
NONCE_BYTES = 12


class UnsealFailed(Invalid):
    """The value was sealed by a key we do not hold, altered, or moved from its place."""


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def new_key() -> str:
    """Return a fresh key as base64 text."""
    return _b64(secrets.token_bytes(KEY_BYTES))


def _decode(text: str) -> bytes:
    try:
        key = _unb64(text.strip())
    except ValueError as error:
        raise Invalid("the sealing key is not base64; make one with `ktizo key new`") from error
    if len(key) != KEY_BYTES:
        raise Invalid("the sealing key must be 32 bytes in base64; make one with `ktizo key new`")
    return key


class Sealer:
    """Seals with the first key, opens with any of them."""

    def __init__(self, keys: list[str]) -> None:
        if not keys:
            raise Invalid("there is no sealing key; make one with `ktizo key new`")
        self._keys = {hashlib.sha256(k).hexdigest()[:8]: k for k in map(_decode, keys)}
        self._first = next(iter(self._keys))

    def seal(self, plain: bytes, aad: str) -> str:
        """Return `plain` sealed for the place named by `aad`."""
        nonce = os.urandom(NONCE_BYTES)
        box = AESGCM(self._keys[self._first]).encrypt(nonce, plain, aad.encode())
        return f"k1.{self._first}.{_b64(nonce + box)}"

    def unseal(self, sealed: str, aad: str) -> bytes:
        """Return the bytes sealed for `aad`; raises UnsealFailed."""
        version, _, rest = sealed.partition(".")
        key_id, _, body = rest.partition(".")
        key = self._keys.get(key_id)
        if version != "k1" or key is None:
            raise UnsealFailed(f"sealed with key {key_id!r}, which is not configured here")
        try:
            raw = _unb64(body)
            return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], aad.encode())
        except (InvalidTag, ValueError) as error:
            raise UnsealFailed("the sealed value was altered or moved from its place") from error

    def needs_reseal(self, sealed: str) -> bool:
        """Say whether `sealed` was made by another key than the current one."""
        return not sealed.startswith(f"k1.{self._first}.")

    def subkey(self, purpose: str) -> bytes:
        """Return 32 bytes made from the current key for one `purpose` (HKDF-SHA256, RFC 5869)."""
        return _derived(self._keys[self._first], purpose)

    def older_subkeys(self, purpose: str) -> list[bytes]:
        """Return the same of every older key: for what was signed before a rotation and lasts."""
        return [_derived(key, purpose) for name, key in self._keys.items() if name != self._first]


def _derived(key: bytes, purpose: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"ktizo|" + purpose.encode())
    return kdf.derive(key)


def key_file(data_dir: Path) -> Path:
    """Return where the key lives when no setting holds it: one a line, the current one first."""
    return data_dir / "sealing.key"


def load_or_make_keys(data_dir: Path) -> list[str]:
    """Return the keys of the key file, making file and key at first start (mode 0600)."""
    path = key_file(data_dir)
    if not path.exists():
        ensure_dir(data_dir, 0o700)
        _make_once(path, new_key() + "\n")
    with readable_os_errors(path):
        if path.stat().st_mode & 0o077:
            raise Unavailable(f"{path} can be read by others; run: chmod 600 {path}")
        keys = path.read_text(errors="replace").split()
    if not keys:
        raise Unavailable(f"{path} is empty; restore it from a backup, sealed secrets need it")
    return keys


def _make_once(path: Path, content: str) -> None:
    """Write the first key, unless another process that starts at the same time was faster."""
    own = path.with_name(f"{path.name}.{os.getpid()}")
    write_atomic(own, content, 0o600)
    with readable_os_errors(path):
        try:
            path.hardlink_to(own)  # unlike a rename it never replaces
        except FileExistsError:
            pass
        finally:
            own.unlink()


def rotate_key_file(data_dir: Path) -> str:
    """Put a new key in front of the old ones and return its id; old values still open."""
    key = new_key()
    write_atomic(key_file(data_dir), "\n".join([key, *load_or_make_keys(data_dir)]) + "\n", 0o600)
    return hashlib.sha256(_decode(key)).hexdigest()[:8]
