"""Policies that wait for a second person: listed, shown with what they change, ruled on."""

from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response, status

from gatepost.access.paper import Principal, Role
from gatepost.db import Transaction
from gatepost.decide import Stored
from gatepost.doors.rest.auth import ApprovalsWriter, HouseDep, PolicyReader, PolicyWriter
from gatepost.doors.rest.hold_shapes import Word
from gatepost.doors.rest.parameters import OfProposals, ProposalId
from gatepost.doors.rest.preconditions import PreconditionsDep, etag
from gatepost.doors.rest.problems import Code, Problem, missing
from gatepost.doors.rest.replays import shown as replay_shown
from gatepost.doors.rest.workbench import BenchDep
from gatepost.doors.rest.workbench_shapes import (
    ProposalDetail,
    ProposalList,
    ProposalRuling,
    ProposalShown,
    WideningShown,
)
from gatepost.ids import ProposalId as Id
from gatepost.workbench import Proposal, Ruling, proposal, proposal_store, put_or_propose, run_store
from gatepost.workbench.change import Wish

router = APIRouter(prefix="/v1/policy/proposals", tags=["proposals"])
LISTED_MAX = 100
PROPOSED: dict[int | str, dict[str, Any]] = {
    status.HTTP_202_ACCEPTED: {"model": ProposalShown, "description": "It waits for a second person"}
}
"""What a change of a policy may be answered with, where the tenant wants a second person for what lets in more."""


class Changer:
    """Whoever changes a policy: puts it in force, or answers 202 with where it waits."""

    def __init__(
        self,
        house: HouseDep,
        bench: BenchDep,
        principal: PolicyWriter,
        response: Response,
        base: PreconditionsDep,
    ) -> None:
        self.house = house
        self.principal = principal
        self._bench = bench
        self._response = response
        self._base = base

    async def put(self, wish: Wish) -> Stored | ProposalShown:
        """Return the version in force, or what waits."""
        wish = replace(wish, base=self._base)
        came = await put_or_propose(self.house, self.principal.tenant, wish, self._bench)
        if isinstance(came, Stored):
            self._response.headers["ETag"] = etag(came.version)
            return came
        self._response.status_code = status.HTTP_202_ACCEPTED
        self._response.headers["Location"] = f"/api{router.prefix}/{came.id}"
        return _shown(came, is_outdated=False)


ChangerDep = Annotated[Changer, Depends(Changer)]


def _shown(one: Proposal, *, is_outdated: bool) -> ProposalShown:
    return ProposalShown(
        id=one.id,
        mailbox_id=one.account,
        state=one.state,
        is_outdated=is_outdated,
        live_version=one.live_version,
        digest=one.digest,
        widening=WideningShown(verdict=one.verdict, why=one.doubt, mail=one.mail),
        why=one.why,
        proposed_at=one.proposed_at,
        proposed_by=one.proposed_by,
        replay_id=one.replay,
        settled_at=one.settled_at,
        settled_by=one.settled_by,
        version=one.version,
    )


async def _found(tx: Transaction, principal: Principal, wanted: str) -> Proposal:
    found = await proposal_store.get(tx, Id(wanted))
    if found is None or principal.account not in {None, found.account}:
        raise missing("proposal")
    return found


@router.get("", summary="List the proposals")
async def every(house: HouseDep, principal: PolicyReader, state: OfProposals = None) -> ProposalList:
    """Return proposals, newest first."""
    async with house.db.transaction(principal.tenant) as tx:
        found = await proposal_store.page(tx, principal.account, state=state, limit=LISTED_MAX)
        items = [_shown(each, is_outdated=await proposal.is_outdated(tx, each)) for each in found]
    return ProposalList(items=items)


@router.get("/{proposal_id}", summary="Read a proposal")
async def show(proposal_id: ProposalId, house: HouseDep, bench: BenchDep, principal: PolicyReader) -> ProposalDetail:
    """Return one proposal: the document, what changes, why it counts as wider, and its replay."""
    async with house.db.transaction(principal.tenant) as tx:
        found = await _found(tx, principal, proposal_id)
        is_outdated = await proposal.is_outdated(tx, found)
        replay = await run_store.get(tx, found.replay)
        before = await proposal.compared_with(tx, found)
    changes = await bench.do(lambda: proposal.changes(before, found.document))
    told = {
        **_shown(found, is_outdated=is_outdated).model_dump(),
        "policy": found.document,
        "changes": [asdict(each) for each in changes],
        "replay": replay_shown(replay, house.clock()) if replay else None,
    }
    return ProposalDetail.model_validate(told)


@router.post("/{proposal_id}/decision", summary="Rule on a proposal")
async def decision(
    proposal_id: ProposalId, body: ProposalRuling, house: HouseDep, principal: ApprovalsWriter
) -> ProposalShown:
    """Put a proposed policy in force, or refuse it, once. Never an agent's word, nor the proposer's own approval.

    An approval names the digest the proposal shows, and holds only while the version it was compared with is in force.
    It waits for the end of the replay, unless it says `withoutReplay`.
    """
    is_approved = body.decision is Word.APPROVE
    if is_approved and body.digest is None:
        raise Problem(Code.REQUEST_INVALID, errors=["digest: must be given to approve"])
    ruling = Ruling(
        is_approved=is_approved,
        by=principal.key,
        is_agent=principal.role is Role.AGENT,
        digest=body.digest,
        without_replay=body.without_replay,
    )
    async with house.db.transaction(principal.tenant) as tx:
        found = await _found(tx, principal, proposal_id)
        return _shown(await proposal.rule(tx, house, found.id, ruling), is_outdated=False)
