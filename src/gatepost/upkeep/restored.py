"""After a restore, what the record says is done is done: nothing that left the house, or was refused, goes again.

``log recover`` brings entries back into a database that is older than they are: its queues still hold what left since,
and its waiting rooms what was ruled upon. In the transaction in which a log comes back, and so before a door opens or
a courier runs, the tables are held to those entries (docs/adr/0100):

1. what another server accepted, or refused for good, is queued no more;
2. what a webhook's receiver confirmed is not told again;
3. a no stands: held mail, petitions. A yes stands where what it let go has left; else its effect is lost with the
   database, and it waits for somebody's word again;
4. hosted agents take no turn again that ended, or that had called tools;
5. people are not mailed again about what they were mailed about.

What was published of the record is all there is: an attempt of the last second before the loss is made again.
"""

from datetime import datetime
from itertools import groupby

from gatepost import decide, mailbox
from gatepost.act.hosted import restored as turns
from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.deliver import hold_store
from gatepost.deliver.paper import HoldState
from gatepost.ids import LeafIndex
from gatepost.upkeep import restored_store


async def settle(tx: Transaction, since: LeafIndex, *, at: datetime, entropy: Entropy) -> int:
    """Hold the tables to the entries from that place on; return how many things will not be done again."""
    count = await restored_store.settle_submissions(tx, since)
    count += await restored_store.settle_tellings(tx, since)
    count += await restored_store.deny_petitions(tx, since)
    count += await _settle_holds(tx, since)
    for email, noted in groupby(await restored_store.turns(tx, since), key=lambda each: each[0]):
        count += await turns.settle(tx, email, [each for _, each in noted], at=at, entropy=entropy)
    return count + await restored_store.note_asked(tx, since)


async def _settle_holds(tx: Transaction, since: LeafIndex) -> int:
    settled = 0
    for each in await restored_store.rulings(tx, since):
        if each.is_approved and not each.has_left:
            continue
        state = HoldState.RELEASED if each.is_approved else HoldState.REFUSED
        await hold_store.settle(tx, each.hold, state, at=each.at, by=each.by, reason=each.reason)
        await decide.forget_waiting(tx, [each.email])
        if state is HoldState.REFUSED:
            await mailbox.forget_body(tx, each.email)
        settled += 1
    return settled
