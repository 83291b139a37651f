"""What a role of the database may do to tables that only ever grow: by PostgreSQL's own catalogue, and by trying.

Rights come to a role in four ways, and each is looked at: what it is (a superuser, one that passes by row security),
whom it may become (a membership, inherited or not), what was granted on a table or on one column of it, and functions
that run with somebody else's rights.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import LiteralString

import psycopg
from psycopg import sql

from gatepost.db import Database, Transaction
from gatepost.ids import TenantId
from gatepost.record.paper import Json
from gatepost.record.trust_log import TRUST
from gatepost.trust.checks.principals import above_of, roles
from gatepost.trust.paper import CannotVerifyError, Finding, failed, passed
from gatepost.trust.world import World

GROWING = (
    *("entry", "opening", "leaf", "checkpoint", "log_key", "decision_row", "consequence", "erasure", "legal_hold"),
    *("trust_fact", "room_view", "policy", "policy_revocation", "hosted_agent", "message_grant", "email"),
    *("sent_message", "spent_token", "thread_message", "key_store", "schema_migration", "retention_cursor"),
)
"""Every table that who serves and who takes mail may add to, or read, and never change: held to a fresh schema."""
_LOCK_WAIT = "set local lock_timeout = '200ms'"
_BODY = re.compile(r"\$(\w*)\$(.*?)\$\1\$", re.DOTALL)
_VALUE_MAX = 6


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables that only ever grow, and a role that must not change them.

    Attributes:
        db: as the role reaches it.
        role: whose rights.
        bodies: of the functions that may run with more rights than the role's: those of our own schema.
    """

    db: Database
    tenant: TenantId
    role: str
    names: tuple[str, ...]
    bodies: frozenset[str]


async def house_tables(world: World, _arguments: Mapping[str, str]) -> tuple[Tables, ...]:
    """Return the tables of the record, for the role that serves and for the one that takes mail."""
    found = []
    for db in (world.house.db, world.house.accepting):
        (row,) = await db.look_up("select session_user::text as role")
        found.append(Tables(db, TRUST, row.role, GROWING, our_functions()))
    return tuple(found)


@cache
def our_functions() -> frozenset[str]:
    """Return the body of every function that our migrations make, as ``pg_proc.prosrc`` holds it."""
    folder = files("gatepost.db") / "migrations"
    texts = [each.read_text() for each in folder.iterdir() if each.name.endswith(".sql")]
    return frozenset(found[2] for text in texts for found in _BODY.finditer(text))


async def append_only(targets: Sequence[Tables]) -> Finding:
    """See that each role can change, delete and truncate nothing: by the catalogue, then by trying each.

    Fails where it may become another role, where a right stands in the catalogue, where it may call a function that
    runs with others' rights and is none of ours, and where PostgreSQL lets an attempt through whatever stands there.
    """
    attempts = 0
    for target in targets:
        refused = await _refused(target)
        if isinstance(refused, Finding):
            return refused
        attempts += refused
    return passed({"roles": len(targets), "tables": len(targets[0].names), "attempts": attempts})


async def _refused(target: Tables) -> Finding | int:
    """Return how many attempts were refused; a finding where something may be changed."""
    above = await _above(target.db, target.role)
    if above:
        return failed("role.may_become", above[:_VALUE_MAX])
    async with target.db.transaction(target.tenant) as tx:
        rights, columns = await _rights(tx, target)
        if rights:
            return failed("role.may_change", rights)
        strangers = await _strange_functions(tx, target)
    if strangers:
        return failed("role.may_call", strangers[:_VALUE_MAX])
    for table, name in columns:
        if not await _is_refused(target, sql.SQL("update {0} set {1} = default where false"), table, name):
            return failed("role.may_change", {table: ["UPDATE"]})
    for table in target.names:
        for verb, query in _REMOVALS.items():
            if not await _is_refused(target, sql.SQL(query), table):
                return failed("role.may_change", {table: [verb]})
    return len(columns) + len(_REMOVALS) * len(target.names)


_REMOVALS: Mapping[str, LiteralString] = {"DELETE": "delete from {0} where false", "TRUNCATE": "truncate {0}"}


async def _above(db: Database, role: str) -> list[Json]:
    """Return what makes a role more than one that serves: its own powers, and every role it may become."""
    known = await roles(db)
    if role not in {each.name for each in known}:
        raise CannotVerifyError("role.unknown")
    return above_of(role, known)


async def _rights(tx: Transaction, target: Tables) -> tuple[dict[str, Json], list[tuple[str, str]]]:
    """Return the rights to change that a role has on which tables, and every column there is to try."""
    query = """
        select relname::text as name, relkind = 'r' as is_table, pg_get_userbyid(relowner) = %(role)s as is_owner,
               has_table_privilege(%(role)s, c.oid, 'DELETE') as deletes,
               has_table_privilege(%(role)s, c.oid, 'TRUNCATE') as truncates,
               has_table_privilege(%(role)s, c.oid, 'TRIGGER') as triggers,
               (select array_agg(attname::text order by attnum) from pg_attribute
                where attrelid = c.oid and attnum > 0 and not attisdropped) as columns,
               (select array_agg(attname::text order by attnum) from pg_attribute
                where attrelid = c.oid and attnum > 0 and not attisdropped
                  and has_column_privilege(%(role)s, c.oid, attnum, 'UPDATE')) as updates
        from pg_class c where relnamespace = 'public'::regnamespace and relname = any(%(names)s::text[])
        order by relname
    """
    rows = await tx.all(query, role=target.role, names=list(target.names))
    if {row.name for row in rows if row.is_table} != set(target.names):
        raise CannotVerifyError("table.missing")
    found: dict[str, Json] = {}
    for row in rows:
        held = [("OWNER", row.is_owner), ("DELETE", row.deletes), ("TRUNCATE", row.truncates)]
        held += [("TRIGGER", row.triggers), (f"UPDATE ({', '.join(row.updates or ())})", bool(row.updates))]
        names: list[Json] = [name for name, has in held if has]
        if names:
            found[row.name] = names
    return found, [(row.name, column) for row in rows for column in row.columns]


async def _strange_functions(tx: Transaction, target: Tables) -> list[Json]:
    """Return functions that a role may call, that run with their owner's rights, and that our schema does not have."""
    query = """
        select proname::text as name, prosrc as body
        from pg_proc join pg_namespace n on n.oid = pronamespace
        where prosecdef and nspname not in ('pg_catalog', 'information_schema')
          and has_function_privilege(%(role)s, pg_proc.oid, 'EXECUTE')
        order by proname
    """
    rows = await tx.all(query, role=target.role)
    return [row.name for row in rows if not (row.name.startswith("lookup_") and row.body in target.bodies)]


async def _is_refused(target: Tables, query: sql.SQL, *names: str) -> bool:
    """Attempt it, for no row; nothing of it stays, whatever PostgreSQL says."""
    statement = query.format(*map(sql.Identifier, names)).as_string(None)
    try:
        async with target.db.transaction(target.tenant) as tx:
            await _attempt(tx, statement)
    except psycopg.errors.InsufficientPrivilege:
        return True
    except (_LetThroughError, psycopg.Error):
        return False
    return False


async def _attempt(tx: Transaction, statement: str) -> None:
    await tx.run(_LOCK_WAIT)
    await tx.run(statement)
    raise _LetThroughError


class _LetThroughError(Exception):
    """An attempt was not refused; the transaction is rolled back by this."""
