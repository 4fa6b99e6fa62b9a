"""What a failure on the way to a node, or a gRPC status from it, means for the operator."""

import ssl
from collections.abc import Mapping
from typing import Any

from grpclib.const import Status
from h2.exceptions import ProtocolError

from ktizo.core.clock import utc_now
from ktizo.nodes.client.access import Access, Configured, Maintenance, validity
from ktizo.nodes.client.target import Address
from ktizo.nodes.errors import (
    AlreadyDone,
    Busy,
    Interrupted,
    Malformed,
    NodeError,
    NoSuchResource,
    NotAdmitted,
    NotInThisMode,
    NotOnThisVersion,
    Refused,
    Rejected,
    Unreachable,
    WrongClock,
    WrongKey,
)
from ktizo.nodes.wire.methods import Method

# OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED (x509_vfy.h).
_NOT_YET, _EXPIRED = 9, 10
# ... and X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH.
_NAMES = (62, 64)

_BY_STATUS: Mapping[Status, type[NodeError]] = {
    Status.INVALID_ARGUMENT: Rejected,
    Status.OUT_OF_RANGE: Rejected,
    Status.NOT_FOUND: NoSuchResource,
    Status.ALREADY_EXISTS: AlreadyDone,
    Status.PERMISSION_DENIED: Refused,
    Status.UNAUTHENTICATED: Refused,
    Status.FAILED_PRECONDITION: Busy,
    Status.RESOURCE_EXHAUSTED: Busy,
    Status.ABORTED: Busy,
    Status.UNAVAILABLE: Busy,
    Status.DEADLINE_EXCEEDED: Interrupted,
    Status.CANCELLED: Interrupted,
}
_LONGEST = 500  # characters of a node's own words that go into a message


def of_failed_dial(
    address: Address, access: Access, error: Exception, timeout_s: float
) -> NodeError:
    """Return what a connection that did not come about means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _of_certificate(address, error)
    if isinstance(error, ssl.SSLError):
        return _of_tls(address, access, error)
    if isinstance(error, TimeoutError):
        return Unreachable(
            f"{address} did not answer within {timeout_s:g} s; is it on, and booted?"
        )
    if isinstance(error, ConnectionRefusedError):
        return Unreachable(f"nothing listens on {address}; Talos is not up there (yet)")
    if isinstance(error, ConnectionError):
        return Unreachable(f"{address} hung up during the TLS handshake; it may be rebooting")
    why = error.strerror if isinstance(error, OSError) else None
    return Unreachable(f"{address} cannot be reached: {why or error}")


def of_broken_line(
    address: Address, access: Access, fault: BaseException | None, reason: str
) -> NodeError:
    """Return what the end of an open line means, before any request was sent on it."""
    if isinstance(fault, ProtocolError):
        return Malformed(f"{address} sends frames that are not HTTP/2 ({_short(str(fault))})")
    if isinstance(fault, ssl.SSLError):
        return _of_tls(address, access, fault)
    why = _short(reason) if reason else "it hung up"
    return Unreachable(f"the line to {address} broke ({why}); it may be rebooting")


def of_interruption(address: Address, method: Method[Any, Any], why: str) -> Unreachable:
    """Return the error of a call whose request went out and whose answer did not come whole."""
    if not method.order:
        return Unreachable(f"{address} did not answer {method.name} to the end ({_short(why)})")
    return Interrupted(
        f"{method.name} was sent to {address} and no answer came ({_short(why)}): it may have been "
        "done. Look at the node before asking again"
    )


def of_status(address: Address, name: str, status: Status, words: str, access: Access) -> NodeError:
    """Return the error for a gRPC status other than OK; `words` are the node's own."""
    said = f"{address} answers {name} with {status.name}: {_short(words) or 'no reason given'}"
    if status is Status.UNIMPLEMENTED:
        if isinstance(access, Maintenance):
            return NotInThisMode(f"{said}. It works once the machine has its config")
        return NotOnThisVersion(f"{said}. Its Talos does not have this call")
    return _BY_STATUS.get(status, NodeError)(said, grpc=status.name)


def _of_certificate(address: Address, error: ssl.SSLCertVerificationError) -> NodeError:
    if error.verify_code in (_NOT_YET, _EXPIRED):
        return WrongClock(
            f"the certificate of {address} is not valid at this moment ({error.verify_message}); "
            f"here it is {utc_now():%Y-%m-%d %H:%M:%S} UTC. Compare the clock of the node, or its "
            "BIOS, with it"
        )
    if error.verify_code in _NAMES:
        return WrongKey(
            f"{address} has a certificate of this cluster, but not for this address "
            f"({error.verify_message}): it is another member, or the address is new; nothing was "
            "sent"
        )
    return WrongKey(
        f"{address} is not signed by this cluster's Talos CA ({error.verify_message}); nothing was "
        "sent. It is in maintenance mode, belongs to another cluster, or is somebody else"
    )


def _of_tls(address: Address, access: Access, error: ssl.SSLError) -> NodeError:
    reason = error.reason or str(error)
    if "CERTIFICATE_EXPIRED" in reason and isinstance(access, Configured):
        return WrongClock(
            f"{address} finds our certificate not valid at this moment. It is valid from "
            f"{validity(access.pair)}, and here it is {utc_now():%H:%M:%S} UTC: if that is right, "
            "the node's clock is wrong"
        )
    if "ALERT" in reason:
        return _of_alert(address, access, reason)
    return Malformed(f"{address} does not speak TLS as Talos does ({reason}); what listens there?")


def _of_alert(address: Address, access: Access, reason: str) -> NodeError:
    if isinstance(access, Maintenance):
        return NotAdmitted(
            f"{address} asks for a client certificate ({reason}): it is not in maintenance mode "
            "but has a config. Talk to it with the secrets of its cluster"
        )
    return NotAdmitted(
        f"{address} does not accept our certificate ({reason}): it belongs to a cluster with "
        "another Talos CA, or its CA was changed"
    )


def _short(text: str) -> str:
    # A stranger's words go to a terminal and a log: no control characters, and not for ever.
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    return clean if len(clean) <= _LONGEST else f"{clean[:_LONGEST]}..."
