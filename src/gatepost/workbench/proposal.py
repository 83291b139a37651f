"""A second person for what would let in more: proposed by one, put in force by another (docs/adr/0047).

Where the tenant says so, a policy that is not proven to let in no more than the one in force waits. An approval is
bound to the document and to the version in force it was compared with; if that moved on, nothing is put in force.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from gatepost import access, decide
from gatepost.act import petition
from gatepost.db import Transaction
from gatepost.decide import PolicyUnreadableError, Stored
from gatepost.decide.diff import Change, diff
from gatepost.decide.language import parse
from gatepost.decide.widening import Verdict, Widening, compare
from gatepost.ids import AccountId, KeyId, ProposalId, TenantId, token
from gatepost.journey import House
from gatepost.record.paper import Json
from gatepost.workbench import change, proposal_store, run, run_store
from gatepost.workbench.bench import Bench
from gatepost.workbench.change import Wish
from gatepost.workbench.live import compiled
from gatepost.workbench.paper import (
    ChangedError,
    OutdatedError,
    Proposal,
    ProposalState,
    RunState,
    SamePersonError,
    SettledError,
    TooManyError,
    UnjudgedError,
)

WAITING_MAX = 20
"""So many of one mailbox wait for a second person at once."""
DAYS = 7
_ATTEMPTS_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What a second person says; ``digest`` is what they saw, needed to approve.

    ``without_replay``: they approve though nobody knows what it would have made of past mail.
    """

    is_approved: bool
    by: KeyId
    is_agent: bool = False
    digest: str | None = None
    without_replay: bool = False


async def put_or_propose(house: House, tenant: TenantId, wish: Wish, bench: Bench) -> Stored | Proposal:
    """Put a policy in force, or let it wait for a second person where the tenant says so and it may let in more.

    The comparison is made outside of any transaction, and begun anew where another version came in between.

    Raises:
        PolicyError: the document is not a policy.
        TooManyError: as many wait as may.
        OutdatedError: others put versions in force faster than they can be compared with.
        BaseChangedError: it was written after another version than is in force.
    """
    for _ in range(_ATTEMPTS_MAX):
        async with house.db.transaction(tenant) as tx:
            if not await access.needs_second_person(tx):
                return await change.put(tx, house, wish)
            live = await decide.get_policy(tx, wish.account)
            change.match_base(wish, live)
        found = await bench.do(partial(_compare, live, wish))
        async with house.db.transaction(tenant) as tx:
            await decide.lock_policy(tx, wish.account)
            now = await decide.get_policy(tx, wish.account)
            if _version(now) != _version(live):
                continue
            if found.verdict is Verdict.NOT_WIDER:
                return await change.put(tx, house, wish)
            return await _propose(tx, house, wish, found, _version(live))
    raise OutdatedError


async def compared_with(tx: Transaction, proposal: Proposal) -> object:
    """Return the document it was compared with; None where none was in force."""
    version = proposal.live_version
    return await decide.policy_document(tx, proposal.account, version) if version else None


def changes(before: object, after: object) -> list[Change]:
    """Return what changes; nothing to show where there was no policy, or none this release can read."""
    try:
        return diff(before, after) if before is not None else []
    except decide.PolicyError:
        return []


def of_petition(house: House, bench: Bench) -> petition.Put:
    """Return how the approval of a petition puts its policy in force: it waits where the tenant wants a second person.

    Whoever approved the petition proposes; it is compared and replayed as any other proposal. The caller's transaction
    holds the policy's lock meanwhile, so that no other version comes in between.
    """

    async def put(
        tx: Transaction, account: AccountId, document: Mapping[str, object], at: datetime, actor: KeyId, why: str
    ) -> Stored | None:
        if not await access.needs_second_person(tx):
            return await petition.put_in_force(tx, account, document, at, actor, why)
        live = await decide.get_policy(tx, account)
        wish = Wish(account=account, document=dict(document), actor=actor, why=why)
        found = await bench.do(partial(_compare, live, wish))
        if found.verdict is Verdict.NOT_WIDER:
            return await petition.put_in_force(tx, account, document, at, actor, why)
        await _propose(tx, house, wish, found, _version(live))
        return None

    return put


def _version(stored: Stored | None) -> int:
    return stored.version if stored else 0


def _compare(live: Stored | None, wish: Wish) -> Widening:
    draft, _ = parse(wish.document, version=0, is_tenant_wide=wish.account == decide.TENANT_WIDE)
    try:
        return compare(compiled(live), draft)
    except PolicyUnreadableError:
        return Widening(Verdict.UNDECIDED, "the policy in force cannot be read by this release")


