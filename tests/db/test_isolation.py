"""No tenant sees, changes or plants another's rows. A table of any later migration is covered without a line here."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import namedtuple_row

from gatepost.db import Database
from gatepost.ids import TenantId
from gatepost.keys import KeyStore

MINE, THEIRS = TenantId("tn_mine"), TenantId("tn_theirs")

TENANT_TABLES = """
    select c.oid, c.relname as name, c.relrowsecurity as is_enabled, c.relforcerowsecurity as is_forced,
           c.relispartition as is_part, pg_get_userbyid(c.relowner) as owner
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attname = 'tenant'
    order by c.relname
"""

# A value for each column that must have one; constraints beyond that are dropped in the copy a test works on.
SAMPLES = """
    select a.attname as name, t.oid::regtype::text as type,
      case t.typcategory
        when 'N' then '1' when 'B' then 'true' when 'D' then '2026-11-20 12:00+00' when 'T' then '1 second'
        when 'A' then '{}' when 'I' then '127.0.0.1' when 'R' then 'empty' when 'V' then '0'
        when 'E' then (select enumlabel from pg_enum where enumtypid = t.oid order by enumsortorder limit 1)
        else case t.typname when 'uuid' then '00000000-0000-0000-0000-000000000000' when 'json' then '{}'
                            when 'jsonb' then '{}' when 'bytea' then '' else 'x' end
      end as value
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = %s and a.attnum > 0 and not a.attisdropped and a.attnotnull
      and a.attname <> 'tenant' and a.attidentity = '' and a.attgenerated = ''
"""

CHECKS = """
    select con.conname, c.relname as name from pg_constraint con join pg_class c on c.oid = con.conrelid
    where con.contype = 'c' and con.connamespace = 'public'::regnamespace
"""

Owner = psycopg.AsyncConnection[Any]


@pytest.fixture
async def owner(owner_dsn: str) -> AsyncIterator[Owner]:
    async with await psycopg.AsyncConnection.connect(
        owner_dsn, autocommit=True, row_factory=namedtuple_row
    ) as connection:
        yield connection


async def _all(owner: Owner, query: str, *values: object) -> list[Any]:
    return await (await owner.execute(query.encode(), values)).fetchall()


@pytest.fixture(params=["gatepost_app", "gatepost_accept"])
async def serving(request: pytest.FixtureRequest, app_dsn: str, keys: KeyStore) -> AsyncIterator[Database]:
    """The database as each role sees it that serves."""
    async with Database.open(app_dsn.replace("gatepost_app", request.param), keys) as database:
        yield database


@pytest.fixture
async def planted(owner: Owner) -> list[str]:
    """Put one row of THEIRS into each tenant table, whatever it consists of; return the tables' names."""
    await owner.execute("set session_replication_role = replica")  # no foreign keys, no triggers
    await owner.execute("select lookup_month('2026-11-20 12:00+00')")  # a partitioned table has room for the sample
    tables = [table for table in await _all(owner, TENANT_TABLES) if not table.is_part]
    for check in await _all(owner, CHECKS):
        await owner.execute(
            sql.SQL("alter table {} drop constraint {}").format(
                sql.Identifier(check.name), sql.Identifier(check.conname)
            )
        )
    for table in tables:
        samples = await _all(owner, SAMPLES, table.oid)
        columns = [sql.Identifier("tenant"), *(sql.Identifier(sample.name) for sample in samples)]
        values = [
            sql.Literal(THEIRS),
            *(sql.SQL("{}::{}").format(sql.Literal(sample.value), sql.SQL(sample.type)) for sample in samples),
        ]
        statement = sql.SQL("insert into {} ({}) overriding user value values ({})")
        await owner.execute(
            statement.format(sql.Identifier(table.name), sql.SQL(", ").join(columns), sql.SQL(", ").join(values))
        )
    return [table.name for table in tables]


async def _touched(db: Database, tenant: TenantId | None, statement: sql.Composed) -> int | None:
    """Return how many rows a statement of this tenant sees or touches; None where the role may not even try."""
    try:
        async with db.transaction(tenant) as tx:
            return await tx.run(statement.as_string().replace("%", "%%"))
    except psycopg.errors.InsufficientPrivilege:
        return None


async def test_every_tenant_table_forces_row_level_security(owner: Owner) -> None:
    tables = await _all(owner, TENANT_TABLES)
    assert {"tenant", "account", "person", "api_key", "domain", "route", "dkim_key", "job"} <= {t.name for t in tables}
    for table in tables:
        assert (table.name, table.is_enabled, table.is_forced) == (table.name, True, True)


async def test_the_only_policy_the_application_has_binds_the_tenant_both_ways(owner: Owner) -> None:
    bound = "(tenant = current_setting('gatepost.tenant'::text, true))"
    for table in await _all(owner, TENANT_TABLES):
        policies = await _all(
            owner, "select roles, cmd, qual, with_check from pg_policies where tablename = %s", table.name
        )
        for_app = [policy for policy in policies if set(policy.roles) & {"gatepost_app", "public"}]
        assert [(tuple(p.roles), p.cmd, p.qual, p.with_check) for p in for_app] == [
            (("gatepost_app",), "ALL", bound, bound)
        ], table.name
        for_accept = [policy for policy in policies if "gatepost_accept" in policy.roles]
        assert [(tuple(p.roles), p.cmd, p.qual, p.with_check) for p in for_accept] in (
            [],
            [(("gatepost_accept",), "ALL", bound, bound)],
        ), table.name


