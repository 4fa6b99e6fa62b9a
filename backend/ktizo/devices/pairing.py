"""The code a held machine shows, so that a person approves the one in front of them."""

import hashlib
import hmac

# Crockford's base 32 without letters that look like digits or each other on a server console.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def pairing_code(key: bytes, mac: str) -> str:
    """Return the code of the machine with boot MAC `mac`, as `ABC-DEF`: 30^6 possibilities.

    Derived, not stored: the screen and the dashboard agree without a write in the boot path.
    """
    number = int.from_bytes(hmac.digest(key, mac.encode(), hashlib.sha256)[:8], "big")
    letters = []
    for _ in range(6):
        number, index = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[index])
    return f"{''.join(letters[:3])}-{''.join(letters[3:])}"
