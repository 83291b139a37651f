"""The end of a wait: one ruling, recorded, bound to what was held, and what becomes of the message."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from gatepost import access, decide, mailbox, record
from gatepost.blobs import Blobs, BlobsUnavailableError
from gatepost.clock import Clock, Entropy
from gatepost.db import Database, Transaction
from gatepost.decide.paper import Disposition, Ruling
from gatepost.deliver import hold_store
from gatepost.deliver.hold import HoldMissingError, digest_of
from gatepost.deliver.paper import CarriedOut, DefaultOutcome, Hold, HoldState, Refused
from gatepost.ids import EmailId, HoldId, TenantId
from gatepost.jobs import Job, TryAgainError
from gatepost.keys import ErasedError
from gatepost.record.paper import Consequence, Kind
from gatepost.verify import again
from gatepost.verify.attached import TextReader
from gatepost.verify.paper import Verified

LATER = timedelta(hours=1)
"""When a message that is let go at the end of its wait, and meets a limit, tries again."""

SOON = timedelta(minutes=15)
"""The same where its octets cannot be had."""

HOUSE = "house"
"""Who rules at the end of the wait."""

_NOBODYS = Ruling(is_approved=False, by=HOUSE, is_expiry=True)
"""Of what there is nothing left to decide about."""

Release = Callable[[TenantId, HoldId, Ruling], Awaitable[CarriedOut]]
"""``journey.release``, for whoever has seen nothing."""

log = structlog.get_logger()


class HoldSettledError(Exception):
    """Somebody ruled on it already, or it expired; ``state`` is how it ended."""

    def __init__(self, state: HoldState) -> None:
        super().__init__(state.value)
        self.state = state


class HoldChangedError(Exception):
    """What the approval is bound to is not what waits: octets or recipients are other ones."""


class NotNowError(Exception):
    """The approved message would go, but a limit stands in its way for now; ``reason`` is its code. It still waits."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def take_up(held: Hold, tenant: TenantId, db: Database, blobs: Blobs, reader: TextReader | None) -> Verified:
    """Return the paper of a held message, octets and all.

    Raises:
        HoldSettledError: its wait has ended.
        HoldChangedError: it is not what was held.
        ErasedError: nobody can read it any more.
        BlobsUnavailableError: the object store does not answer, does not find its octets, or gives other ones.
    """
    if held.state is not HoldState.WAITING:
        raise HoldSettledError(held.state)
    if held.is_erased:
        raise ErasedError(held.id)
    try:
        raw = await mailbox.read_body(db, blobs, tenant, held.email, held.blob)
    except mailbox.BodyMissingError:
        async with db.transaction(tenant) as tx:
            await claim(tx, held.id)  # whoever was quicker, and refused it, took its body away
        raise
    verified = await again.reread(held.paper, raw, reader)
    if digest_of(verified) != held.digest:
        raise HoldChangedError(held.id)
    return verified


def check_in_time(held: Hold, ruling: Ruling, *, at: datetime) -> None:
    """See that a yes comes before silence has refused the message, however late the house writes that down.

    Raises:
        HoldSettledError: it comes after.
    """
    if ruling.is_approved and held.default is DefaultOutcome.REFUSE and held.expires_at <= at:
        raise HoldSettledError(HoldState.REFUSED)


async def claim(tx: Transaction, held: HoldId) -> None:
    """Be the one who ends the wait; nobody else can until the transaction ends.

    Raises:
        HoldMissingError: there is none.
        HoldSettledError: it has ended.
    """
    state = await hold_store.lock(tx, held)
    if state is None:
        raise HoldMissingError(held)
    if state is not HoldState.WAITING:
        raise HoldSettledError(state)


async def note_ruling(tx: Transaction, held: Hold, ruling: Ruling, *, at: datetime, entropy: Entropy) -> None:
    """Write the ruling into the record, before the decision that follows from it."""
    word = "expire" if ruling.is_expiry else "approve" if ruling.is_approved else "deny"
    await _note(tx, held, word, ruling, at=at, entropy=entropy)


async def _note(tx: Transaction, held: Hold, word: str, ruling: Ruling, *, at: datetime, entropy: Entropy) -> None:
    said = Consequence(
        kind=Kind.ACT,
        action=f"hold.{word}",
        actor=ruling.by,
        at=at,
        account=held.account,
        email=held.email,
        object_ref=held.id,
        public={"is_approved": ruling.is_approved},
        private={"digest": held.digest} if held.digest else {},
        subject=held.about,
    )
    await record.note(tx, said, entropy=entropy)


