"""PostgreSQL: does it keep what it confirms, and may we do there what we must, and no more?"""

from collections.abc import Mapping

from gatepost.app import keeping
from gatepost.app.doctor.finding import Finding, failure, ok, warning
from gatepost.db import Database, DatabaseUnavailableError
from gatepost.db.binaries import OLDEST_MAJOR
from gatepost.db.migrate import MigrationError, check_schema
from gatepost.db.outside import Dsn
from gatepost.db.pool import WEAK
from gatepost.settings import Settings

_ASKED = """
    select name, setting from pg_settings where name in
      ('server_version_num', 'fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums', 'max_connections',
       'log_statement', 'log_error_verbosity', 'log_min_error_statement', 'log_min_duration_statement')
    union all
    select 'role.' || fact, value::text from pg_roles,
      lateral (values ('superuser', rolsuper), ('bypassrls', rolbypassrls),
        ('owns', exists (select from pg_class where relowner = pg_roles.oid))) as facts (fact, value)
    where rolname = current_user
    union all
    select 'link.encrypted', coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false)::text
    union all
    select 'link.local', (inet_server_addr() is null or inet_server_addr() <<= '127.0.0.0/8'
      or inet_server_addr() = '::1')::text
"""


_MAY_CHANGE = """
    select coalesce(bool_or(has_table_privilege(oid, 'update') or has_table_privilege(oid, 'delete')
      or has_table_privilege(oid, 'truncate')), false) as changes,
      current_setting('synchronous_commit') as commits
    from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
"""


AGENTS, LEASE = 1, 1
"""Processes that run hosted agents, while anybody has some; connections that hold the lease of a house."""


async def look(db: Database, connections: int) -> list[Finding]:
    """Return how the database is.

    Args:
        db: as the serving role sees it.
        connections: how many the house takes at most.

    Raises:
        DatabaseUnavailableError: it does not answer.
    """
    facts = {row.name: row.setting for row in await db.look_up(_ASKED)}
    found = judge(facts, connections)
    try:
        await check_schema(db)
    except MigrationError as error:
        return [*found, failure("database.schema", str(error), "see docs/runbooks/upgrade.md")]
    return [*found, ok("database.schema", "the schema is this release's")]


async def look_at_accepting(dsn: Dsn) -> list[Finding]:
    """Return whether the role that takes mail is let in, keeps what it confirms, and may only add (docs/adr/0061).

    Raises:
        DatabaseUnavailableError: it went away meanwhile.
    """
    async with Database.open(dsn, size=1) as db:
        try:
            await db.reach(5)
        except DatabaseUnavailableError as error:
            said = f"PostgreSQL does not let in the role that takes mail: {error}"
            step = "let the house's account in as gatepost_accept, or set database.accept_dsn: docs/runbooks/upgrade.md"
            return [failure("database.accept", said, step)]
        (row,) = await db.look_up(_MAY_CHANGE)
    if row.changes:
        said = "the role that takes mail may change what was written before"
        step = "connect as gatepost_accept, which `gatepost migrate` has made, and grant it nothing"
        return [failure("database.accept", said, step)]
    if row.commits in WEAK:  # each connection of ours says otherwise: something on the way does not let it
        said = (
            f"synchronous_commit is {row.commits} where mail is taken: what we have accepted may be gone after a crash"
        )
        step = "alter role gatepost_accept set synchronous_commit = on; of a pooler between, ask for session pooling"
        return [failure("database.accept", said, step)]
    return [ok("database.accept", "the role that takes mail may add, and change nothing")]


def taken(settings: Settings) -> int:
    """Return how many connections a house takes at most.

    Two pools a process: workers are processes beside the house, and so is the one that runs hosted agents. The keeper
    has a pool of its own, the lease a connection.
    """
    workers = settings.smtp.workers if settings.smtp.workers > 1 else 0
    return 2 * settings.database.connections * (1 + workers + AGENTS) + keeping.CONNECTIONS + LEASE


def judge(facts: Mapping[str, str], connections: int) -> list[Finding]:
    """Judge what PostgreSQL says of itself, of our role and of the connection."""
    return [
        _log(facts),
        _version(facts),
        _durability(facts),
        _checksums(facts),
        _room(facts, connections),
        _role(facts),
        _link(facts),
    ]


def _version(facts: Mapping[str, str]) -> Finding:
    major = int(facts["server_version_num"]) // 10_000
    if major < OLDEST_MAJOR:
        return failure("database.version", f"it is PostgreSQL {major}", f"use {OLDEST_MAJOR} or later")
    return ok("database.version", f"PostgreSQL {major}")


def _durability(facts: Mapping[str, str]) -> Finding:
    off = [name for name in ("fsync", "full_page_writes", "synchronous_commit") if facts[name] == "off"]
    if off:
        return failure(
            "database.durable",
            f"{' and '.join(off)} off: mail we have accepted may be gone after a crash",
            f"set {', '.join(f'{name} = on' for name in off)} in postgresql.conf and reload PostgreSQL",
        )
    return ok("database.durable", "what it confirms, it has flushed")


def _checksums(facts: Mapping[str, str]) -> Finding:
    if facts["data_checksums"] != "on":
        return warning(
            "database.checksums",
            "data checksums are off: a failing disk is noticed late",
            "stop PostgreSQL and run pg_checksums --enable",
        )
    return ok("database.checksums", "data checksums are on")


def _room(facts: Mapping[str, str], connections: int) -> Finding:
    most = int(facts["max_connections"])
    if connections + 10 > most:
        return warning(
            "database.connections",
            f"the house takes up to {connections} of {most} connections",
            "raise max_connections, or lower database.connections or smtp.workers",
        )
    return ok("database.connections", f"the house takes up to {connections} of {most} connections")


def _log(facts: Mapping[str, str]) -> Finding:
    """Judge whether PostgreSQL's own log may hold what a stranger wrote."""
    quiet = {
        "log_statement": {"none", "ddl"},
        "log_error_verbosity": {"terse"},  # others print the row a constraint refused
        "log_min_error_statement": {"panic", "fatal"},
        "log_min_duration_statement": {"-1"},
    }
    loose = [name for name, fine in quiet.items() if facts[name] not in fine]
    if loose:
        return warning(
            "database.log",
            f"PostgreSQL's log may hold addresses and texts: {', '.join(f'{name} = {facts[name]}' for name in loose)}",
            f"set {', '.join(f'{name} = {min(quiet[name])}' for name in loose)}",
        )
    return ok("database.log", "PostgreSQL's log holds no values")


def _role(facts: Mapping[str, str]) -> Finding:
    too_much = [fact for fact in ("superuser", "bypassrls", "owns") if facts[f"role.{fact}"] == "true"]
    if too_much:
        words = {"superuser": "is a superuser", "bypassrls": "bypasses row security", "owns": "owns tables"}
        return failure(
            "database.role",
            f"the role in database.dsn {', '.join(words[fact] for fact in too_much)}: nothing keeps tenants apart",
            "connect as gatepost_app, which `gatepost migrate` has made",
        )
    return ok("database.role", "our role may do what it must, and no more")


def _link(facts: Mapping[str, str]) -> Finding:
    if facts["link.local"] != "true" and facts["link.encrypted"] != "true":
        return failure(
            "database.link",
            "the database is on another machine, and the connection is not encrypted",
            "add sslmode=verify-full and sslrootcert to database.dsn",
        )
    return ok("database.link", "the connection cannot be overheard")
