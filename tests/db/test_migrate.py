import psycopg
import pytest

from gatepost.db import Database
from gatepost.db.migrate import MigrationError, check_schema, migrate, migrations


def test_a_migrated_database_needs_nothing_more(owner_dsn: str) -> None:
    assert migrate(owner_dsn) == []


def test_migrations_run_in_the_order_of_their_numbers() -> None:
    names = [name for name, _ in migrations()]
    assert names == sorted(names)
    assert len({name[:4] for name in names}) == len(names)


def test_a_migration_that_changed_after_it_was_applied_is_refused(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute("update schema_migration set sha256 = 'other' where name = '0001_foundation.sql'")
    with pytest.raises(MigrationError, match=r"0001_foundation\.sql changed"):
        migrate(owner_dsn)


def test_a_database_of_a_newer_release_is_left_alone(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute("insert into schema_migration (name, sha256) values ('9999_future.sql', 'x')")
    with pytest.raises(MigrationError, match=r"9999_future\.sql"):
        migrate(owner_dsn)


def test_a_database_that_does_not_let_us_is_told_in_one_sentence(owner_dsn: str, app_dsn: str) -> None:
    with pytest.raises(MigrationError, match=r"does not let us: .*nobody") as refused:
        migrate(f"{owner_dsn} user=nobody_of_ours")
    assert "\n" not in str(refused.value)
    with pytest.raises(MigrationError, match="permission denied"):
        migrate(app_dsn)  # the serving role may not


async def test_a_house_serves_on_its_own_schema_only(owner_dsn: str, db: Database) -> None:
    await check_schema(db)
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute("insert into schema_migration (name, sha256) values ('9999_future.sql', 'x')")
        with pytest.raises(MigrationError, match=r"newer release \(it knows 9999_future\.sql\)"):
            await check_schema(db)
        connection.execute("delete from schema_migration where name > '0100'")
        with pytest.raises(MigrationError, match=r"older schema .* run `gatepost migrate`"):
            await check_schema(db)
        connection.execute("drop function lookup_schema()")
        with pytest.raises(MigrationError, match="older schema"):
            await check_schema(db)


def test_each_message_adds_to_these_indexes_and_no_others(owner_dsn: str) -> None:
    """A further one costs every message: it is somebody's decision, who says here who asks it."""
    asked = {
        "body_pkey",
        "decision_row_pkey",
        "decision_row_page",  # the audit
        "decision_row_email",  # what follows a decision, and the fate of a body
        "delivered_message_mark",  # a policy that asks for repeated mail
        "delivered_message_tenant_account_sender_at_idx",  # limits
        "email_pkey",
        "email_by_account",  # the mailbox's page
        "email_by_thread",
        "entry_pkey",
        "message_grant_pkey",
        "message_grant_thread",  # who uses a grant
        "opening_pkey",
        "opening_subject",  # an erasure
        "thread_message_pkey",
        "unindexed_pkey",
        "unsequenced_pkey",
    }
    of_other_rows = {"decision_row_sent", "entry_erasure"}  # what leaves; what says that something was removed
    query = """
        select indexname from pg_indexes where tablename in ('body', 'decision_row', 'delivered_message', 'email',
          'entry', 'message_grant', 'opening', 'thread_message', 'unindexed', 'unsequenced')
    """
    with psycopg.connect(owner_dsn) as owner:
        assert {name for (name,) in owner.execute(query)} == asked | of_other_rows
