import psycopg

from gatepost.db import Database, Plans
from gatepost.ids import AccountId, TenantId
from gatepost.mailbox import word_store
from outbound import TENANT
from postbag import INVOICE, keep, letter


async def test_the_tables_say_no_word_that_was_written(db: Database, owner_dsn: str) -> None:
    await keep(db, letter(1, **INVOICE), indexed=True)
    with psycopg.connect(owner_dsn) as owner:
        rows = owner.execute("select email_words::text from email_words").fetchall()
    assert len(rows) == 1
    assert not any(word in rows[0][0].lower() for word in ("invoice", "alice", "example", "report", "friday"))


async def test_tokens_of_two_accounts_and_of_two_tenants_do_not_meet(db: Database) -> None:
    vaults = [db.keys.vault(TENANT), db.keys.vault(TenantId("tn_two"))]
    found = [
        word_store.tokens(vault.blinder, AccountId(number), ["any:lunch"]) for vault in vaults for number in (7, 8)
    ]
    assert len({token for (token,) in found}) == 4
    assert all(0 <= token < 2**63 for (token,) in found)


async def test_a_batch_reads_no_more_of_a_long_queue_than_it_takes(db: Database, owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as owner:  # nobody has gathered statistics: so it is where mail pours in
        owner.execute(
            "insert into unindexed (tenant, account, at, seq, email)"
            " select %s, n %% 50, now(), n, 'em_' || n from generate_series(1, 3000) as n",
            (TENANT,),
        )
    async with db.transaction(TENANT, plans=Plans.FRESH) as tx:
        assert len(await word_store.waiting(tx, 100, 1_000_000)) == 100
        read = await tx.one("select idx_tup_fetch as rows from pg_stat_xact_user_tables where relname = 'unindexed'")
    assert read.rows <= 100