async def _propose(tx: Transaction, house: House, wish: Wish, found: Widening, live_version: int) -> Proposal:
    decide.check_why(wish.why)
    if await proposal_store.count_waiting(tx, wish.account, live_version) >= WAITING_MAX:
        raise TooManyError
    tried = await run.start(tx, house, wish.account, wish.document, days=DAYS, by=wish.actor, is_bound=False)
    made = Proposal(
        id=ProposalId(token("pp", house.entropy(10))),
        account=wish.account,
        state=ProposalState.WAITING,
        live_version=live_version,
        digest=_digest(tx.tenant, wish, live_version),
        verdict=found.verdict,
        doubt=found.why,
        mail=found.mail,
        document=wish.document,
        why=wish.why,
        replay=tried.id,
        proposed_at=house.clock(),
        proposed_by=wish.actor,
    )
    await proposal_store.insert(tx, made)
    public: dict[str, Json] = {
        "proposal": made.id,
        "live_version": live_version,
        "verdict": found.verdict.value.replace(" ", "_"),
    }
    await change.note(tx, house, wish, "policy.propose", public, {"digest": made.digest})
    return made


def _digest(tenant: TenantId, wish: Wish, live_version: int) -> str:
    """Return what an approval is bound to: the document to the letter, for whom, why, and what is in force."""
    bound = ["gatepost policy proposal 1", tenant, wish.account, live_version, wish.document, wish.why, wish.actor]
    return hashlib.sha256(json.dumps(bound, sort_keys=True).encode()).hexdigest()


async def get(tx: Transaction, wanted: ProposalId, *, for_ruling: bool = False) -> Proposal:
    """Return one proposal; raises ``LookupError``."""
    found = await proposal_store.get(tx, wanted, for_ruling=for_ruling)
    if found is None:
        raise LookupError(wanted)
    return found


async def is_outdated(tx: Transaction, waiting: Proposal) -> bool:
    """Tell whether another version is in force than a waiting proposal was compared with."""
    live = await decide.get_policy(tx, waiting.account)
    return waiting.state is ProposalState.WAITING and _version(live) != waiting.live_version


async def rule(tx: Transaction, house: House, wanted: ProposalId, ruling: Ruling) -> Proposal:
    """Put a proposal in force, or refuse it, once; whoever comes second hears so.

    Whoever proposed it may take it back (refuse it), and not approve it.

    Raises:
        LookupError: there is none.
        SamePersonError: an agent, or the proposer's own approval.
        SettledError: somebody was quicker.
        ChangedError: the approver saw something else.
        OutdatedError: another version is in force than it was compared with.
        UnjudgedError: its replay has not ended, or failed, and they did not say that they approve without it.
    """
    found = await get(tx, wanted, for_ruling=True)
    if ruling.is_agent or (ruling.is_approved and await access.may_be_same(tx, ruling.by, found.proposed_by)):
        raise SamePersonError
    if found.state is not ProposalState.WAITING:
        raise SettledError
    wish = Wish(account=found.account, document=found.document, actor=ruling.by, why=found.why)
    public: dict[str, Json] = {"proposal": found.id, "proposer": found.proposed_by}
    if not ruling.is_approved:
        await change.note(tx, house, wish, "policy.refuse", public)
        return await _settled(tx, house, found, ProposalState.REFUSED, ruling, None)
    if ruling.digest != found.digest:
        raise ChangedError
    await decide.lock_policy(tx, found.account)
    if await is_outdated(tx, found):
        raise OutdatedError
    replay, counts = await _replayed(tx, house, found)
    if replay != RunState.DONE and not ruling.without_replay:
        raise UnjudgedError(replay)
    stored = await change.put(tx, house, wish)
    public |= {"policy_version": stored.version, "replay": replay}
    await change.note(
        tx, house, wish, "policy.approve", public, {"policy_digest": stored.digest, "replay_counts": counts}
    )
    return await _settled(tx, house, found, ProposalState.APPROVED, ruling, stored.version)


async def _replayed(tx: Transaction, house: House, found: Proposal) -> tuple[str, dict[str, Json]]:
    """Return where the replay of a proposal stands, ``missing`` where nobody can tell, and what it has counted."""
    replay = await run_store.get(tx, found.replay)
    if replay is None:
        return "missing", {}
    return replay.as_of(house.clock())[0].value, {kind.value: number for kind, number in replay.counts.items()}


async def _settled(
    tx: Transaction, house: House, found: Proposal, state: ProposalState, ruling: Ruling, version: int | None
) -> Proposal:
    at = house.clock()
    await proposal_store.settle(tx, found.id, state, at=at, by=ruling.by, version=version)
    return replace(found, state=state, settled_at=at, settled_by=ruling.by, version=version)
