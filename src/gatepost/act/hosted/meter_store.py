"""The SQL of metering: tokens reserved before a call of a model, settled after it, and summed up."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, LiteralString

from gatepost.act.hosted.paper import Turn, Usage
from gatepost.db import Transaction
from gatepost.ids import AccountId, EmailId

DAY = timedelta(days=1)


class By(StrEnum):
    """What usage is summed up by."""

    MESSAGE = "message"
    THREAD = "thread"
    SENDER = "sender"
    AGENT = "agent"
    DAY = "day"


_SUMS: LiteralString = (
    "count(*) filter (where counted > 0) as calls, sum(input)::bigint as input, sum(output)::bigint as output,"
    " sum(cache_write)::bigint as cache_write, sum(cache_read)::bigint as cache_read,"
    " coalesce(sum(reserved) filter (where state <> 'settled'), 0)::bigint as unsettled,"
    " sum(cost_microusd)::bigint as cost_microusd, min(at) as first_at, max(at) as last_at, max(email) as email"
    " from model_call where tenant = %(tenant)s and at >= %(since)s and at < %(until)s"
    " and (%(account)s::bigint is null or account = %(account)s)"
)
_BY: dict[By, LiteralString] = {
    By.MESSAGE: "select email as name, " + _SUMS + " group by email order by last_at desc limit %(limit)s",
    By.THREAD: "select thread as name, " + _SUMS + " group by thread order by last_at desc limit %(limit)s",
    By.SENDER: "select sender as name, " + _SUMS + " group by sender order by last_at desc limit %(limit)s",
    By.AGENT: "select agent as name, " + _SUMS + " group by agent order by last_at desc limit %(limit)s",
    By.DAY: (
        "select to_char(at at time zone 'UTC', 'YYYY-MM-DD') as name, "
        + _SUMS
        + " group by 1 order by 1 desc limit %(limit)s"
    ),
}


async def spent(tx: Transaction, turn: Turn, at: datetime) -> Any:
    """Return what counts against each budget of a turn now, reservations included."""
    query = (
        "select"
        " (select coalesce(sum(greatest(counted, least)), 0)::bigint from model_call"
        "   where tenant = %(tenant)s and turn = %(turn)s) as turn,"
        " (select count(*) from model_call where tenant = %(tenant)s and turn = %(turn)s and counted > 0) as calls,"
        " (select coalesce(sum(greatest(counted, least)), 0)::bigint from model_call"
        "   where tenant = %(tenant)s and account = %(account)s and thread = %(thread)s) as thread,"
        " (select coalesce(sum(greatest(counted, least)), 0)::bigint from model_call where tenant = %(tenant)s"
        "   and account = %(account)s and sender = %(sender)s and at > %(since)s) as sender,"
        " (select coalesce(sum(greatest(counted, least)), 0)::bigint from model_call where tenant = %(tenant)s"
        "   and account = %(account)s and at > %(since)s) as day"
    )
    return await tx.one(
        query, turn=turn.id, account=turn.account, thread=turn.thread, sender=turn.sender, since=at - DAY
    )


async def reserve(tx: Transaction, turn: Turn, step: int, *, model: str, tokens: int, at: datetime) -> int:
    """Reserve tokens for a call; return which attempt at this step it is. An earlier one that never settled is lost."""
    lose = (
        "update model_call set state = 'lost' where tenant = %(tenant)s and turn = %(turn)s and step = %(step)s"
        " and state = 'reserved'"
    )
    await tx.run(lose, turn=turn.id, step=step)
    query = (
        "insert into model_call (tenant, turn, step, attempt, account, agent, email, thread, sender, model, at, state,"
        " reserved) select %(tenant)s, %(turn)s, %(step)s, coalesce(max(attempt), 0) + 1, %(account)s, %(agent)s,"
        " %(email)s, %(thread)s, %(sender)s, %(model)s, %(at)s, 'reserved', %(tokens)s from model_call"
        " where tenant = %(tenant)s and turn = %(turn)s and step = %(step)s returning attempt"
    )
    row = await tx.one(
        query,
        turn=turn.id,
        step=step,
        account=turn.account,
        agent=turn.agent,
        email=turn.email,
        thread=turn.thread,
        sender=turn.sender,
        model=model,
        at=at,
        tokens=tokens,
    )
    return int(row.attempt)


async def settle(
    tx: Transaction, turn: Turn, step: int, number: int, usage: Usage, cost: int | None, *, least: int = 0
) -> None:
    """Put what the API's answer says in place of a reservation; ``least``: what budgets count at the least."""
    query = (
        "update model_call set state = 'settled', input = %(input)s, output = %(output)s,"
        " cache_write = %(cache_write)s, cache_read = %(cache_read)s, cost_microusd = %(cost)s,"
        " least = %(least)s"
        " where tenant = %(tenant)s and turn = %(turn)s and step = %(step)s and attempt = %(number)s"
    )
    await tx.run(
        query,
        turn=turn.id,
        step=step,
        number=number,
        input=usage.input,
        output=usage.output,
        cache_write=usage.cache_write,
        cache_read=usage.cache_read,
        cost=cost,
        least=least,
    )


