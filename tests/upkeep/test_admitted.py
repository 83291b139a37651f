"""Who is let in, shut out or changed behind the house's back is named, and so is where mail goes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from gatepost.access.paper import Role
from gatepost.act import registry
from gatepost.app import administer
from gatepost.mail.address import Address
from gatepost.record.entry import Leaf
from gatepost.upkeep.admitted import differences, misadmitted
from gatepost.upkeep.admitted_store import Row
from gatepost.upkeep.siem import registry as exports
from gatepost.upkeep.siem.paper import Format, Kind, Place
from gatepost.upkeep.siem.registry import Wanted
from workbench import test_again
from workbench.test_again import Scene

scene = test_again.scene
ROWS = {
    "person": ("person", "id"),
    "api_key": ("key", "id"),
    "account": ("mailbox", "id"),
    "domain": ("domain", "name"),
    "webhook": ("webhook", "id"),
    "export_destination": ("destination", "id"),
}
"""Tables in which a row lets somebody in, or mail out: what it is called, and by what."""
SAID = {
    "person.role": "'auditor'",
    "api_key.role": "'owner'",
    "api_key.scopes": "scopes || '{admin}'",
    "account.is_sandboxed": "not is_sandboxed",
    "tenant.plan": "'business'",
    "tenant.needs_second_person": "not needs_second_person",
    "export_destination.kind": "'splunk'",
}
"""Columns that entries speak of, each with a crime."""
STANDING = {
    "person.address_key": "'x' || substr(address_key, 2)",
    "person.sealed": "sealed || '\\x00'",
    "api_key.digest": "sha256(digest)",
    "api_key.account": "(select max(id) from account)",
    "api_key.sealed": "sealed || '\\x00'",
    "account.address_key": "'x' || substr(address_key, 2)",
    "account.sealed": "sealed || '\\x00'",
    "domain.postmaster": "postmaster + 1",
}
"""Columns that no entry tells, each with a crime: the entry commits to all of them at once."""
LET_IN = "an entry let it in, none shut it out, and the table does not have it"


@pytest.fixture
async def life(scene: Scene) -> Scene:
    """One of each that is there, and one that was there."""
    house, tenant = scene.house, scene.tenant
    jane, joe = [
        await administer.add_person(house, tenant, Address(name, "people.example"), Role.OWNER)
        for name in ("jane", "joe")
    ]
    for name in (jane.address.local, joe.address.local):
        key, _ = await administer.add_key(house, tenant, Role.AUDITOR, label=name)
        assert await administer.remove_key(house, tenant, key.id)
        await administer.add_domain(house, tenant, f"{name}.example")
    assert await administer.remove_person(house, tenant, joe.id)
    assert await administer.remove_domain(house, tenant, "joe.example")
    assert await administer.set_sandboxed(house, tenant, scene.account, is_sandboxed=True)
    assert await administer.change_plan(house, tenant, "team")
    assert await administer.set_second_person(house, tenant, is_needed=True)
    async with house.db.transaction(tenant) as tx:
        for is_kept in (True, False):
            made = await registry.add(tx, house, scene.account, "https://a.example/")
            wanted = Wanted(kind=Kind.OTLP, format=Format.NATIVE, place=Place(url="https://b.example/", credential=""))
            sent = await exports.add(tx, house, wanted, actor="operator")
            if not is_kept:
                assert await registry.remove(tx, house, scene.account, made.webhook.id, actor="operator")
                await exports.remove(tx, house, sent.id, actor="operator")
    assert await misadmitted(house.db, tenant) == []
    await administer.add_key(house, tenant, Role.AUDITOR, label="kept")
    assert await misadmitted(house.db, tenant) == []
    return scene


class Owner:
    """A superuser's connection: nothing goes along with a row, and no other table is asked."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection
        connection.execute("set session_replication_role = replica")

    def crime(self, statement: str) -> None:
        assert self._connection.execute(statement.encode()).rowcount, statement  # -1 where none are counted

    @contextmanager
    def spared(self, table: str) -> Iterator[None]:
        """Put a table back as it was at the end; meanwhile ``spare`` holds that."""
        self.crime(f"create table spare as select * from {table}")  # noqa: S608  # one of ours
        yield
        self._connection.execute(f"delete from {table}".encode())  # noqa: S608  # as above
        self.crime(f"insert into {table} overriding system value select * from spare")  # noqa: S608  # as above
        self._connection.execute("drop table spare")


