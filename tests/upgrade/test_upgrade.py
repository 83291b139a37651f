"""Whoever ran an earlier house starts this one on the same data, and nothing is lost."""

import asyncio
import json
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gatepost import access, mailbox
from gatepost.app.build import bring_up, open_house
from gatepost.arrive.paper import Arrived, Peer
from gatepost.blobs import address_of
from gatepost.db.launcher import Cluster
from gatepost.db.migrate import MigrationError, migrate, migrations
from gatepost.deliver.paper import Kept
from gatepost.domains import route
from gatepost.ids import EmailId
from gatepost.journey import House, receive
from gatepost.mail.address import Address
from gatepost.mail.envelope import Envelope
from gatepost.settings import DnsSettings, Settings
from invariants import check
from upgrade.earlier import NAMES, STATES, copy_folder, known_to, make_schema, put_back, rows

EVERY = [name for name, _ in migrations()]
SET_UP = {"tenant", "account", "person", "api_key", "domain", "route", "dkim_key", "policy", "schema_migration"}
"""What people set up, in whatever schema: no mail has come yet."""


@pytest.fixture
def bare(cluster: Cluster) -> Iterator[str]:
    """An owner's connection string to an empty database."""
    owner = cluster.dsn("gatepost_owner")
    with psycopg.connect(owner.replace("dbname=gatepost", "dbname=postgres"), autocommit=True) as server:
        server.execute("create database upgrade template template0")
        yield owner.replace("dbname=gatepost", "dbname=upgrade")
        server.execute("drop database upgrade with (force)")


def app_of(owner_dsn: str) -> str:
    return owner_dsn.replace("user=gatepost_owner", "user=gatepost_app")


def settings_on(folder: Path) -> Settings:
    return Settings(state=folder, dns=DnsSettings(servers=("127.0.0.1:1",), timeout_s=0.2))


async def deliver(house: House, to: str) -> EmailId:
    """Bring the postmaster one mail, through the whole journey."""
    address = Address.parse(to)
    destination = await route(house.db, address)
    assert destination is not None
    raw = f"From: new@example.com\r\nTo: {to}\r\nSubject: After the upgrade\r\n\r\nStill here?\r\n".encode()
    email = EmailId("em_afterupgrade0001")
    done = await receive(
        Arrived.by_smtp(
            email=email,
            destination=destination,
            envelope=Envelope(Address.parse("new@example.com"), (address,)),
            peer=Peer(IPv4Address("127.0.0.1"), "new.example.com", None),
            raw=raw,
            blob=address_of(raw),
            received_at=house.clock(),
        ),
        house,
    )
    assert isinstance(done.outcome, Kept), done.recorded.decision
    return email


@pytest.mark.parametrize("state", NAMES)
async def test_a_house_of_an_earlier_schema_goes_on_where_it_stopped(bare: str, tmp_path: Path, state: str) -> None:
    with psycopg.connect(bare, autocommit=True) as owner:
        make_schema(owner, known_to(state))
        put_back(owner, rows(state))
    settings = settings_on(copy_folder(state, tmp_path, "keys", "blobs"))
    brought = await asyncio.to_thread(bring_up, settings, bare)
    assert brought == [name for name in EVERY if name not in known_to(state)]
    async with open_house(settings, app_of(bare)) as house:
        for tenant in await access.list_tenants(house.db):
            await check(house, tenant.id)
        await _reads_every_mail(house, state)
        await deliver(house, "postmaster@sandbox.test")
        for tenant in await access.list_tenants(house.db):
            await check(house, tenant.id)


async def _reads_every_mail(house: House, state: str) -> None:
    """Every mail the earlier house kept is found, with its own octets; its people still get in."""
    kept = [each["row"] for each in rows(state) if each.get("table") == "email"]
    assert kept
    note = json.loads((STATES / state / "sandbox.json").read_text())
    async with house.db.transaction(note["tenant"]) as tx:
        found = [await mailbox.get(tx, row["account"], row["id"]) for row in kept]
    assert [email.id for email in found if email] == [row["id"] for row in kept]
    for email in found:
        assert email is not None
        raw = await mailbox.read_body(house.db, house.blobs, note["tenant"], email.id, email.blob)
        assert address_of(raw) == email.blob
        assert email.subject.startswith("Numéro ")


@pytest.mark.parametrize("count", range(len(known_to(NAMES[0]))))
async def test_every_prefix_of_the_migrations_comes_forward_with_what_people_had_set_up(
    bare: str, tmp_path: Path, count: int
) -> None:
    state = NAMES[0]
    before = known_to(state)[: count + 1]
    with psycopg.connect(bare, autocommit=True) as owner:
        make_schema(owner, before)
        present = {
            table for (table,) in owner.execute("select relname::text from pg_class where relkind = 'r'").fetchall()
        }
        put_back(owner, (each for each in rows(state) if _belongs(each, present, before)))
    settings = settings_on(copy_folder(state, tmp_path, "keys"))
    brought = await asyncio.to_thread(bring_up, settings, bare)
    assert brought == [name for name in EVERY if name not in before]
    async with open_house(settings, app_of(bare)) as house:
        tenants = await access.list_tenants(house.db)
        assert len(tenants) == (2 if "tenant" in present else 0)
        if "route" in present:
            await deliver(house, "postmaster@sandbox.test")
        for tenant in tenants:
            await check(house, tenant.id)


