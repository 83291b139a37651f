"""What the words a turn has read let it do: their grants, as they count now."""

from datetime import datetime

from gatepost.db import Transaction
from gatepost.decide.capabilities import canonical
from gatepost.decide.grants import Grant, GrantError, of_message
from gatepost.mailbox.paper import Email


def names(grant: Grant) -> frozenset[str]:
    """Return what a grant names, each capability by the one name we compare by."""
    return frozenset(map(canonical, grant.capabilities))


async def granted_for(tx: Transaction, email: Email, at: datetime) -> frozenset[str]:
    """Return what a message's grant names now; nothing where it has none, or none any more."""
    try:
        return names(await of_message(tx, email.account, email.id, now=at))
    except GrantError:
        return frozenset()