async def cost_of(tx: Transaction, turn: Turn, step: int) -> Any:
    """Return the tokens that count for one step of a turn, all attempts at it, and their cost; null without price."""
    query = (
        "select coalesce(sum(counted), 0)::bigint as tokens, sum(cost_microusd)::bigint as cost from model_call"
        " where tenant = %(tenant)s and turn = %(turn)s and step = %(step)s"
    )
    return await tx.one(query, turn=turn.id, step=step)


async def lose(tx: Transaction, turn: Turn, step: int, number: int) -> None:
    """Let a reservation stand: the call was made, and what it cost was never said."""
    query = (
        "update model_call set state = 'lost' where tenant = %(tenant)s and turn = %(turn)s and step = %(step)s"
        " and attempt = %(number)s"
    )
    await tx.run(query, turn=turn.id, step=step, number=number)


async def release(tx: Transaction, turn: Turn, step: int, number: int) -> None:
    """Give a reservation back: the model was surely not run."""
    query = (
        "update model_call set state = 'settled', cost_microusd = 0 where tenant = %(tenant)s and turn = %(turn)s"
        " and step = %(step)s and attempt = %(number)s"
    )
    await tx.run(query, turn=turn.id, step=step, number=number)


async def note_report(tx: Transaction, name: str, *, at: datetime, forget_before: datetime) -> bool:
    """Note a signed report of usage by a token of its id; False where it was taken before."""
    tx.send("delete from usage_report where tenant = %(tenant)s and at < %(before)s", before=forget_before)
    query = "insert into usage_report (tenant, id, at) values (%(tenant)s, %(id)s, %(at)s) on conflict do nothing"
    return await tx.run(query, id=name, at=at) > 0


async def tokens_of(tx: Transaction, account: AccountId, email: EmailId) -> int | None:
    """Return how many tokens were metered for one message; None where no call of a model was about it."""
    query = (
        "select sum(counted)::bigint as tokens from model_call"
        " where tenant = %(tenant)s and account = %(account)s and email = %(email)s"
    )
    row = await tx.one(query, account=account, email=email)
    return None if row.tokens is None else int(row.tokens)


async def usage_by(
    tx: Transaction, by: By, *, account: AccountId | None, since: datetime, until: datetime, limit: int
) -> list[Any]:
    """Return usage summed up, the latest first."""
    return await tx.all(_BY[by], account=account, since=since, until=until, limit=limit)


async def tools_by(
    tx: Transaction, by: By, *, account: AccountId | None, since: datetime, until: datetime, names: Sequence[str]
) -> list[Any]:
    """Return the calls of each tool under each of these names, and their part of what the model cost."""
    query = """
        select name, tool, count(*) as calls, count(*) filter (where state in ('done', 'failed')) as made,
          sum(tokens)::bigint as tokens, sum(cost_microusd)::bigint as cost_microusd
        from (
          select turn_step.*, case %(by)s::text when 'message' then email when 'thread' then thread
            when 'sender' then sender when 'agent' then agent
            else to_char(turn_step.at at time zone 'UTC', 'YYYY-MM-DD') end as name
          from turn_step join turn on turn.tenant = %(tenant)s and turn.id = turn_step.turn
          where turn_step.tenant = %(tenant)s and place > 0
            and turn_step.at >= %(since)s and turn_step.at < %(until)s
            and (%(account)s::bigint is null or turn.account = %(account)s)
        ) as call
        where name = any(%(names)s::text[]) group by name, tool order by name, tokens desc, tool
    """
    return await tx.all(query, by=by.value, account=account, since=since, until=until, names=list(names))
