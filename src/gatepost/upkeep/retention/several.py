"""Messages that are several persons': what goes to two is kept as long as one of them is held."""

from collections.abc import Sequence

from gatepost.db import Transaction
from gatepost.deliver import store as queue
from gatepost.ids import EmailId, TenantId
from gatepost.keys import Kind
from gatepost.mailbox import erase_store as mail
from gatepost.record import erase as entries
from gatepost.upkeep.retention.keeper import Keeper
from gatepost.upkeep.retention.paper import Hold

_KEY_OCTETS = 8


def spelled(ids: Sequence[int]) -> list[bytes]:
    """Return ids of keys as they stand in the heads of seals."""
    return [each.to_bytes(_KEY_OCTETS, "big") for each in ids]


def held_keys(keeper: Keeper, tenant: TenantId, holds: Sequence[Hold]) -> list[bytes]:
    """Return the keys of the persons whom holds cover, as they stand in the heads of seals."""
    keys = keeper.own.keys
    return spelled([key for hold in holds if hold.subject for key in keys.ids(tenant, Kind.SUBJECT, hold.subject)])


async def emails_under(tx: Transaction, keys: Sequence[bytes], emails: Sequence[EmailId]) -> set[EmailId]:
    """Return those of the messages of which the record, a mailbox or the queue keeps something under these keys."""
    if not keys or not emails:
        return set()
    authors = {email for email, subject in (await mail.subjects_of(tx, emails)).items() if subject in set(keys)}
    return authors | await entries.emails_under(tx, keys, emails) | await queue.emails_under(tx, keys, emails)
