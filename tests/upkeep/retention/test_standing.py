"""What somebody does to a legal hold behind the house's back is named, and removes nothing."""

import psycopg
import pytest

from gatepost.db import Database
from gatepost.upkeep.retention import (
    Expired,
    HoldError,
    Scope,
    erase_person,
    expire,
    foresee,
    misheld,
    place_hold,
    release_hold,
)
from outbound import BOSS, TENANT
from upkeep.retention.scene import Kept

SCOPES = {"tenant": Scope(), "person": Scope(person=BOSS)}


async def test_holds_that_were_placed_and_released_through_the_house_are_as_said(kept: Kept, db: Database) -> None:
    scopes = (*SCOPES.values(), Scope(account=kept.scene.account))
    placed = [await place_hold(kept.keeper, TENANT, scope, reason="Matter 7", actor="ky_o") for scope in scopes]
    assert await misheld(db, TENANT) == []
    for hold in placed:
        kept.later(days=1)
        await release_hold(kept.keeper, TENANT, hold.id, actor="operator")
    assert await misheld(db, TENANT) == []


CRIMES = {
    "delete from legal_hold": "it was placed and not released, and the table does not have it",
    "update legal_hold set released_at = placed_at": "the table says it was released, and no entry does",
    "update legal_hold set account = 999, subject = null": "it covers another thing than was said",
    "update legal_hold set account = null, subject = null": "it covers another thing than was said",
    "update legal_hold set subject = 'x'": "it covers another thing than was said",
    "update legal_hold set placed_by = 'x'": "somebody else placed it than was said",
    "update legal_hold set placed_at = placed_at - interval '1 day'": "the table tells another time than was said",
    "update legal_hold set sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1)": (
        "its reason and whom it covers cannot be read"
    ),
}


@pytest.mark.parametrize("crime", CRIMES)
async def test_a_hold_that_was_changed_is_named(kept: Kept, db: Database, owner_dsn: str, crime: str) -> None:
    hold = await place_hold(kept.keeper, TENANT, Scope(person=BOSS), reason="Matter 7", actor="ky_o")
    with psycopg.connect(owner_dsn) as owner:
        assert owner.execute(crime.encode()).rowcount == 1
    assert await misheld(db, TENANT) == [f"legal hold {hold.id}: {CRIMES[crime]}"]


@pytest.mark.parametrize("leaf", ["x", "[]", '{"ts": 1}', '{"ts": "2026-11-20T12:00:00Z", "action": 7}'])
async def test_a_hold_whose_entry_was_spoilt_is_named_and_removes_nothing(
    kept: Kept, db: Database, owner_dsn: str, leaf: str
) -> None:
    """It raised an error of JSON's, which ended the house at the next round of expiry."""
    hold = await place_hold(kept.keeper, TENANT, Scope(person=BOSS), reason="Matter 7", actor="ky_o")
    with psycopg.connect(owner_dsn) as owner:
        spoil = "update entry set leaf = %s where id = (select entry from consequence where action = 'hold.place')"
        owner.execute(spoil, [leaf.encode()])
        owner.execute("delete from legal_hold")
    (text,) = await misheld(db, TENANT)
    assert text.endswith("it is about a legal hold, and cannot be read")
    with pytest.raises(HoldError, match="nothing expires"):
        await expire(kept.keeper, await kept.tenant())
    assert hold.id not in text


async def test_a_hold_that_no_entry_placed_or_that_was_released_and_stands_is_named(
    kept: Kept, db: Database, owner_dsn: str
) -> None:
    hold = await place_hold(kept.keeper, TENANT, Scope(), reason="Matter 7", actor="ky_o")
    await release_hold(kept.keeper, TENANT, hold.id, actor="operator")
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("update legal_hold set released_at = null")
    assert await misheld(db, TENANT) == [f"legal hold {hold.id}: the table says it is in force, and it was released"]
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("delete from legal_hold")
    assert await misheld(db, TENANT) == [f"legal hold {hold.id}: the table does not have it"]
    other = await place_hold(kept.keeper, TENANT, Scope(), reason="Matter 8", actor="ky_o")
    with psycopg.connect(owner_dsn) as owner:
        owner.execute("delete from consequence where action like 'hold.%'")
    assert await misheld(db, TENANT) == [f"legal hold {other.id}: no entry placed it"]


@pytest.mark.parametrize("crime", ["delete from legal_hold", "update legal_hold set released_at = now()"])
async def test_nothing_expires_or_is_erased_while_a_hold_is_lost_until_an_entry_releases_it(
    kept: Kept, owner_dsn: str, crime: str
) -> None:
    await kept.scene.boss_asks()
    await kept.index()
    hold = await place_hold(kept.keeper, TENANT, Scope(), reason="Matter 7", actor="ky_o")
    with psycopg.connect(owner_dsn) as owner:
        owner.execute(crime.encode())
    kept.later(days=4000)
    with pytest.raises(HoldError, match=hold.id):
        await expire(kept.keeper, await kept.tenant())
    with pytest.raises(HoldError, match=hold.id):
        await foresee(kept.keeper, TENANT, BOSS)
    with pytest.raises(HoldError, match=hold.id):
        await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
    await release_hold(kept.keeper, TENANT, hold.id, actor="operator")
    assert await expire(kept.keeper, await kept.tenant(), dry_run=True) != Expired()
    with pytest.raises(LookupError):
        await release_hold(kept.keeper, TENANT, hold.id, actor="operator")
