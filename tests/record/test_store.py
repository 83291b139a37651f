import psycopg
import pytest

import singly
from gatepost.db import Database
from gatepost.ids import AccountId, EmailId, EntryId
from gatepost.record import store
from gatepost.record.entry import decision_drafts
from record.papers import TENANT, counting, inbound

GROWING = ("entry", "opening", "decision_row", "consequence", "leaf", "checkpoint", "log_key")


def test_the_serving_role_may_not_change_what_was_recorded(app_dsn: str) -> None:
    with psycopg.connect(app_dsn, autocommit=True) as connection:
        for table in GROWING:
            for change in (f"update {table} set tenant = tenant", f"delete from {table}", f"truncate {table}"):  # noqa: S608  # the names above
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(change.encode())


async def test_entries_are_numbered_in_the_order_given(db: Database) -> None:
    drafts = decision_drafts(
        inbound(rcpt_to=tuple(f"r{number}@h.example" for number in range(50))), thread=None, entropy=counting()
    )
    columns = store.Columns(account=AccountId(7), email=EmailId("em_x"), action="a.b")
    async with db.transaction(TENANT) as tx:
        numbers = await store.append(tx, [(draft, columns) for draft in drafts])
        found = [await store.opening(tx, number) for number in numbers]
    assert numbers == sorted(numbers)
    assert [each and each["recipient"]["value"] for each in found] == [f"r{number}@h.example" for number in range(50)]


async def test_an_opening_is_given_by_its_entry_and_to_its_tenant(db: Database) -> None:
    async with db.transaction(TENANT) as tx:
        recorded = await singly.append(tx, inbound(), entropy=counting())
        (entry,) = recorded.entries
        found = await store.opening(tx, entry)
        assert found is not None
        assert found["sender"]["value"] == "boss@corp.example"
        assert await store.opening(tx, EntryId(entry + 1)) is None