def _belongs(each: dict[str, Any], present: set[str], names: list[str]) -> bool:
    if each.get("table") == "schema_migration":
        return each["row"]["name"] in names
    return each.get("table") in SET_UP & present


TRAP = """
    create table trap (left_over int);
    insert into trap values (0);
    create function spring() returns event_trigger language plpgsql as $$
    begin
      if not exists (select from pg_event_trigger_ddl_commands() where object_identity !~ 'schema_migration') then
        return;  -- the ledger itself, or nothing
      end if;
      update trap set left_over = left_over - 1;
      if (select left_over from trap) < 0 then
        {blow};
      end if;
    end $$;
    create event trigger trap on ddl_command_end execute function spring();
"""
BLOWS = {
    "an error": ("raise exception 'interrupted'", 1),
    "a kill": ("perform pg_terminate_backend(pg_backend_pid())", 4),  # dear: at every fourth statement
}


def _try(owner_dsn: str) -> int | None:
    """Return how many migrations are applied where this attempt was interrupted; None where it came through."""
    try:
        migrate(owner_dsn)
    except MigrationError as error:
        if "interrupted" not in str(error) and "terminat" not in str(error):
            raise  # not by us
        with psycopg.connect(owner_dsn, autocommit=True) as owner:
            (count,) = owner.execute("select count(*) from schema_migration").fetchall()[0]
            return int(count)
    return None


def schema_of(dsn: str) -> list[tuple[Any, ...]]:
    """Describe every column, function and policy."""
    query = """
        select 'column', table_name::text, column_name::text, data_type::text, coalesce(column_default, '')
        from information_schema.columns where table_schema = 'public'
        union all select 'function', proname::text, prosrc, proowner::regrole::text, proacl::text
        from pg_proc where pronamespace = 'public'::regnamespace
        union all select 'policy', polrelid::regclass::text, polname::text, polroles::text, ''
        from pg_policy
        union all select 'index', indexname::text, indexdef, '', '' from pg_indexes where schemaname = 'public'
        order by 1, 2, 3, 4
    """
    with psycopg.connect(dsn, autocommit=True) as owner:
        return owner.execute(query).fetchall()


@pytest.mark.parametrize("blow", BLOWS)
def test_a_migration_interrupted_at_any_statement_is_resumed(bare: str, cluster: Cluster, blow: str) -> None:
    """The trap springs one statement later each time: every statement that changes the schema was the last one once."""
    sql, step = BLOWS[blow]
    with psycopg.connect(bare, autocommit=True) as owner:
        owner.execute(TRAP.replace("{blow}", sql).encode())
    interrupted, passed, done = 0, 0, 0
    while (now_done := _try(bare)) is not None:
        interrupted += 1
        passed = passed + step if now_done == done else step  # its first has just been tried
        done = now_done
        with psycopg.connect(bare, autocommit=True) as owner:
            owner.execute("update trap set left_over = %s", [passed])
    with psycopg.connect(bare, autocommit=True) as owner:
        owner.execute("drop event trigger trap; drop function spring(); drop table trap")
    assert interrupted > 5 * len(EVERY) / step
    assert schema_of(bare) == schema_of(cluster.dsn("gatepost_owner"))
    assert migrate(bare) == []


def test_hours_that_were_kept_take_their_cadence_from_their_entries(bare: str) -> None:
    leaf = b'{"action":"status.measured","detail":{"components":{},"every_s":300,"hour":"2026-11-20T10:00:00Z"}}'
    with psycopg.connect(bare, autocommit=True) as owner:
        make_schema(owner, [name for name in EVERY if name < "0445"])
        for number, octets in ((1, leaf), (2, b"\xff changed")):
            owner.execute("insert into entry values (%s, 'trust', 'trust', now(), %s)", [number, octets])
            hour = f"2026-11-20T1{number}:00:00Z"
            owner.execute("insert into status_hour values ('trust', 'smtp', %s, 12, 12, 1, 1, %s)", [hour, number])
        owner.execute(dict(migrations())["0445_cadence.sql"].encode())
        kept = owner.execute("select entry, every_s from status_hour order by entry").fetchall()
        forced = owner.execute("select bool_and(relforcerowsecurity) from pg_class where relname = 'status_hour'")
        assert (kept, forced.fetchone()) == ([(1, 300), (2, 60)], (True,))
