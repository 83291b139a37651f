import asyncio
from dataclasses import replace
from typing import LiteralString

import psycopg
import pytest

from gatepost.db import Database
from gatepost.trust import Outcome
from gatepost.trust.checks import principals, rights
from trust.scene import Scene

APP_MAY = """
    select relname::text from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'known_bad'
      and pg_get_userbyid(relowner) <> 'gatepost_lookup'
      and not has_any_column_privilege('gatepost_app', oid, 'UPDATE')
      and not has_table_privilege('gatepost_app', oid, 'DELETE')
"""

COLUMNS = """
    select count(*) from information_schema.columns where table_schema = 'public' and table_name = any(%s)
"""


@pytest.fixture
def scene(scene: Scene, accepting: Database) -> Scene:
    """A house that takes mail as the role which can only add."""
    return replace(scene, house=replace(scene.house, accepting=accepting))


async def judged(scene: Scene) -> tuple[Outcome, str, object]:
    found = await rights.append_only(await rights.house_tables(scene.world(scene.operator()), {}))
    return found.outcome, found.reason, found.value


async def test_of_a_fresh_schema_no_table_is_missed_and_each_attempt_is_refused(scene: Scene, owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as owner:
        growing = {name for (name,) in owner.execute(APP_MAY).fetchall()}
    assert set(rights.GROWING) <= growing
    outcome, _, value = await judged(scene)
    assert outcome is Outcome.PASS
    assert isinstance(value, dict)
    assert value["tables"] == len(rights.GROWING)
    assert value["roles"] == 2
    with psycopg.connect(owner_dsn) as owner:
        (columns,) = owner.execute(COLUMNS, [list(rights.GROWING)]).fetchone() or (0,)
    assert value["attempts"] == 2 * (columns + 2 * value["tables"])


@pytest.mark.parametrize(
    ("tampering", "reason", "value"),
    [
        ("grant update (leaf) on entry to gatepost_accept", "role.may_change", {"entry": ["UPDATE (leaf)"]}),
        ("grant update (leaf) on entry to gatepost_app", "role.may_change", {"entry": ["UPDATE (leaf)"]}),
        ("grant truncate on checkpoint to gatepost_app", "role.may_change", {"checkpoint": ["TRUNCATE"]}),
        ("grant trigger on leaf to public", "role.may_change", {"leaf": ["TRIGGER"]}),
        ("alter table opening owner to gatepost_app", "role.may_change", None),
        (
            "create function change() returns void language sql security definer begin atomic delete from leaf; end",
            "role.may_call",
            ["change"],
        ),
        (
            "grant execute on function keeper_renumber(bigint, bigint, bytea) to gatepost_app",
            "role.may_call",
            ["keeper_renumber"],
        ),
    ],
)
async def test_every_right_to_change_the_record_is_found(
    scene: Scene, owner_dsn: str, tampering: LiteralString, reason: str, value: object
) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(tampering)
    outcome, said, what = await judged(scene)
    assert (outcome, said) == (Outcome.FAIL, reason)
    assert value in (None, what)


async def test_a_membership_that_is_not_inherited_counts_like_any_other(scene: Scene, owner_dsn: str) -> None:
    """Roles are the cluster's, not the database's: what is made here is taken away again."""
    name = "ghost_" + owner_dsn.partition("dbname=")[2].split()[0]
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        owner.execute(f'create role "{name}" nologin')  # a name of our own
        owner.execute(f'grant "{name}" to gatepost_app')
        try:
            outcome, reason, value = await judged(scene)
            roles = await principals.house_rights(scene.world(scene.operator()), {})
            accounts = await principals.principals(roles)
        finally:
            owner.execute(f'drop role "{name}"')
    assert (outcome, reason, value) == (Outcome.FAIL, "role.may_become", [name])
    assert (accounts.outcome, accounts.reason) == (Outcome.FAIL, "principal.may_become")
    assert accounts.value == {"gatepost_app": [name]}


async def test_an_attempt_that_goes_through_changes_nothing(db: Database, scene: Scene) -> None:
    serving, _ = await rights.house_tables(scene.world(scene.operator()), {})
    target = replace(serving, names=("known_bad",), bodies=rights.our_functions())
    found = await asyncio.wait_for(rights.append_only([target]), 30)
    assert (found.outcome, found.value) == (Outcome.FAIL, {"known_bad": ["TRUNCATE"]})
    del db
