"""Proposals at rest: the only SQL about them."""

import json
from datetime import datetime
from typing import Any

from gatepost.db import Transaction
from gatepost.decide.widening import Verdict
from gatepost.ids import AccountId, DraftReplayId, KeyId, ProposalId
from gatepost.keys import Vault
from gatepost.workbench.paper import Proposal, ProposalState


async def insert(tx: Transaction, made: Proposal) -> None:
    """Write a proposal."""
    query = """
        insert into policy_proposal
          (tenant, id, account, live_version, digest, verdict, replay, proposed_at, proposed_by, sealed)
        values (%(tenant)s, %(id)s, %(account)s, %(live_version)s, %(digest)s, %(verdict)s, %(replay)s, %(at)s, %(by)s,
          %(sealed)s)
    """
    said = {"document": made.document, "why": made.why, "doubt": made.doubt, "mail": made.mail}
    await tx.run(
        query,
        id=made.id,
        account=made.account,
        live_version=made.live_version,
        digest=made.digest,
        verdict=made.verdict,
        replay=made.replay,
        at=made.proposed_at,
        by=made.proposed_by,
        sealed=tx.vault.seal_lasting(_place(made.id), json.dumps(said).encode()),
    )


def _place(proposal: str) -> str:
    return f"policy-proposal/{proposal}"


async def get(tx: Transaction, proposal: ProposalId, *, for_ruling: bool = False) -> Proposal | None:
    """Return one; ``for_ruling``, nobody else rules on it until the transaction ends."""
    query = "select * from policy_proposal where tenant = %(tenant)s and id = %(id)s"
    row = await tx.maybe(query + (" for update" if for_ruling else ""), id=proposal)
    return None if row is None else _proposal(tx.vault, row)


async def page(
    tx: Transaction, account: AccountId | None, *, state: ProposalState | None, limit: int
) -> list[Proposal]:
    """Return the newest proposals, of one account or all, in one state or any."""
    query = """
        select * from policy_proposal
        where tenant = %(tenant)s and (%(account)s::bigint is null or account = %(account)s)
          and (%(state)s::text is null or state = %(state)s)
        order by proposed_at desc, id limit %(limit)s
    """
    return [_proposal(tx.vault, row) for row in await tx.all(query, account=account, state=state, limit=limit)]


async def count_waiting(tx: Transaction, account: AccountId, live_version: int) -> int:
    """Return how many wait that were compared with that version."""
    query = """
        select count(*) as number from policy_proposal
        where tenant = %(tenant)s and account = %(account)s and live_version = %(live)s and state = 'waiting'
    """
    return int((await tx.one(query, account=account, live=live_version)).number)


async def settle(
    tx: Transaction, proposal: ProposalId, state: ProposalState, *, at: datetime, by: str, version: int | None
) -> None:
    """Write how a proposal ended."""
    query = """
        update policy_proposal set state = %(state)s, settled_at = %(at)s, settled_by = %(by)s, version = %(version)s
        where tenant = %(tenant)s and id = %(id)s and state = 'waiting'
    """
    await tx.run(query, id=proposal, state=state, at=at, by=by, version=version)


def _proposal(vault: Vault, row: Any) -> Proposal:
    said = json.loads(vault.open(_place(row.id), bytes(row.sealed)))
    return Proposal(
        id=ProposalId(row.id),
        account=AccountId(row.account),
        state=ProposalState(row.state),
        live_version=row.live_version,
        digest=row.digest,
        verdict=Verdict(row.verdict),
        doubt=said["doubt"],
        mail=said["mail"],
        document=said["document"],
        why=said["why"],
        replay=DraftReplayId(row.replay),
        proposed_at=row.proposed_at,
        proposed_by=KeyId(row.proposed_by),
        settled_at=row.settled_at,
        settled_by=row.settled_by,
        version=row.version,
    )
