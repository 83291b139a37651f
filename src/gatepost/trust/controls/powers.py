"""Rights that must be found out: to change what only grows, to become another, to come in unpublished."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from gatepost.ids import TenantId
from gatepost.trust.bench import Bench
from gatepost.trust.checks import principals, rights
from gatepost.trust.registers import Principal

_CONTROL = TenantId("tn_control")


async def _tables(bench: Bench, *names: str) -> tuple[rights.Tables]:
    (row,) = await bench.db.look_up("select session_user::text as role")
    return (rights.Tables(bench.db, _CONTROL, row.role, names, frozenset()),)


@asynccontextmanager
async def changeable_table(bench: Bench) -> AsyncIterator[tuple[rights.Tables]]:
    """A table in which the serving role may change rows and delete them."""
    yield await _tables(bench, "trust_challenge")


@asynccontextmanager
async def changeable_column(bench: Bench) -> AsyncIterator[tuple[rights.Tables]]:
    """A table of which the serving role may change one column."""
    yield await _tables(bench, "known_author")


@asynccontextmanager
async def truncatable_table(bench: Bench) -> AsyncIterator[tuple[rights.Tables]]:
    """A table that the serving role may empty, and neither change nor delete from."""
    yield await _tables(bench, "known_bad")


@asynccontextmanager
async def other_role(bench: Bench) -> AsyncIterator[tuple[rights.Tables]]:
    """A role of PostgreSQL's own that is a member of another."""
    (tables,) = await _tables(bench, "entry")
    yield (replace(tables, role="pg_monitor"),)


@asynccontextmanager
async def strange_function(bench: Bench) -> AsyncIterator[tuple[rights.Tables]]:
    """A role that may call functions with their owner's rights, of which the schema is said to have none."""
    yield await _tables(bench, "entry")


_PUBLISHED = (
    Principal(kind="database", name="gatepost_app", why="control", owner="control"),
    Principal(kind="system", name="one", why="control", owner="control"),
)
_APP = principals.DatabaseRole(name="gatepost_app", may_log_in=True, powers=frozenset(), member_of=frozenset())
_ALL_IS_WELL = principals.Rights((_APP,), {"one": 1000}, {}, {"state": (1000, 0o711)}, _PUBLISHED)


@asynccontextmanager
async def unknown_role(bench: Bench) -> AsyncIterator[principals.Rights]:
    """A role that may log in and is not published."""
    del bench
    intruder = principals.DatabaseRole(name="intruder", may_log_in=True, powers=frozenset(), member_of=frozenset())
    yield replace(_ALL_IS_WELL, roles=(_APP, intruder))


@asynccontextmanager
async def ghost(bench: Bench) -> AsyncIterator[principals.Rights]:
    """The serving role is a member of a role nobody can log in as, which is a member of the tables' owner."""
    del bench
    between = principals.DatabaseRole(
        name="ghost", may_log_in=False, powers=frozenset(), member_of=frozenset({"owner"})
    )
    yield replace(_ALL_IS_WELL, roles=(replace(_APP, member_of=frozenset({"ghost"})), between))


@asynccontextmanager
async def second_root(bench: Bench) -> AsyncIterator[principals.Rights]:
    """A second account with uid 0."""
    del bench
    yield replace(_ALL_IS_WELL, accounts={"one": 1000, "intruder": 0})


@asynccontextmanager
async def open_folder(bench: Bench) -> AsyncIterator[principals.Rights]:
    """A state folder that a group may write to."""
    del bench
    yield replace(_ALL_IS_WELL, folders={"state": (1000, 0o771)})
