"""What is known about where an outbound message goes: who is written with already, and how much was sent."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from gatepost import mailbox
from gatepost.db import Transaction
from gatepost.decide import leaks, mentions, outbound_store
from gatepost.decide.body import TooLongError
from gatepost.decide.outbound_language import OutboundPolicy, Stop
from gatepost.decide.outbound_store import Dispatch, blind_domain, blind_person
from gatepost.decide.paper import Counted, Disposition, Leaving
from gatepost.ids import ThreadId
from gatepost.mailbox.paper import Email
from gatepost.verify.paper import Verified

_THREAD_AT_ONCE = 100
"""Messages of a thread that lie open in memory together: a stranger may have written thousands, each a long text."""


async def recall_leaving(
    tx: Transaction, verified: Verified, policies: Sequence[OutboundPolicy], parent: Email | None, *, at: datetime
) -> Leaving:
    """Read it as of ``at``, locking the account's windows; two round trips, one more where a policy asks the thread."""
    dispatch = dispatch_of(verified, parent.thread if parent else ThreadId(""), at=at)
    recipients = {each.key for each in dispatch.recipients}
    named = _named(verified, policies, parent)
    found = await outbound_store.known(tx, dispatch.account, recipients | (named or set()))
    sent = await outbound_store.count_sent(tx, dispatch)
    asks_thread = bool(named) or any(each.recipients is not None and each.recipients.thread for each in policies)
    thread = await _thread(tx, parent) if parent and asks_thread else frozenset()
    persons = Counter(blind_person(tx.vault, key) for key in recipients)
    domains = Counter(blind_domain(tx.vault, each.domain) for each in dispatch.recipients)
    return Leaving(
        contacts=found.own & recipients,
        thread=thread,
        others=None if named is None else len(found.anyone & named - thread),
        agent=_with(sent.agent, len(recipients)),
        recipient=_most(sent.recipients, persons),
        domain=_most(sent.domains, domains),
        replies=_with(sent.replies, 1) if parent else Counted(),
    )


def dispatch_of(verified: Verified, thread: ThreadId, *, at: datetime) -> Dispatch:
    """Return how an outbound message is counted: each recipient once, as of ``at``."""
    arrived = verified.arrived
    recipients = {each.key: each for each in arrived.envelope.rcpt_to}
    return Dispatch(
        account=arrived.account,
        email=arrived.email,
        recipients=tuple(recipients.values()),
        thread=thread,
        at=at,
    )


def _named(verified: Verified, policies: Sequence[OutboundPolicy], parent: Email | None) -> set[str] | None:
    """Return addresses that a message tells its recipients; None where they are too many, or cannot be read.

    Not those who read it, nor the account's own, nor those that the message it answers named itself.
    """
    if all(each.stop(Stop.OTHER_CORRESPONDENTS) is Disposition.DELIVER for each in policies):
        return set()
    evidence = verified.evidence
    try:
        found = mentions.addresses_in(leaks.texts_of(evidence.content))
    except TooLongError:
        return None
    if found is None:
        return None
    told = {*verified.arrived.envelope.rcpt_to, evidence.author, parent and parent.author} - {None}
    written = (parent.reading.human, parent.from_shown, parent.to_shown, parent.subject) if parent else ()
    known = {key for each in told if each for key in mentions.readings(each.local, each.domain)}
    return set(found - known - (mentions.addresses_in(written) or frozenset()))


async def _thread(tx: Transaction, parent: Email) -> frozenset[str]:
    found: set[str] = set()
    cursor: str | None = None
    while True:
        page = await mailbox.thread(tx, parent.account, parent.thread, limit=_THREAD_AT_ONCE, cursor=cursor)
        known = (each for each in page.emails if each.is_proven and not (each.is_erased or each.is_unreadable))
        found.update(each.author.key for each in known)
        if page.after is None:
            return frozenset(found)
        cursor = page.after


def _with(counts: Counted, more: int) -> Counted:
    return Counted(counts.hour + more, counts.day + more)


def _most(sent: Mapping[str, Counted], now: Mapping[str, int]) -> Counted:
    """Return the fullest window of each length, with what is sent now."""
    full = [_with(sent[name], more) for name, more in now.items()]
    return Counted(_highest(each.hour for each in full), _highest(each.day for each in full))


def _highest(counts: Iterable[int]) -> int:
    return max(counts, default=0)
