"""The SQL of hosted agents: who has them on, what they are, and where each turn stands. Metering has its own file."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog

from gatepost.act.hosted.agent import Agent, read
from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.paper import Step, StepState, Turn, TurnState
from gatepost.db import Database, Transaction
from gatepost.ids import AccountId, AgentId, EmailId, TenantId, ThreadId, TurnId
from gatepost.keys import SealBrokenError, Vault
from gatepost.record.paper import Json

DAY = timedelta(days=1)

log = structlog.get_logger()


async def hosting_tenants(db: Database) -> list[TenantId]:
    """Return the tenants that have hosted agents switched on."""
    return [TenantId(row.lookup_hosting) for row in await db.look_up("select lookup_hosting()")]


async def is_hosting(tx: Transaction) -> bool:
    """Tell whether this tenant has hosted agents switched on."""
    row = await tx.maybe("select is_on from hosting where tenant = %(tenant)s")
    return row is not None and bool(row.is_on)


async def accounts(tx: Transaction) -> frozenset[AccountId]:
    """Return the accounts whose agents take turns: none while the tenant has them off."""
    query = (
        "select account from hosting join lateral (select distinct on (account) account, hosted_agent.is_on"
        " from hosted_agent where hosted_agent.tenant = %(tenant)s order by account, version desc) as newest"
        " on newest.is_on where hosting.tenant = %(tenant)s and hosting.is_on"
    )
    return frozenset(AccountId(row.account) for row in await tx.all(query))


async def lock_hosting(tx: Transaction) -> bool:
    """The same, and let nobody else reserve tokens, or switch, until the transaction ends."""
    row = await tx.maybe("select is_on from hosting where tenant = %(tenant)s for update")
    return row is not None and bool(row.is_on)


async def switch(tx: Transaction, *, is_on: bool, at: datetime) -> bool:
    """Switch hosted agents on or off; False where they were so already."""
    query = (
        "insert into hosting (tenant, is_on, changed_at) values (%(tenant)s, %(is_on)s, %(at)s) on conflict (tenant)"
        " do update set is_on = excluded.is_on, changed_at = excluded.changed_at where hosting.is_on <> excluded.is_on"
    )
    return await tx.run(query, is_on=is_on, at=at) > 0


async def add_version(tx: Transaction, agent: Agent) -> bool:
    """Store a version; False where another one of that number overtook it."""
    query = (
        "insert into hosted_agent (tenant, account, version, id, is_on, sealed, at, actor) values (%(tenant)s,"
        " %(account)s, %(version)s, %(id)s, %(is_on)s, %(sealed)s, %(at)s, %(actor)s) on conflict do nothing"
    )
    octets = agent.document.model_dump_json().encode()
    written = await tx.run(
        query,
        account=agent.account,
        version=agent.version,
        id=agent.id,
        is_on=agent.is_on,
        sealed=tx.vault.seal_lasting(_agent_place(agent.account, agent.version), octets),
        at=agent.at,
        actor=agent.actor,
    )
    return written > 0


async def versions(tx: Transaction, account: AccountId, *, limit: int = 100) -> list[Agent]:
    """Return an agent's versions, newest first."""
    query = (
        "select * from hosted_agent where tenant = %(tenant)s and account = %(account)s"
        " order by version desc limit %(limit)s"
    )
    return [_agent(tx.vault, row) for row in await tx.all(query, account=account, limit=limit)]


async def version(tx: Transaction, account: AccountId, number: int) -> Agent:
    """Return one version; raises ``LookupError`` where there is none."""
    query = "select * from hosted_agent where tenant = %(tenant)s and account = %(account)s and version = %(version)s"
    return _agent(tx.vault, await tx.one(query, account=account, version=number))


async def agents(tx: Transaction) -> list[Agent]:
    """Return the tenant's agents as they are now, those taken away not among them."""
    query = "select distinct on (account) * from hosted_agent where tenant = %(tenant)s order by account, version desc"
    return [agent for row in await tx.all(query) if (agent := _agent(tx.vault, row)).is_on]


async def insert_turn(tx: Transaction, turn: Turn) -> bool:
    """Begin a turn; False where the email has one."""
    query = (
        "insert into turn (tenant, id, account, agent, version, email, thread, sender, state, reason, label, sealed,"
        " began_at, changed_at) values (%(tenant)s, %(id)s, %(account)s, %(agent)s, %(version)s, %(email)s, %(thread)s,"
        " %(sender)s, %(state)s, %(reason)s, %(label)s, %(sealed)s, %(at)s, %(at)s) on conflict do nothing"
    )
    written = await tx.run(
        query,
        id=turn.id,
        account=turn.account,
        agent=turn.agent,
        version=turn.version,
        email=turn.email,
        thread=turn.thread,
        sender=turn.sender,
        state=turn.state.value,
        reason=turn.reason,
        label=int(turn.label),
        sealed=_sealed_turn(tx.vault, turn),
        at=turn.began_at,
    )
    return written > 0


