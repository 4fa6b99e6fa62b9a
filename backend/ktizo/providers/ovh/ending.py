"""Giving a server back, in two steps: a token is mailed, and with it the end is confirmed.

POST .../terminate and .../confirmTermination (OpenAPI 2025-10). The server then runs until the end
of the month it is paid for; serviceInfos says so with renew.deleteAtExpiration.
"""

from dataclasses import replace
from http import HTTPMethod

from ktizo.providers.base import Server, Status
from ktizo.providers.errors import Gone
from ktizo.providers.http import Api
from ktizo.providers.ovh import ask

PENDING = (
    "OVHcloud has mailed a termination token to the admin contact: delete it again with that token"
)


async def end(api: Api, server: Server, token: str) -> Server:
    """Have the token mailed (asked again, it is mailed again); with the token, end the server."""
    where = ("dedicated", "server", server.id)
    try:
        if not token:
            await api.order(HTTPMethod.POST, ask.path(*where, "terminate"))
            return replace(server, pending=PENDING)
        body = {"token": token, "reason": "NOT_NEEDED_ANYMORE", "futureUse": "OTHER"}
        path = ask.path(*where, "confirmTermination")
        await api.order(HTTPMethod.POST, path, json=body, hidden=(token,))
    except Gone:
        return replace(server, status=Status.GONE, raw_status="gone", pending="")
    return replace(server, status=Status.DELETING, raw_status="termination confirmed", pending="")