async def settle(tx: Transaction, held: Hold, done: CarriedOut, *, at: datetime, by: str) -> None:
    """Write how the wait ended; what was refused is kept no longer.

    Raises:
        NotNowError: a limit or DNS stands in the way of what was approved; nothing may be committed.
    """
    decision = done.recorded.decision
    if decision.disposition is Disposition.DEFER:
        raise NotNowError(decision.reason.value)
    state = HoldState.REFUSED if isinstance(done.outcome, Refused) else HoldState.RELEASED
    await hold_store.settle(tx, held.id, state, at=at, by=by, reason=decision.reason.value)
    await decide.forget_waiting(tx, [held.email])
    if state is HoldState.REFUSED:
        await mailbox.forget_body(tx, held.email)


class Means(Protocol):
    """The part of the house that the end of a wait stands on."""

    @property
    def db(self) -> Database:
        """Where what waits lies."""

    @property
    def clock(self) -> Clock:
        """Tells when."""

    @property
    def past(self) -> Clock:
        """Tells what has surely passed."""

    @property
    def entropy(self) -> Entropy:
        """Salts the record's commitments."""


async def expire(job: Job, house: Means, release: Release) -> None:
    """Do what was to become of a message nobody ruled on; keeps the promise of ``hold.expiry``.

    By a clock that is ahead no wait ends: its octets would be gone.

    Raises:
        TryAgainError: it may still wait, or a limit or the object store stands in its way.
    """
    held, now = HoldId(str(job.body["hold"])), house.clock()
    async with house.db.transaction(job.tenant) as tx:
        found = await hold_store.by_id(tx, held)
    if found is None or found.state is not HoldState.WAITING:
        return
    if found.expires_at > now:
        raise TryAgainError(found.expires_at, "it may still wait")
    if (left := found.expires_at - house.past()) > timedelta():
        raise TryAgainError(now + min(left, LATER), "clock.ahead")
    ruling = Ruling(is_approved=found.default is DefaultOutcome.DELIVER, by=HOUSE, is_expiry=True)
    try:
        await release(job.tenant, held, ruling)
    except HoldSettledError:
        return
    except NotNowError as error:
        raise TryAgainError(now + LATER, error.reason) from error
    except BlobsUnavailableError as error:  # 250 was said: it waits until somebody has mended the store
        log.error("hold.body_unavailable", hold=held, reason=error.reason)
        raise TryAgainError(now + SOON, error.reason) from error
    except (ErasedError, HoldChangedError):
        async with house.db.transaction(job.tenant) as tx:
            await _abandon(tx, found, _NOBODYS, "hold.erased", at=now, entropy=house.entropy)


async def ends_with_mailbox(tx: Transaction, held: Hold, *, at: datetime, entropy: Entropy) -> bool:
    """End the wait of what came to, or was to leave, a mailbox that was removed; False where there is one.

    Raises:
        HoldSettledError: it has ended.
    """
    if await access.account(tx, held.account) is not None:
        return False
    await _abandon(tx, held, _NOBODYS, "hold.mailbox_removed", at=at, entropy=entropy)
    return True


async def forget(tx: Transaction, emails: Sequence[EmailId], *, at: datetime, entropy: Entropy) -> None:
    """Remove the holds of messages that go for their age or with a person; what waited is said to wait no longer.

    For the keeper's role. A plan may be shorter than a wait, or may have become so. The entry keeps nothing that could
    be sealed for whoever is erased.
    """
    for held in await hold_store.waiting(tx, emails):
        await _note(tx, replace(held, digest="", about=None), "abandon", _NOBODYS, at=at, entropy=entropy)
    await hold_store.forget(tx, emails)
    await decide.forget_waiting(tx, emails)


async def _abandon(tx: Transaction, held: Hold, ruling: Ruling, reason: str, *, at: datetime, entropy: Entropy) -> None:
    """End the wait of what nobody can read any more, or nobody could: there is nothing left to decide about."""
    await claim(tx, held.id)
    await _note(tx, held, "abandon", ruling, at=at, entropy=entropy)
    await hold_store.settle(tx, held.id, HoldState.REFUSED, at=at, by=ruling.by, reason=reason)
    await decide.forget_waiting(tx, [held.email])
    await mailbox.forget_body(tx, held.email)