async def test_a_table_without_a_tenant_is_closed_to_the_application_or_known_here(owner: Owner) -> None:
    query = """
        select c.relname as name from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
          and not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant')
          and has_any_column_privilege('gatepost_app', c.oid, 'select, insert, update, references')
    """
    assert await _all(owner, query) == []


async def test_no_view_shows_what_its_owner_may_see(owner: Owner) -> None:
    query = """
        select relname from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('v', 'm')
          and not coalesce('security_invoker=true' = any(reloptions), false)
    """
    assert await _all(owner, query) == []


async def test_the_application_owns_nothing_bypasses_nothing_and_becomes_nobody_else(owner: Owner) -> None:
    roles = await _all(
        owner,
        "select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication from pg_roles"
        " where rolname in ('gatepost_app', 'gatepost_lookup') order by rolname",
    )
    assert [tuple(role)[1:] for role in roles] == [(False,) * 5] * 2
    query = "select from pg_shdepend where refobjid = 'gatepost_app'::regrole and deptype = 'o'"
    assert await _all(owner, query) == []
    assert await _all(owner, "select from pg_auth_members where member = 'gatepost_app'::regrole") == []
    (may,) = await _all(owner, "select has_schema_privilege('gatepost_app', 'public', 'create') as create")
    assert not may.create


async def test_nobody_logs_in_as_the_role_that_looks_across_tenants(owner: Owner) -> None:
    (role,) = await _all(owner, "select rolcanlogin from pg_roles where rolname = 'gatepost_lookup'")
    assert not role.rolcanlogin


async def test_a_function_that_crosses_tenants_is_sealed(owner: Owner) -> None:
    query = """
        select p.proname as name, pg_get_userbyid(p.proowner) as owner, p.proconfig as settings,
               has_function_privilege('public', p.oid, 'execute') as is_public
        from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef
    """
    functions = await _all(owner, query)
    assert {"lookup_api_key", "lookup_route", "lookup_domain", "lookup_lease_jobs"} <= {f.name for f in functions}
    for function in functions:
        assert function.name.startswith(("lookup_", "keeper_"))
        assert (function.name, function.owner, function.is_public) == (function.name, "gatepost_lookup", False)
        # Without pg_temp at the end a temporary table of the caller's stands in for ours: see lookup_function().
        assert (function.name, function.settings) == (function.name, ["search_path=public, pg_temp"])


async def test_no_tenant_sees_anothers_rows(serving: Database, planted: list[str]) -> None:
    seen_by_their_own = 0
    for name in planted:
        statement = sql.SQL("select tenant from {}").format(sql.Identifier(name))
        own = await _touched(serving, THEIRS, statement)
        assert own in {None, 1}, name
        seen_by_their_own += own or 0
        assert await _touched(serving, MINE, statement) in {None, 0}, name
        assert await _touched(serving, None, statement) in {None, 0}, name
    assert seen_by_their_own >= 8  # the check can fail: whoever may read sees their own row


async def test_no_tenant_changes_or_removes_anothers_rows(serving: Database, planted: list[str]) -> None:
    for name in planted:
        for verb in ("update {} set tenant = tenant", "delete from {}"):
            for tenant in (MINE, None):
                touched = await _touched(serving, tenant, sql.SQL(verb).format(sql.Identifier(name)))
                assert touched in {None, 0}, (name, verb)


async def test_no_tenant_gives_a_row_away(serving: Database, planted: list[str]) -> None:
    for name in planted:
        statement = sql.SQL("update {} set tenant = {}").format(sql.Identifier(name), sql.Literal(MINE))
        assert await _touched(serving, THEIRS, statement) is None, name


async def test_no_tenant_plants_a_row_with_another(serving: Database, planted: list[str]) -> None:
    for name in planted:
        statement = sql.SQL("insert into {} (tenant) values ({})").format(sql.Identifier(name), sql.Literal(THEIRS))
        if name == "entry_words":  # a partition is chosen by the time before anybody asks whose row it is
            text = "insert into {} (tenant, at) values ({}, '2026-11-20 12:00+00')"
            statement = sql.SQL(text).format(sql.Identifier(name), sql.Literal(THEIRS))
        for tenant in (MINE, None):
            assert await _touched(serving, tenant, statement) is None, name


async def test_a_temporary_table_does_not_stand_in_for_ours(db: Database) -> None:
    async with db.transaction(MINE) as tx:
        await tx.run("create temporary table domain (name text, tenant text, postmaster bigint, position bigint)")
        await tx.run("insert into pg_temp.domain values ('victim.test', 'tn_mine', 1, 0)")
        await tx.run("grant all on pg_temp.domain to public")
        assert await tx.all("select * from lookup_domain('victim.test')") == []