async def change_turn(tx: Transaction, turn: Turn, at: datetime) -> None:
    """Write where a turn stands."""
    query = (
        "update turn set state = %(state)s, reason = %(reason)s, label = %(label)s, sealed = %(sealed)s,"
        " failures = %(failures)s, changed_at = %(at)s where tenant = %(tenant)s and id = %(id)s"
    )
    await tx.run(
        query,
        id=turn.id,
        state=turn.state.value,
        reason=turn.reason,
        label=int(turn.label),
        sealed=_sealed_turn(tx.vault, turn),
        failures=turn.failures,
        at=at,
    )


async def find_turn(tx: Transaction, identifier: TurnId) -> Turn | None:
    """Return one turn; raises ``ErasedError`` where nobody can read it any more."""
    row = await tx.maybe("select * from turn where tenant = %(tenant)s and id = %(id)s", id=identifier)
    return None if row is None else _turn(tx.vault, row)


async def lock_turn(tx: Transaction, identifier: TurnId) -> Turn | None:
    """Return one turn, which nobody else settles a call of until the transaction ends."""
    row = await tx.maybe("select * from turn where tenant = %(tenant)s and id = %(id)s for update", id=identifier)
    return None if row is None else _turn(tx.vault, row)


async def turns(tx: Transaction, account: AccountId, *, limit: int, before: datetime | None = None) -> list[Any]:
    """Return an account's turns, newest first, without what they say."""
    query = (
        "select id, agent, version, email, thread, state, reason, label, failures, began_at, changed_at from turn"
        " where tenant = %(tenant)s and account = %(account)s and (%(before)s::timestamptz is null or"
        " began_at < %(before)s) order by began_at desc, id limit %(limit)s"
    )
    return await tx.all(query, account=account, limit=limit, before=before)


async def turn_row(tx: Transaction, account: AccountId, identifier: TurnId) -> Any:
    """Return one of them, or None."""
    query = (
        "select id, agent, version, email, thread, state, reason, label, failures, began_at, changed_at from turn"
        " where tenant = %(tenant)s and account = %(account)s and id = %(id)s"
    )
    return await tx.maybe(query, account=account, id=identifier)


async def count_turns(tx: Transaction, account: AccountId, thread: ThreadId, since: datetime) -> int:
    """Return how many turns of a thread began since then."""
    query = (
        "select count(*) as count from turn where tenant = %(tenant)s and account = %(account)s"
        " and thread = %(thread)s and began_at > %(since)s"
    )
    return int((await tx.one(query, account=account, thread=thread, since=since)).count)


async def count_turns_of(tx: Transaction, account: AccountId, sender: str, since: datetime) -> int:
    """Return how many turns about one author's mail began since then; those that a loop forbade are none."""
    query = (
        "select count(*) as count from turn where tenant = %(tenant)s and account = %(account)s"
        " and sender = %(sender)s and began_at > %(since)s and reason not like 'loop.%%'"
    )
    return int((await tx.one(query, account=account, sender=sender, since=since)).count)


async def put_step(tx: Transaction, turn: Turn, step: Step) -> None:
    """Write a step, or where it stands now; nothing where the turn was erased meanwhile (``erase_store.forget``)."""
    query = (
        "insert into turn_step (tenant, turn, step, place, tool, state, reason, label, sealed, actor, at, tokens,"
        " cost_microusd, amount) select %(tenant)s, %(turn)s, %(step)s::int, %(place)s::int, %(tool)s, %(state)s,"
        " %(reason)s, %(label)s::int, %(sealed)s::bytea, %(actor)s, %(at)s::timestamptz, %(tokens)s::bigint,"
        " %(cost)s::bigint, %(amount)s::numeric"
        " from turn where tenant = %(tenant)s and id = %(turn)s for key share"
        " on conflict (tenant, turn, step, place) do update set"
        " state = excluded.state, reason = excluded.reason, label = excluded.label, sealed = excluded.sealed,"
        " actor = excluded.actor, at = excluded.at"
    )
    await tx.run(
        query,
        turn=turn.id,
        step=step.step,
        place=step.place,
        tool=step.tool,
        state=step.state.value,
        reason=step.reason,
        label=int(step.label),
        sealed=tx.vault.seal(
            _step_place(turn.id, step.step, step.place), orjson.dumps(step.content), at=turn.began_at,
            subject=turn.subject,
        ),
        actor=step.actor,
        at=step.at,
        tokens=step.tokens,
        cost=step.cost_microusd,
        amount=step.amount,
    )  # fmt: skip