@pytest.fixture
def owner(owner_dsn: str) -> Iterator[Owner]:
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        yield Owner(connection)


async def test_a_row_that_was_invented_taken_away_or_exchanged_is_named(life: Scene, owner: Owner) -> None:
    db, tenant = life.house.db, life.tenant
    for table, (name, column) in ROWS.items():
        with owner.spared(table):
            only = "where not is_postmaster" if table == "account" else ""
            which = f"{column} = (select max({column}) from {table} {only})"  # noqa: S608  # above
            other = f"{column} + 100" if table == "account" else f"'x' || substr({column}, 2)"
            owner.crime(f"create table forged as select * from {table} where {which}")  # noqa: S608  # above
            owner.crime(f"update forged set {column} = {other}")  # noqa: S608  # above
            owner.crime(f"delete from {table} where {which}")  # noqa: S608  # above
            (found,) = await misadmitted(db, tenant)
            assert (found.partition(" ")[0], found.partition(": ")[2]) == (name, LET_IN)
            owner.crime(f"insert into {table} overriding system value table forged")
            (invented,) = {*await misadmitted(db, tenant)} - {found}
            assert (invented.partition(" ")[0], invented.partition(": ")[2]) == (name, "no entry let it in")
            owner.crime("drop table forged")
    assert await misadmitted(db, tenant) == []


async def test_what_an_entry_says_of_a_row_is_held_to_it(life: Scene, owner: Owner) -> None:
    for at, crime in SAID.items():
        table, _, column = at.partition(".")
        told = column.replace("needs_second_person", "is_needed")
        with owner.spared(table):
            which = " where not is_postmaster" if table == "account" else ""
            owner.crime(f"update {table} set {column} = {crime}{which}")  # noqa: S608  # above
            found = await misadmitted(life.house.db, life.tenant)
            assert found, at
            assert all(each.endswith(f": its {told} is not what was said") for each in found), (at, found)


async def test_what_an_entry_commits_to_of_a_row_is_held_to_it(life: Scene, owner: Owner) -> None:
    """Whoever puts the digest of a secret of their own beside an owner's key is let in as that owner."""
    db, tenant = life.house.db, life.tenant
    for at, crime in STANDING.items():
        table, _, column = at.partition(".")
        name, key = ROWS[table]
        only = "where not is_postmaster" if table == "account" else ""
        which = f"{key} = (select max({key}) from {table} {only})"  # noqa: S608  # above
        with owner.spared(table):
            owner.crime(f"update {table} set {column} = {crime} where {which}")  # noqa: S608  # above
            (found,) = await misadmitted(db, tenant)
            assert (found.partition(" ")[0], found.partition(": ")[2]) == (name, "its row is not what was said"), at
    assert await misadmitted(db, tenant) == []


async def test_who_comes_back_is_named_until_they_are_shut_out_again(life: Scene, owner: Owner) -> None:
    """As after a restore to the day before."""
    house, tenant = life.house, life.tenant
    (person,) = await _people(life)
    owner.crime("create table spare as select * from person")
    assert await administer.remove_person(house, tenant, person)
    owner.crime("insert into person select * from spare")
    expected = f"person {person}: an entry shut it out, and the table has it"
    assert await misadmitted(house.db, tenant) == [expected]
    assert await administer.remove_person(house, tenant, person)
    assert await misadmitted(house.db, tenant) == []


async def _people(life: Scene) -> list[Any]:
    async with life.house.db.transaction(life.tenant) as tx:
        return [row.id for row in await tx.all("select id from person where tenant = %(tenant)s")]


def _leaf(action: str, about: str, **detail: object) -> Leaf:
    return {"action": action, "object_ref": about, "detail": detail}


def test_what_a_restore_may_have_taken_and_what_went_along_is_not_missed() -> None:
    person, key = _leaf("person.add", "pe_1", role="owner"), _leaf("key.add", "ky_1", role="owner")
    assert [*differences([], [person])] == [f"person pe_1: {LET_IN}"]
    assert [*differences([], [person, _leaf("log.recover", "")])] == []
    assert [*differences([], [person, _leaf("tenant.remove", "tn_1")])] == []
    assert [*differences([], [key])] == [f"key ky_1: {LET_IN}"]
    assert [*differences([], [key, _leaf("mailbox.remove", "7")])] == []
    changed = Row("key", "ky_1", {"role": "agent"})
    assert [*differences([changed], [key, _leaf("log.recover", "")])] == ["key ky_1: its role is not what was said"]
