"""Checked, never run: each line below must be refused by mypy, for an ignore that is not needed is an error.

The order of the stages is a type: nothing is delivered that was not recorded, recorded that was not decided, decided
that was not verified.
"""

from gatepost import decide, deliver, record, verify
from gatepost.arrive.paper import Arrived
from gatepost.clock import Entropy
from gatepost.db import Database, Transaction
from gatepost.decide.paper import Decided, Facts
from gatepost.dns import Resolver
from gatepost.ids import AccountId, EmailId, ThreadId
from gatepost.mailbox import get
from gatepost.verify.paper import Verified


async def no_stage_can_be_left_out(
    tx: Transaction, resolver: Resolver, entropy: Entropy, arrived: Arrived, verified: Verified, decided: Decided
) -> None:
    await verify.check(verified, resolver)  # type: ignore[arg-type]  # verified already
    decide.settle(arrived, None, Facts())  # type: ignore[arg-type]  # not verified
    decide.settle_all([arrived], [])  # type: ignore[list-item]  # the same for several at once
    await record.append_all(tx, [verified], [None], entropy=entropy)  # type: ignore[list-item]  # not decided
    await deliver.carry_out_all(tx, [decided], entropy=entropy)  # type: ignore[list-item]  # not recorded


async def no_identifier_passes_for_another(
    db: Database, tx: Transaction, account: AccountId, email: EmailId, thread: ThreadId
) -> None:
    await get(tx, account, thread)  # type: ignore[arg-type]  # a thread is no email
    await get(tx, email, email)  # type: ignore[arg-type]  # an email is no account
    async with db.transaction(email):  # type: ignore[arg-type]  # an email is no tenant
        pass
