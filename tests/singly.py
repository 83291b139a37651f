"""The stages for one message at a time, as most tests tell their story; the house itself carries several together."""

from gatepost import decide, deliver, mailbox, record
from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.decide.language import Policy
from gatepost.decide.paper import Decided, Facts
from gatepost.deliver.paper import CarriedOut
from gatepost.ids import AccountId, EmailId, ThreadId
from gatepost.mailbox.paper import Email
from gatepost.record.paper import Recorded
from gatepost.verify.paper import Verified


async def recall(tx: Transaction, verified: Verified) -> tuple[Policy | None, Facts]:
    (known,) = await decide.recall_all(tx, [verified])
    return known.policy, known.facts


async def append(tx: Transaction, decided: Decided, *, entropy: Entropy, thread: ThreadId | None = None) -> Recorded:
    (recorded,) = await record.append_all(tx, [decided], [thread], entropy=entropy)
    return recorded


async def thread_of(tx: Transaction, decided: Decided) -> ThreadId | None:
    (thread,) = deliver.threads_of([decided], await deliver.conversations(tx, [decided.verified]))
    return thread


async def carry_out(tx: Transaction, recorded: Recorded, *, entropy: Entropy) -> CarriedOut:
    (done,) = await deliver.carry_out_all(tx, [recorded], entropy=entropy)
    return done


async def keep(tx: Transaction, email: Email) -> None:
    await mailbox.keep_all(tx, [email])


async def thread_for(
    tx: Transaction, account: AccountId, *, email: EmailId, message_id: str, references: tuple[str, ...]
) -> ThreadId:
    (thread,) = await mailbox.threads_for(tx, [mailbox.Newcomer(account, email, message_id, references)])
    return thread
