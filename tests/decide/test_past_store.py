"""The past on a real PostgreSQL: asked together, answered each for itself."""

import psycopg

from decide.scene import ACCOUNT, BOSS, NOON, TENANT
from gatepost.db import Database
from gatepost.decide import past_store
from gatepost.decide.paper import Mark
from gatepost.decide.past_store import Delivered, Past, Question, Sent
from gatepost.ids import AccountId, EmailId, TenantId

MARK = Mark(BOSS.key, "1@example.com", "00")
OTHER = Mark("other@example.com", "1@example.com", "00")


async def past(db: Database, *asked: Question, tenant: TenantId = TENANT) -> list[Past]:
    async with db.transaction(tenant) as tx:
        return await past_store.recall(tx, asked)


async def test_each_question_has_its_own_answer_in_the_order_asked(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        past_store.add_delivered(tx, [Delivered(ACCOUNT, MARK, EmailId("em_1"), NOON)])
        past_store.add_sent(tx, [Sent(ACCOUNT, "ours@gate.example", OTHER.author, NOON)] * 2)
    ids = ("x@y.example", "ours@gate.example")
    asked = [Question(ACCOUNT, OTHER, ids, NOON), Question(ACCOUNT, MARK, ids, NOON)]
    expected = [Past(True, False, True), Past(False, True, False)]  # noqa: FBT003  # the three facts
    assert await past(db, *asked) == expected
    nothing = [Past(True, False, False)] * 2  # noqa: FBT003  # as above
    assert await past(db, *asked, tenant=TenantId("tn_b")) == nothing
    assert await past(db, *(Question(AccountId(8), one.mark, ids, NOON) for one in asked)) == nothing


async def test_no_address_and_no_message_id_stands_in_the_tables(db: Database, owner_dsn: str) -> None:
    async with db.transaction(TENANT) as tx:
        windows = ("domain\nexample.com",)
        past_store.add_delivered(tx, [Delivered(ACCOUNT, MARK, EmailId("em_1"), NOON, windows)])
        past_store.add_sent(tx, [Sent(ACCOUNT, "ours@gate.example", BOSS.key, NOON)])
    with psycopg.connect(owner_dsn) as owner:
        rows = owner.execute(
            "select t::text from (select delivered_message::text from delivered_message"
            " union all select known_author::text from known_author"
            " union all select counted_message::text from counted_message"
            " union all select sent_message::text from sent_message) as all_rows (t)"
        ).fetchall()
    assert len(rows) == 4
    assert "example" not in str(rows)


async def test_authors_of_one_batch_are_remembered_once(db: Database, owner_dsn: str) -> None:
    async with db.transaction(TENANT) as tx:
        past_store.add_delivered(tx, [Delivered(ACCOUNT, MARK, EmailId(f"em_{n}"), NOON) for n in range(3)])
    with psycopg.connect(owner_dsn) as owner:
        assert owner.execute("select count(*) from known_author").fetchone() == (1,)
        assert owner.execute("select count(*) from delivered_message").fetchone() == (3,)
