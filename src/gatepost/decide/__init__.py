"""What may happen to it: policy language, facts, one pure decision."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from gatepost.arrive.paper import Direction
from gatepost.db import Transaction
from gatepost.decide import crowd, crowd_store, grants, outbound_store, past_store, store
from gatepost.decide.above import TENANT_WIDE
from gatepost.decide.correspondents import dispatch_of
from gatepost.decide.forget import forget_counts
from gatepost.decide.language import Policy, PolicyError, parse
from gatepost.decide.paper import Decided, Disposition, Facts, Mark, Stored
from gatepost.decide.recall import PolicyUnreadableError, UnforeseenError, footer_of, foresee, recall_all, unreadable
from gatepost.decide.rules import settle
from gatepost.decide.shape import is_plain
from gatepost.decide.together import Recalled, counts, settle_all
from gatepost.decide.versions import WHY_MAX_CHARS, Signed
from gatepost.ids import AccountId, EmailId, KeyId, ThreadId
from gatepost.mail.address import Address
from gatepost.verify.paper import Verified

__all__ = [
    "TENANT_WIDE",
    "Decided",
    "Facts",
    "Policy",
    "PolicyError",
    "PolicyUnreadableError",
    "Recalled",
    "Stored",
    "UnforeseenError",
    "charge_all",
    "charge_sent",
    "charge_tokens",
    "charge_waiting",
    "check_why",
    "footer_of",
    "foresee",
    "forget_counts",
    "forget_waiting",
    "get_policy",
    "lock_policy",
    "policy_at",
    "policy_document",
    "policy_history",
    "put_policy",
    "recall_all",
    "revoke_policy",
    "settle",
    "settle_all",
    "unreadable",
    "with_room",
]


def charge_all(tx: Transaction, decided: Sequence[Decided]) -> None:
    """Count delivered messages in their windows, and remember whom was written to, with the commit.

    What no rule let in counts nowhere. The authors of the rest, where proven, are correspondents from now on.
    """
    counted = [one for one in decided if counts(one)]
    if counted:
        past_store.add_delivered(tx, [_delivered(one) for one in counted])
    sent = [each for one in decided for each in _sent(one)]
    if sent:
        past_store.add_sent(tx, sent)
    met = [
        outbound_store.Met(one.arrived.account, author.key, one.at)
        for one in counted
        if one.decision.is_author_proven and (author := one.verified.evidence.author)
    ]
    if met:
        outbound_store.add_correspondents(tx, met)


def charge_waiting(tx: Transaction, decided: Sequence[Decided]) -> None:
    """Remember with the commit what waits for a person, and count it in its author's windows.

    It counts as of when it came, whatever becomes of it; once it is let go, as of then (``forget_waiting``).
    """
    if decided:
        crowd_store.add(tx, [(one.arrived.email, crowd.whose(one)) for one in decided])
    counted = [
        past_store.Waits(one.arrived.account, author.key, one.arrived.email, one.at, one.decision.windows)
        for one in decided
        if counts(one) and (author := one.verified.evidence.author)
    ]
    if counted:
        past_store.add_waiting(tx, counted)


async def forget_waiting(tx: Transaction, emails: Sequence[EmailId]) -> None:
    """Let these messages wait no more."""
    await crowd_store.remove(tx, emails)


async def with_room(
    tx: Transaction, verified: Sequence[Verified], recalled: Sequence[Recalled], decided: Sequence[Decided]
) -> Sequence[Decided]:
    """Judge once more what was decided together, where some of it would wait, with how much waits already.

    Most mail waits for nobody, and pays nothing for this. The mailboxes are locked until the transaction ends.
    """
    held = {one.arrived.account for one in decided if one.decision.disposition is Disposition.HOLD}
    if not held:
        return decided
    asked = dict.fromkeys(crowd.whose(one) for one in decided if one.arrived.account in held)
    waiting = await crowd_store.count(tx, asked)
    return settle_all(verified, [replace(known, waiting=waiting) for known in recalled])


def charge_sent(tx: Transaction, decided: Decided, thread: ThreadId | None, *, is_queued: bool) -> None:
    """Count an outbound message in its account's windows, with the commit; whom it goes to is a correspondent then.

    Args:
        tx: of the decision.
        decided: a message that was queued or held.
        thread: the one it answers in.
        is_queued: it goes out. What is held counts as well, or an agent could fill the desk of whoever approves; once
            it is let go, it counts as of then.
    """
    dispatch = dispatch_of(decided.verified, thread or ThreadId(""), at=decided.at)
    if decided.facts.ruling:
        outbound_store.uncount(tx, dispatch.email)
    outbound_store.add_sent(tx, [dispatch])
    if is_queued:
        met = [outbound_store.Met(dispatch.account, each.key, dispatch.at) for each in dispatch.recipients]
        outbound_store.add_correspondents(tx, met)


def _delivered(decided: Decided) -> past_store.Delivered:
    arrived = decided.arrived
    return past_store.Delivered(
        account=arrived.account,
        mark=Mark.of(decided.verified),
        email=arrived.email,
        at=decided.at,
        windows=decided.decision.windows,
    )


def _sent(decided: Decided) -> list[past_store.Sent]:
    arrived = decided.arrived
    if arrived.direction is not Direction.OUTBOUND or decided.decision.disposition is not Disposition.DELIVER:
        return []
    message_id = decided.verified.evidence.content.message_id
    return [
        past_store.Sent(arrived.account, message_id, recipient.key, decided.at)
        for recipient in arrived.envelope.rcpt_to
    ]


async def charge_tokens(
    tx: Transaction,
    *,
    account: AccountId,
    sender: str,
    thread: ThreadId,
    tokens: int,
    at: datetime,
    email: EmailId | None = None,
) -> None:
    """Count tokens an agent spent on a sender, a thread and, where it is known, a message, without a reservation.

    ``sender`` is the author's address, in any spelling.

    Raises:
        AddressError: ``sender`` is not an address.
        ValueError: ``tokens`` is negative: spending cannot be taken back.
    """
    if tokens < 0:
        raise ValueError("tokens spent cannot be negative")
    await store.add_tokens(
        tx, account, sender=Address.parse(sender).key, thread=thread, tokens=tokens, at=at, email=email
    )


async def put_policy(
    tx: Transaction, account: AccountId, document: object, *, at: datetime, actor: KeyId, why: str = ""
) -> Stored:
    """Store a new version, one above the last, signed; raises ``PolicyError``, and then nothing was stored.

    ``account`` may be ``TENANT_WIDE``; ``why`` is what the actor says about it.
    """
    check_why(why)
    policy, warnings = parse(document, version=0, is_tenant_wide=account == TENANT_WIDE)
    await store.lock_policy(tx, account)
    await store.add_version(
        tx, account, digest=policy.digest, document=document, warnings=warnings, at=at, actor=actor, why=why
    )
    stored = await store.newest(tx, account)
    if stored is None:  # pragma: no cover  # we wrote it a line above, under a lock
        raise LookupError("the policy just stored is gone")
    return stored


def check_why(why: str) -> None:
    """Return where this may stand with a version; raises ``PolicyError``."""
    if len(why) > WHY_MAX_CHARS or not is_plain(why):
        raise PolicyError([f"why must be at most {WHY_MAX_CHARS} characters without controls"])


async def lock_policy(tx: Transaction, account: AccountId) -> None:
    """Let nobody else put a version in force until the transaction ends."""
    await store.lock_policy(tx, account)


async def policy_history(
    tx: Transaction, account: AccountId, *, before: int | None = None, limit: int | None = None
) -> list[Signed]:
    """Return the versions of a policy below ``before``, newest first, with their signatures; at most ``limit``."""
    return await store.history(tx, account, before=before, limit=limit)


async def revoke_policy(tx: Transaction, account: AccountId, version: int, *, at: datetime, actor: KeyId) -> bool:
    """Make the grants of one version worthless, for ever; False where they were already.

    A grant names the version of its mailbox's own policy and of none above it, which grants nothing by itself.

    Raises:
        LookupError: there is no such version, or it stands above the mailboxes.
    """
    if account == TENANT_WIDE:
        raise LookupError(version)
    await store.document(tx, account, version)
    return await grants.revoke(tx, account, version, at=at, actor=actor)


async def policy_document(tx: Transaction, account: AccountId, version: int) -> object:
    """Return one version as its author wrote it; raises ``LookupError``."""
    return await store.document(tx, account, version)


async def policy_at(tx: Transaction, account: AccountId, version: int) -> Policy:
    """Return one version of a policy, compiled as this release reads it.

    Raises:
        LookupError: there is no such version.
        PolicyError: it is none to this release.
    """
    written = await store.document(tx, account, version)
    return parse(written, version=version, is_tenant_wide=account == TENANT_WIDE)[0]


async def get_policy(tx: Transaction, account: AccountId) -> Stored | None:
    """Return the version in force, or None."""
    return await store.newest(tx, account)