async def steps(tx: Transaction, identifier: TurnId) -> list[Step]:
    """Return a turn's steps in order; raises ``ErasedError`` where nobody can read them any more."""
    query = "select * from turn_step where tenant = %(tenant)s and turn = %(turn)s order by step, place"
    return [_step(tx.vault, row) for row in await tx.all(query, turn=identifier)]


async def listed_steps(tx: Transaction, identifier: TurnId) -> list[Step]:
    """Return the same to be shown: one damaged row is ``is_unreadable``, and keeps back none beside it."""
    query = "select * from turn_step where tenant = %(tenant)s and turn = %(turn)s order by step, place"
    return [_listed(tx.vault, row) for row in await tx.all(query, turn=identifier)]


async def held_turns(tx: Transaction, account: AccountId, *, limit: int) -> list[tuple[TurnId, EmailId]]:
    """Return an account's turns that wait for a person, each with its message, the oldest first."""
    query = (
        "select id, email from turn where tenant = %(tenant)s and account = %(account)s and state = 'held'"
        " order by began_at, id limit %(limit)s"
    )
    return [(TurnId(row.id), EmailId(row.email)) for row in await tx.all(query, account=account, limit=limit)]


async def approved(tx: Transaction, account: AccountId) -> dict[str, int]:
    """Return how many calls of each tool persons have approved for an account's agent."""
    query = (
        "select tool, count(*) as count from turn_step join turn on turn.tenant = turn_step.tenant"
        " and turn.id = turn_step.turn where turn_step.tenant = %(tenant)s and account = %(account)s"
        " and actor <> '' and turn_step.state in ('approved', 'begun', 'done', 'failed') group by tool"
    )
    return {row.tool: int(row.count) for row in await tx.all(query, account=account)}


def _agent_place(account: AccountId, number: int) -> str:
    return f"hosted_agent/{account}/{number}"


def _step_place(identifier: TurnId, step: int, place: int) -> str:
    return f"turn_step/{identifier}/{step}/{place}"


def _agent(vault: Vault, row: Any) -> Agent:
    account = AccountId(row.account)
    return Agent(
        id=AgentId(row.id),
        account=account,
        version=row.version,
        is_on=row.is_on,
        document=read(vault.open(_agent_place(account, row.version), bytes(row.sealed))),
        at=row.at,
        actor=row.actor,
    )


def _sealed_turn(vault: Vault, turn: Turn) -> bytes:
    content = {"subject": turn.subject, "capabilities": sorted(turn.capabilities), "audience": sorted(turn.audience)}
    return vault.seal(f"turn/{turn.id}", orjson.dumps(content), at=turn.began_at, subject=turn.subject)


def _turn(vault: Vault, row: Any) -> Turn:
    content = orjson.loads(vault.open(f"turn/{row.id}", bytes(row.sealed)))
    return Turn(
        id=TurnId(row.id),
        tenant=TenantId(row.tenant),
        account=AccountId(row.account),
        agent=AgentId(row.agent),
        version=row.version,
        email=EmailId(row.email),
        thread=ThreadId(row.thread),
        sender=row.sender,
        subject=content["subject"],
        state=TurnState(row.state),
        reason=row.reason,
        label=Label(row.label),
        capabilities=frozenset(content["capabilities"]),
        audience=frozenset(content.get("audience", ())),  # of a turn begun before it was kept nobody is known
        failures=row.failures,
        began_at=row.began_at,
    )


def _step(vault: Vault, row: Any) -> Step:
    place = _step_place(TurnId(row.turn), row.step, row.place)
    return _step_of(row, orjson.loads(vault.open(place, bytes(row.sealed))))


def _listed(vault: Vault, row: Any) -> Step:
    try:
        return _step(vault, row)
    except SealBrokenError as error:
        log.error("agent.unreadable", turn=row.turn, step=row.step, place=row.place, error=str(error))
        return replace(_step_of(row, {}), is_unreadable=True)


def _step_of(row: Any, content: Mapping[str, Json]) -> Step:
    return Step(
        step=row.step,
        place=row.place,
        tool=row.tool,
        state=StepState(row.state),
        reason=row.reason,
        label=Label(row.label),
        content=content,
        actor=row.actor,
        at=row.at,
        tokens=row.tokens,
        cost_microusd=row.cost_microusd,
        amount=row.amount,
    )
