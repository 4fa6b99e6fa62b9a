"""A client whose calls that spend, destroy or change something each leave a line in the audit.

Reading is left out: a server that is waited for is read every few seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from ktizo.audit.record import Entry, record
from ktizo.core.clock import utc_now
from ktizo.core.errors import KtizoError
from ktizo.core.writer import Writer
from ktizo.providers.base import Client, PowerAction, Server, Wanted

NOTED = frozenset(
    {
        "check",
        "add_ssh_key",
        "create_server",
        "reinstall_ipxe",
        "reinstall_image",
        "delete_server",
        "power",
        "boot_from_disk",
        "enter_rescue",
    }
)


@dataclass(frozen=True, slots=True)
class By:
    """Who lets a provider be asked, and from where."""

    name: str = "ktizo"
    address: str | None = None


OURSELVES = By()
Note = Callable[[str, str, str, dict[str, Any]], None]


class _Audited:
    def __init__(self, client: Client, note: Note) -> None:
        self._client = client
        self._note = note

    def __getattr__(self, verb: str) -> Any:
        asked = getattr(self._client, verb)
        if verb not in NOTED:
            return asked

        async def call(*arguments: Any, **named: Any) -> Any:
            subject = _subject(arguments)
            try:
                found = await asked(*arguments, **named)
            except KtizoError as error:
                request_id = error.detail.get("request_id")
                self._note(
                    verb, subject, error.code, {"request_id": request_id} if request_id else {}
                )
                raise
            except BaseException:  # cut off: it may have been done
                self._note(verb, subject, "unknown", {})
                raise
            said = {"id": found.id, "status": found.raw_status} if isinstance(found, Server) else {}
            self._note(verb, subject, "ok", said)
            return found

        return call


def audited(client: Client, writer: Writer, account: str, by: By) -> Client:
    """Return `client` with an audit; `account` is its name."""

    def note(verb: str, subject: str, outcome: str, data: dict[str, Any]) -> None:
        entry = Entry(
            at=utc_now(),
            actor=by.name,
            address=by.address,
            action=f"providers.{verb}",
            subject=f"{account}: {subject}" if subject else account,
            outcome=outcome,
            data=data,
        )
        record(writer, entry)

    return cast(Client, _Audited(client, note))


def _subject(arguments: tuple[Any, ...]) -> str:
    """Return what a call is about: never a boot URL, a token or a key."""
    first = arguments[0] if arguments else ""
    if isinstance(first, Wanted):
        return f"{first.name} ({first.plan})"
    told = [str(first)] if isinstance(first, str) else []
    told += [str(one) for one in arguments[1:] if isinstance(one, PowerAction)]
    return " ".join(told)[:120]
