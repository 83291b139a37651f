"""What an agent may only ask for: that somebody may write to it, or to leave its sandbox (docs/grants.md).

People decide. An approval is recorded under whoever gave it, and done in the same transaction: a new version of the
policy with the petition in its why, or the end of the sandbox. Neither an agent nor whoever asked approves.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from gatepost import access, decide, record
from gatepost.act.petition import store
from gatepost.act.petition.asking import ASK, PetitionAsker, may_rule_on, questions
from gatepost.act.petition.paper import (
    Kind,
    Petition,
    PetitionChangedError,
    PetitionInvalidError,
    PetitionMissingError,
    PetitionSettledError,
    State,
)
from gatepost.act.petition.sender import place_for, with_sender
from gatepost.clock import Entropy
from gatepost.db import Transaction
from gatepost.decide import Stored
from gatepost.deliver.hold import Approver, ApproverError
from gatepost.ids import AccountId, EmailId, KeyId, PetitionId, token
from gatepost.jobs import Jobs
from gatepost.keys import cut, place_of, read_timed, timed
from gatepost.mail.address import Address
from gatepost.record.paper import Consequence
from gatepost.record.paper import Kind as EntryKind

__all__ = [
    "ASK",
    "WHY_MAX_CHARS",
    "Kind",
    "Page",
    "Petition",
    "PetitionAsker",
    "PetitionChangedError",
    "PetitionInvalidError",
    "PetitionMissingError",
    "PetitionSettledError",
    "State",
    "get",
    "make",
    "may_rule_on",
    "page",
    "rule",
    "waiting",
]

LASTS = timedelta(days=14)
WAITING_MAX = 20
"""So many wait at once in one mailbox: an agent cannot bury the one that matters."""
WHY_MAX_CHARS = 500

Put = Callable[[Transaction, AccountId, Mapping[str, object], datetime, KeyId, str], Awaitable[Stored | None]]
"""Puts a document in force for an account: at a time, by somebody, for a reason. None: it waits for a second person."""


async def put_in_force(
    tx: Transaction, account: AccountId, document: Mapping[str, object], at: datetime, actor: KeyId, why: str
) -> Stored:
    """Put a document in force at once, on one person's word."""
    return await decide.put_policy(tx, account, dict(document), at=at, actor=actor, why=why)


async def make(
    tx: Transaction,
    account: AccountId,
    kind: Kind,
    *,
    sender: Address | None = None,
    why: str,
    proposer: KeyId,
    email: EmailId | None,
    at: datetime,
    entropy: Entropy,
    jobs: Jobs | None = None,
) -> Petition:
    """Ask; the same question while it waits is the same petition.

    Args:
        tx: of the tenant.
        account: whose agent asks.
        kind: for what.
        sender: who is to be let in.
        why: the agent's words.
        proposer: the key of whoever asks.
        email: the message it rests on.
        at: aware time of now.
        entropy: makes its id and salts the record.
        jobs: where approvers are promised a mail; None: the house has no page to lead them to.

    Raises:
        PetitionInvalidError: there is nothing to ask for, or too much waits already.
    """
    await store.lock(tx, account)
    await _check(tx, account, sender)
    petition = Petition(
        id=PetitionId(token("pt", entropy(10))),
        account=account,
        kind=kind,
        state=State.WAITING,
        sender=sender.key if sender else "",
        why=why,
        proposer=proposer,
        email=email,
        made_at=at,
        expires_at=at + LASTS,
    )
    if (earlier := await store.same(tx, petition)) is not None:
        return earlier
    if await store.waiting(tx, account, at) >= WAITING_MAX:
        raise PetitionInvalidError("petition.too_many")
    await store.insert(tx, petition)
    await _note(tx, petition, "petition.make", proposer, at, entropy)
    if jobs is not None:
        await jobs.enqueue_all(tx, await questions(tx, petition))
    return petition


async def _check(tx: Transaction, account: AccountId, sender: Address | None) -> None:
    """See that an approval could be carried out as things stand; raises ``PetitionInvalidError``."""
    if sender is None:
        found = await access.account(tx, account)
        if found is None or not found.is_sandboxed:
            raise PetitionInvalidError("mailbox.promoted")
        return
    current = await decide.get_policy(tx, account)
    if current is None:
        raise PetitionInvalidError("policy.missing")
    place_for(await decide.policy_at(tx, account, current.version), sender)


async def get(tx: Transaction, petition: PetitionId, account: AccountId | None = None) -> Petition:
    """Return a petition; of that account alone, where one is named.

    Raises:
        PetitionMissingError: there is none.
    """
    found = await store.by_id(tx, petition)
    if found is None or account not in {None, found.account}:
        raise PetitionMissingError(petition)
    return found


class Page(NamedTuple):
    """Petitions, newest first. ``after`` continues the list after them; None at its end."""

    petitions: list[Petition]
    after: str | None


async def page(tx: Transaction, account: AccountId, *, limit: int, cursor: str | None = None) -> Page:
    """Return an account's petitions, newest first; after those that a page of the same list ended with.

    Raises:
        CursorError: the cursor continues another list, or none.
    """
    of_list = f"petitions/{account}"
    below = None if cursor is None else read_timed(place_of(tx.vault, of_list, cursor))
    found = await store.page(tx, account, limit=limit + 1, below=below)
    return Page(*cut(tx.vault, of_list, found, limit, lambda petition: timed(petition.made_at, petition.id)))


