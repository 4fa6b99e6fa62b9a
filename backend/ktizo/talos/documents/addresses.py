"""Addresses, prefixes, URLs and endpoints, as Go's standard library and Talos read them."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface

_MAC = re.compile(r"[0-9a-fA-F]{2}(?:([:-])[0-9a-fA-F]{2})(?:\1[0-9a-fA-F]{2})*")
_MAC_BYTES = (6, 8, 20)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def address(text: str) -> Address:
    """One IP address (netip.ParseAddr); raise ValueError otherwise."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address") from None


def prefix(text: str) -> Interface:
    """`192.0.2.5/24` with its host bits (netip.ParsePrefix); the length is mandatory."""
    host, slash, length = text.partition("/")
    if not slash or not length.isdecimal() or (len(length) > 1 and length.startswith("0")):
        raise ValueError(f"{text!r} is not an address with a prefix length, such as 192.0.2.5/24")
    if "%" in host:
        raise ValueError(f"{text!r}: an address with a zone cannot have a prefix length")
    try:
        return ipaddress.ip_interface(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an address with a prefix length") from None


def subnet_or_address(text: str) -> None:
    """Take a prefix or a bare address, as Talos's subnet filters do."""
    if "/" in text:
        prefix(text)
    else:
        address(text)


def is_address(text: str) -> bool:
    """Tell whether `text` is one IP address."""
    return _holds(address, text)


def is_prefix(text: str) -> bool:
    """Tell whether `text` is an address with a prefix length."""
    return _holds(prefix, text)


def is_subnet_or_address(text: str) -> bool:
    """Tell whether `text` is a subnet or an address."""
    return _holds(subnet_or_address, text)


def _holds(read: object, text: str) -> bool:
    try:
        read(text)  # type: ignore[operator]
    except ValueError:
        return False
    return True


def hardware_address(text: str) -> str:
    """A MAC of 6, 8 or 20 bytes, with `:` or `-` between them."""
    if _MAC.fullmatch(text) and (len(text) + 1) // 3 in _MAC_BYTES:
        return text
    raise ValueError(f"{text!r} is not a hardware address such as 52:54:00:12:34:56")


def unsigned(text: str, bits: int) -> int | None:
    """Read decimal digits as an unsigned number of so many bits; None when they are none."""
    digits = text.lstrip("0") or "0"
    if not (text and text.isascii() and text.isdecimal()) or len(digits) > bits:
        return None
    return number if (number := int(digits)) < 2**bits else None


def port(parts: SplitResult) -> str:
    """Return the port of a URL as it is written, empty when it has none."""
    host = parts.netloc.rpartition("@")[2]
    return host.rpartition(":")[2] if ":" in host.rpartition("]")[2] else ""


def split_host_port(text: str) -> tuple[str, str]:
    """`host:port` or `[v6]:port` (net.SplitHostPort); the port may be any text, even empty."""
    host, colon, port = text.rpartition(":")
    if not colon or port.endswith("]"):
        raise ValueError(f"address {text}: missing port in address".replace("address : ", ""))
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1], port
    if ":" in host or "[" in host or "]" in host:
        raise ValueError(f"address {text}: too many colons in address")
    return host, port


def url(text: str) -> SplitResult:
    """An URL as Go's url.Parse takes it; raise ValueError for what it refuses."""
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        raise ValueError("invalid control character in URL")
    if text.startswith(":"):
        raise ValueError(f"parse {text!r}: missing protocol scheme")
    first_segment = text.partition("/")[0]
    if ":" in first_segment and not _SCHEME.match(first_segment):
        raise ValueError(f"parse {text!r}: first path segment in URL cannot contain colon")
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2]
    if " " in host:
        raise ValueError(f"parse {text!r}: invalid character in host name")
    digits = port(parts)
    if digits and not (digits.isascii() and digits.isdecimal()):
        raise ValueError(f"parse {text!r}: invalid port {digits!r} after host")
    return parts


def endpoint_problem(text: str) -> str | None:
    """Say why `text` is no endpoint (siderolabs/net ValidateEndpointURI): scheme, host, port."""
    try:
        parts = url(text)
        number = parts.port
    except ValueError as error:
        return str(error)
    if not parts.scheme or (not parts.netloc and not text.startswith("/")):
        return f"parse {text!r}: invalid URI for request"
    if not parts.hostname:
        return "hostname must not be blank"
    if number == 0:
        return "port must be between 1 and 65535"
    return None
