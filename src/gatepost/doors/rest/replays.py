"""A draft judged on past mail: start it, ask how far it is, page through what would change, end it."""

from datetime import datetime

from fastapi import APIRouter, Response, status

from gatepost import workbench
from gatepost.access.paper import Principal, Scope
from gatepost.db import Transaction
from gatepost.decide import TENANT_WIDE
from gatepost.decide.language import parse
from gatepost.decide.trial import Change
from gatepost.doors.rest.auth import HouseDep, ReplayReader, ReplayWriter
from gatepost.doors.rest.parameters import ChangeCursor, Days, DraftReplayId, Limit, OfPolicy
from gatepost.doors.rest.policy_shapes import EXAMPLE
from gatepost.doors.rest.problems import Code, Problem, missing
from gatepost.doors.rest.reach import policy_of
from gatepost.doors.rest.workbench import BenchDep
from gatepost.doors.rest.workbench_bodies import POLICY
from gatepost.doors.rest.workbench_shapes import ChangedDecision, Counts, ReplayDetail, ReplayList, ReplayShown
from gatepost.doors.rest.written import Written, accepts
from gatepost.ids import DraftReplayId as Id
from gatepost.ids import EntryId
from gatepost.workbench import ChangedRow, Run, draft, run_store

router = APIRouter(prefix="/v1/policy/replays", tags=["replays"])
LISTED_MAX = 50


def shown(run: Run, now: datetime) -> ReplayShown:
    """Spell how far a replay is."""
    state, reason = run.as_of(now)
    return ReplayShown(
        id=run.id,
        mailbox_id=run.account,
        state=state,
        reason=reason,
        since=run.since,
        started_at=run.started_at,
        started_by=run.started_by,
        done=run.done,
        total=max(run.total, run.done),
        counts=Counts(
            same=run.counts[Change.SAME],
            changed=run.counts[Change.CHANGED],
            changed_since=run.counts[Change.SINCE],
            undecidable_without_text=run.counts[Change.NO_TEXT],
            undecidable=run.counts[Change.UNDECIDABLE],
        ),
    )


@router.post(
    "", summary="Start a replay", status_code=status.HTTP_202_ACCEPTED, openapi_extra=accepts(POLICY.schema, EXAMPLE)
)
async def start(
    document: Written,
    response: Response,
    house: HouseDep,
    bench: BenchDep,
    principal: ReplayWriter,
    mailbox: OfPolicy = None,
    days: Days = 7,
) -> ReplayShown:
    """Judge the last days' mail of `mailbox` (0: of all, the draft above them) under a draft; nothing changes.

    Refused mail is judged on the facts its entry holds. It goes on after a restart of the house. 429 where three run.
    """
    if mailbox is None:
        raise Problem(Code.REQUEST_INVALID, errors=["query.mailbox: must be given"])
    await bench.do(lambda: parse(document, version=0, is_tenant_wide=mailbox == TENANT_WIDE))
    async with policy_of(house, principal, mailbox) as (tx, account):
        made = await workbench.start(tx, house, account, document, days=days, by=principal.key)
    response.headers["Location"] = f"/api{router.prefix}/{made.id}"
    return shown(made, house.clock())


@router.get("", summary="List the replays")
async def every(house: HouseDep, principal: ReplayReader) -> ReplayList:
    """Return the newest replays."""
    async with house.db.transaction(principal.tenant) as tx:
        found = await run_store.page(tx, principal.account, limit=LISTED_MAX)
    return ReplayList(items=[shown(each, house.clock()) for each in found])


async def _found(tx: Transaction, principal: Principal, replay_id: str) -> Run:
    run = await run_store.get(tx, Id(replay_id))
    if run is None or principal.account not in {None, run.account}:
        raise missing("replay")
    return run


@router.get("/{replay_id}", summary="Read how far a replay is")
async def show(
    replay_id: DraftReplayId, house: HouseDep, principal: ReplayReader, limit: Limit = 50, cursor: ChangeCursor = 0
) -> ReplayDetail:
    """Return progress and counts, and the decisions that would be others, page by page, with what the mail was.

    Author and subject are read anew each time, so what was erased since is not shown.
    """
    async with house.db.transaction(principal.tenant) as tx:
        run = await _found(tx, principal, replay_id)
        found = await run_store.changes(tx, run.id, after=EntryId(cursor), limit=limit + 1)
    mails = [await draft.mail_of(house, principal.tenant, each.entry) for each in found[:limit]]
    reads = Scope.MAIL_READ in principal.scopes
    items = [_changed(each, mail, reads_subjects=reads) for each, mail in zip(found, mails, strict=False)]
    next_cursor = items[-1].entry if len(found) > limit else None
    return ReplayDetail(**shown(run, house.clock()).model_dump(), changes=items, next_cursor=next_cursor)


def _changed(row: ChangedRow, mail: draft.Mail | None, *, reads_subjects: bool) -> ChangedDecision:
    return ChangedDecision(
        entry=row.entry,
        mailbox_id=row.account,
        message_id=row.email,
        received_at=mail.received_at if mail else None,
        direction=("outbound" if mail.is_outbound else "inbound") if mail else None,
        author=(mail.author or None) if mail else None,
        subject=(mail.subject or None) if mail and reads_subjects else None,
        was=row.was,
        was_reason=row.was_reason,
        was_rule=row.was_rule,
        would_be=row.now,
        would_be_reason=row.now_reason,
        would_be_rule=row.now_rule,
        was_terms=row.was_terms,
        would_be_terms=row.now_terms,
    )


@router.delete("/{replay_id}", summary="End a replay", status_code=status.HTTP_204_NO_CONTENT)
async def end(replay_id: DraftReplayId, house: HouseDep, principal: ReplayWriter) -> None:
    """End a replay, running or not, and forget what it found. 409 while a proposal that waits shows it."""
    async with house.db.transaction(principal.tenant) as tx:
        run = await _found(tx, principal, replay_id)
        if not await run_store.remove(tx, run.id):
            raise Problem(Code.REPLAY_SHOWN)