async def waiting(tx: Transaction, account: AccountId, *, at: datetime) -> list[Petition]:
    """Return an account's petitions that wait, oldest first; ``WAITING_MAX`` at most."""
    return await store.unsettled(tx, account, at)


async def rule(
    tx: Transaction,
    petition: PetitionId,
    approver: Approver,
    *,
    is_approved: bool,
    digest: str | None,
    at: datetime,
    entropy: Entropy,
    put: Put = put_in_force,
) -> Petition:
    """Say yes or no, once, and do what was asked for.

    Args:
        tx: of the tenant.
        petition: which.
        approver: who rules.
        is_approved: what they say.
        digest: of what they saw; None where they deny unseen.
        at: aware time of now.
        entropy: salts the record.
        put: how a policy is put in force; a tenant may want a second person for it.

    Raises:
        PetitionMissingError: there is none.
        ApproverError: an agent rules, or whoever asked, or whom it is about.
        PetitionSettledError: its time is over, or somebody was quicker.
        PetitionChangedError: they saw something else.
        PetitionInvalidError: it cannot be done any more, or not in this way.
    """
    found = await store.by_id(tx, petition, is_locked=True)
    if found is None:
        raise PetitionMissingError(petition)
    is_about = bool(found.sender) and await access.may_be_at(tx, approver.id, found.sender)
    if approver.is_agent or is_about or await access.may_be_same(tx, approver.id, found.proposer):
        raise ApproverError(approver.id)
    if (state := found.state_at(at)) is not State.WAITING:
        raise PetitionSettledError(state)
    if digest not in {None, found.digest} or (is_approved and (digest is None or found.is_erased)):
        raise PetitionChangedError(petition)
    if is_approved and not await _is_enough(tx, found, approver):
        await _note(tx, found, "petition.approve", approver.id, at, entropy)
        await store.note_first_yes(tx, found.id, approver.id)
        return replace(found, first_yes_by=approver.id)
    settled = replace(
        found, state=State.APPROVED if is_approved else State.DENIED, settled_at=at, settled_by=approver.id
    )
    word = "petition.approve" if is_approved else "petition.deny"
    await _note(tx, settled, word, approver.id, at, entropy)
    if is_approved:
        is_second = found.first_yes_by is not None
        settled = await _do(tx, settled, KeyId(approver.id), at, entropy, put_in_force if is_second else put)
    await store.settle(tx, settled)
    return settled


async def _is_enough(tx: Transaction, petition: Petition, approver: Approver) -> bool:
    """Tell whether this yes is the last that is needed.

    Where the tenant wants a second person, two end a sandbox; a sender's policy waits for its second as a proposal, or
    here where the first yes came by a mailed link. Beside a link, a key that nobody is named for tells nobody apart.

    Raises:
        PetitionInvalidError: the first yes came the other way, and may have been theirs.
        ApproverError: they said yes already.
    """
    if not await access.needs_second_person(tx):
        return True
    if petition.first_yes_by is None:
        return petition.kind is Kind.SENDER and not approver.is_mailed
    if not await access.may_be_same(tx, approver.id, petition.first_yes_by):
        return True
    if petition.is_first_yes_mailed is not approver.is_mailed:
        raise PetitionInvalidError("approver.key_needed" if approver.is_mailed else "approver.link_needed")
    raise ApproverError(approver.id)


async def _do(tx: Transaction, petition: Petition, actor: KeyId, at: datetime, entropy: Entropy, put: Put) -> Petition:
    """Do what was approved, with its own entry."""
    if await access.account(tx, petition.account) is None:
        raise PetitionInvalidError("mailbox.missing")
    if petition.kind is Kind.PROMOTION:
        await access.set_sandboxed(tx, petition.account, is_sandboxed=False)
        await _note_act(tx, "mailbox.promote", actor, petition.account, at, entropy)
        return petition
    await decide.lock_policy(tx, petition.account)  # or a version that is written just now would lose its changes
    current = await decide.get_policy(tx, petition.account)
    if current is None:
        raise PetitionInvalidError("policy.missing")
    policy = await decide.policy_at(tx, petition.account, current.version)
    document = with_sender(current.document, policy, Address.parse(petition.sender), name=petition.id)
    why = f"petition {petition.id} of {petition.proposer}"
    stored = await put(tx, petition.account, document, at, actor, why)
    if stored is None:
        return petition
    await _note_act(tx, "policy.set", actor, petition.account, at, entropy, stored)
    return replace(petition, policy_version=stored.version)


async def _note(tx: Transaction, petition: Petition, action: str, actor: str, at: datetime, entropy: Entropy) -> None:
    said = Consequence(
        kind=EntryKind.ACT,
        action=action,
        actor=actor,
        at=at,
        account=petition.account,
        object_ref=petition.id,
        public={"asks": petition.kind.value},
        private={"digest": petition.digest},
        subject=petition.sender or None,
    )
    await record.note(tx, said, entropy=entropy)


async def _note_act(
    tx: Transaction,
    action: str,
    actor: str,
    account: AccountId,
    at: datetime,
    entropy: Entropy,
    stored: decide.Stored | None = None,
) -> None:
    done = Consequence(
        kind=EntryKind.ACT,
        action=action,
        actor=actor,
        at=at,
        account=account,
        object_ref=str(account),
        public={"policy_version": stored.version} if stored else {},
        private={"policy_digest": stored.digest} if stored else {},
    )
    await record.note(tx, done, entropy=entropy)
