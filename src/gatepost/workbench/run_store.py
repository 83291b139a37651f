"""Replays of drafts at rest: the only SQL about them."""

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from psycopg.types.json import Jsonb

from gatepost.db import Transaction
from gatepost.decide.trial import Change
from gatepost.ids import AccountId, DraftReplayId, EntryId, KeyId
from gatepost.keys import Vault
from gatepost.workbench.draft import Batch, Changed
from gatepost.workbench.paper import ChangedRow, Run, RunState

_COLUMNS = {
    Change.SAME: "same",
    Change.CHANGED: "changed",
    Change.SINCE: "changed_since",
    Change.NO_TEXT: "no_text",
    Change.UNDECIDABLE: "undecidable",
}


async def lock(tx: Transaction) -> None:
    """Wait until no other transaction of this tenant starts a replay."""
    await tx.one("select pg_advisory_xact_lock(hashtextextended('draft replay ' || %(tenant)s::text, 0))")


async def count_running(tx: Transaction, touched_since: datetime) -> int:
    """Return how many replays run and were worked on since then, besides those of proposals."""
    query = """
        select count(*) as number from draft_replay
        where tenant = %(tenant)s and state = 'running' and touched_at >= %(since)s and id not in (
          select replay from policy_proposal where tenant = %(tenant)s)
    """
    return int((await tx.one(query, since=touched_since)).number)


async def forget(tx: Transaction, touched_before: datetime) -> None:
    """Forget replays that nobody worked on since then, but those that a waiting proposal shows."""
    query = """
        delete from draft_replay where tenant = %(tenant)s and touched_at < %(before)s and id not in (
          select replay from policy_proposal where tenant = %(tenant)s and state = 'waiting')
    """
    await tx.run(query, before=touched_before)


async def insert(tx: Transaction, run: Run) -> None:
    """Write a replay that begins."""
    query = """
        insert into draft_replay (tenant, id, account, since, started_at, started_by, touched_at, total, sealed)
        values (%(tenant)s, %(id)s, %(account)s, %(since)s, %(at)s, %(by)s, %(at)s, %(total)s, %(sealed)s)
    """
    sealed = tx.vault.seal_lasting(_place(run.id), json.dumps(run.document).encode())
    await tx.run(
        query,
        id=run.id,
        account=run.account,
        since=run.since,
        at=run.started_at,
        by=run.started_by,
        total=run.total,
        sealed=sealed,
    )


def _place(run: str) -> str:
    return f"draft-replay/{run}"


async def get(tx: Transaction, run: DraftReplayId) -> Run | None:
    """Return one replay."""
    row = await tx.maybe("select * from draft_replay where tenant = %(tenant)s and id = %(id)s", id=run)
    return None if row is None else _run(tx.vault, row)


async def page(tx: Transaction, account: AccountId | None, *, limit: int) -> list[Run]:
    """Return the newest replays, of one account or all."""
    query = """
        select * from draft_replay where tenant = %(tenant)s and (%(account)s::bigint is null or account = %(account)s)
        order by started_at desc, id limit %(limit)s
    """
    return [_run(tx.vault, row) for row in await tx.all(query, account=account, limit=limit)]


def _run(vault: Vault, row: Any) -> Run:
    return Run(
        id=DraftReplayId(row.id),
        account=AccountId(row.account),
        since=row.since,
        state=RunState(row.state),
        reason=row.reason,
        started_at=row.started_at,
        started_by=KeyId(row.started_by),
        touched_at=row.touched_at,
        total=row.total,
        last=EntryId(row.last),
        counts={change: getattr(row, column) for change, column in _COLUMNS.items()},
        document=json.loads(vault.open(_place(row.id), bytes(row.sealed))),
    )


