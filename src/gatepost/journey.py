"""A message's life, in order. Read this first; every other room is a detail of one line here."""

from dataclasses import dataclass

from gatepost import act, decide, deliver, mailbox, record, reply, verify
from gatepost.arrive.paper import Arrived
from gatepost.blobs import Blobs
from gatepost.clock import Clock, Entropy
from gatepost.db import Database
from gatepost.deliver.paper import CarriedOut, Kept, Queued, Refused
from gatepost.dns import Resolver
from gatepost.egress import Egress, NextHop
from gatepost.jobs import Jobs
from gatepost.keys import Keyring
from gatepost.reply.paper import Said, Sent
from gatepost.verify.paper import Verified


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the stages stand on, built once in ``app`` and handed down."""

    db: Database
    dns: Resolver
    blobs: Blobs
    jobs: Jobs
    keyring: Keyring
    clock: Clock
    entropy: Entropy
    egress: Egress
    hostname: str
    next_hop: NextHop | None


async def receive(arrived: Arrived, house: House) -> CarriedOut:
    """Carry one message from the door to its disposition.

    Record, delivery and the promise to act commit together or not at all. If this raises, nothing happened, and the
    door answers 451 so that the sender tries again. All recipients of one arrival share one account, one decision and
    one answer; each has an entry of its own.
    """
    verified = await verify.check(arrived, house.dns)
    async with mailbox.in_custody(house.blobs, arrived.tenant, arrived.email, arrived.raw) as body:
        done = await _settle(verified, house)
        if not isinstance(done.outcome, Refused):
            body.keep()
    return done


async def _settle(verified: Verified, house: House) -> CarriedOut:
    """Decide, record and carry out in one transaction."""
    async with house.db.transaction(verified.arrived.tenant) as tx:
        policy, facts = await decide.recall(tx, verified)
        decided = decide.settle(verified, policy, facts)
        thread = await deliver.thread_of(tx, decided)
        recorded = await record.append(tx, decided, entropy=house.entropy, thread=thread)
        done = await deliver.carry_out(tx, recorded, entropy=house.entropy)
        match done.outcome:
            case Kept(email=email, thread=thread, wakes=True):
                await house.jobs.enqueue(tx, act.wake(email, thread))
            case Queued(submission=submission):
                await house.jobs.enqueue(tx, deliver.attempt(submission))
            case _:
                pass  # what was held, refused or discarded wakes nobody
    return done


async def answer(said: Said, house: House) -> Sent:
    """Send what an agent or a person says about a kept message: it sets out on the same journey.

    Raises:
        ParentMissingError: there is no such message.
        ReplyRefusedError: the gate refused it; that decision stands in the record.
    """
    async with house.db.transaction(said.tenant) as tx:
        composed = await reply.compose(tx, said, at=house.clock(), hostname=house.hostname, entropy=house.entropy)
    if isinstance(composed, Sent):
        return composed  # an identical call has sent it already: no second decision, no second mail
    try:
        done = await receive(composed, house)
    except deliver.AlreadySubmittedError as earlier:  # an identical call overtook this one
        return reply.repeat(earlier)
    return reply.conclude(done)
