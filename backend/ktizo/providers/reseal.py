"""Sealing again what an older key sealed, after `ktizo key rotate`; at start."""

import logging

from ktizo.core.db import AsyncSession
from ktizo.core.seal import Sealer, UnsealFailed
from ktizo.providers import sealing, store

log = logging.getLogger(__name__)


async def reseal_accounts(session: AsyncSession, sealer: Sealer) -> int:
    """Bring the secrets of every account under the current key; return how many were not.

    What no key opens stays as it is, and the list of accounts says so: machines of the LAN and the
    other accounts need Ktizo to start.
    """
    again = 0
    for row in await store.accounts(session):
        try:
            again += sealing.reseal(sealer, row)
        except UnsealFailed as error:
            log.error("the account %s cannot be opened: %s", row.name, error.message)
    await session.flush()
    return again