async def advance(tx: Transaction, run: Run, batch: Batch, *, at: datetime) -> bool:
    """Add what was judged; False where it was ended, or another worker went on meanwhile."""
    query = """
        update draft_replay set last = %(to)s, touched_at = %(at)s, same = same + %(same)s,
          changed = changed + %(changed)s, changed_since = changed_since + %(changed_since)s,
          no_text = no_text + %(no_text)s, undecidable = undecidable + %(undecidable)s
        where tenant = %(tenant)s and id = %(id)s and state = 'running' and last = %(after)s
    """
    counts = {column: batch.counts.get(change, 0) for change, column in _COLUMNS.items()}
    if not await tx.run(query, id=run.id, after=run.last, to=batch.last, at=at, **counts):
        return False
    changes = """
        insert into draft_replay_change
          (tenant, replay, entry, account, email, was, was_reason, was_rule, now, now_reason, now_rule, terms)
        select %(tenant)s, %(id)s, entry, account, email, was, was_reason, was_rule, now, now_reason, now_rule,
          decode(terms, 'base64')
        from jsonb_to_recordset(%(rows)s) as given (
          entry bigint, account bigint, email text,
          was text, was_reason text, was_rule text, now text, now_reason text, now_rule text, terms text)
    """
    rows = [
        {
            "entry": each.row.entry,
            "account": each.row.account,
            "email": each.row.email,
            "was": each.row.disposition,
            "was_reason": each.row.reason,
            "was_rule": each.tried.rule_then,
            "now": each.tried.disposition,
            "now_reason": each.tried.reason,
            "now_rule": each.tried.rule,
            "terms": _sealed_terms(tx.vault, run.id, each),
        }
        for each in batch.changed
    ]
    await tx.run(changes, id=run.id, rows=Jsonb(rows, dumps=orjson.dumps))
    return True


def _sealed_terms(vault: Vault, run: DraftReplayId, one: Changed) -> str | None:
    """Return what was and would be granted under a seal, in Base64: words of policies; None where it is equal."""
    if one.tried.terms == one.tried.terms_then:
        return None
    both = orjson.dumps([one.tried.terms_then, one.tried.terms])
    return base64.b64encode(vault.seal_lasting(_place_of_terms(run, one.row.entry), both)).decode()


def _place_of_terms(run: str, entry: int) -> str:
    return f"{_place(run)}/{entry}"


async def finish(tx: Transaction, run: DraftReplayId, state: RunState, reason: str, *, at: datetime) -> None:
    """Write how a running replay ended."""
    query = """
        update draft_replay set state = %(state)s, reason = %(reason)s, touched_at = %(at)s
        where tenant = %(tenant)s and id = %(id)s and state = 'running'
    """
    await tx.run(query, id=run, state=state, reason=reason, at=at)


async def remove(tx: Transaction, run: DraftReplayId) -> bool:
    """Forget a replay with what it found, running or not; False where there is none, or a waiting proposal shows it."""
    query = """
        delete from draft_replay where tenant = %(tenant)s and id = %(id)s and id not in (
          select replay from policy_proposal where tenant = %(tenant)s and state = 'waiting')
    """
    return bool(await tx.run(query, id=run))


async def changes(tx: Transaction, run: DraftReplayId, *, after: EntryId, limit: int) -> Sequence[ChangedRow]:
    """Return decisions that would be others, oldest first, after an entry."""
    query = """
        select entry, account, email, was, was_reason, was_rule, now, now_reason, now_rule, terms
        from draft_replay_change
        where tenant = %(tenant)s and replay = %(id)s and entry > %(after)s order by entry limit %(limit)s
    """
    rows = await tx.all(query, id=run, after=after, limit=limit)
    return [
        ChangedRow(
            EntryId(row.entry),
            AccountId(row.account),
            row.email,
            row.was,
            row.was_reason,
            row.was_rule,
            row.now,
            row.now_reason,
            row.now_rule,
            *_terms(tx.vault, run, row),
        )
        for row in rows
    ]


def _terms(vault: Vault, run: DraftReplayId, row: Any) -> tuple[str, str]:
    if row.terms is None:
        return "", ""
    was, now = orjson.loads(vault.open(_place_of_terms(run, row.entry), bytes(row.terms)))
    return was, now
