from collections.abc import AsyncIterator

import psycopg
import pytest

from act.hosted.stage import Stage
from gatepost.act.hosted import erase_store, store
from gatepost.db import Database
from gatepost.ids import EmailId
from gatepost.keys import KeyStore, Kind
from gatepost.record import erase
from gatepost.record.erase import Removal, Rule
from model_api import ModelApi, text
from outbound import BOSS, NOW, TENANT, entropy

REMOVAL = Removal(request="er_1", rule=Rule.PERSON, actor="operator", at=NOW, what={"entries": []})


@pytest.fixture
async def own(app_dsn: str, keys: KeyStore) -> AsyncIterator[Database]:
    async with Database.open(app_dsn.replace("gatepost_app", "gatepost_keeper"), keys) as database:
        yield database


async def _rows(own: Database) -> dict[str, int]:
    query = """
        select 'turn' as name, count(*) from turn where tenant = %(tenant)s
        union all select 'turn_step', count(*) from turn_step where tenant = %(tenant)s
        union all select 'model_call', count(*) from model_call where tenant = %(tenant)s
    """
    async with own.transaction(TENANT) as tx:
        return {row.name: row.count for row in await tx.all(query)}


async def _turn(stage: Stage, api: ModelApi) -> EmailId:
    api.script = [[text("On Tuesday.")]]
    email = await stage.scene.boss_asks()
    await stage.work()
    return email


async def test_a_turn_goes_with_its_steps_and_calls_and_the_others_stay(
    stage: Stage, api: ModelApi, own: Database
) -> None:
    await stage.host()
    one, two = await _turn(stage, api), await _turn(stage, api)
    keys = own.keys
    ids = keys.ids(TENANT, Kind.SUBJECT, keys.subject_name(TENANT, BOSS.key))
    before = await _rows(own)
    assert before["turn"] == 2
    async with own.transaction(TENANT) as tx:
        assert set(await erase_store.emails_of(tx, [each.to_bytes(8, "big") for each in ids])) == {one, two}
        assert await erase_store.emails_of(tx, [b"\0" * 7 + b"\1"]) == []
        await erase.say(tx, REMOVAL, entropy=entropy)
        assert await erase_store.forget(tx, [one, EmailId("em_none")]) == 1
    assert await _rows(own) == {name: count // 2 for name, count in before.items()}
    assert (await stage.turn(two)).email == two


async def test_a_worker_at_an_erased_turn_leaves_no_step_behind(stage: Stage, api: ModelApi, own: Database) -> None:
    await stage.host()
    email = await _turn(stage, api)
    turn = await stage.turn(email)
    async with own.transaction(TENANT) as tx:
        (step, *_) = await store.steps(tx, turn.id)
        await erase.say(tx, REMOVAL, entropy=entropy)
        await erase_store.forget(tx, [email])
    async with stage.scene.house.db.transaction(TENANT) as tx:
        await store.put_step(tx, turn, step)
    assert await _rows(own) == {"turn": 0, "turn_step": 0, "model_call": 0}


@pytest.mark.parametrize("table", ["turn", "turn_step"])
async def test_nothing_goes_unsaid(own: Database, table: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="with the entry that says so"):
        async with own.transaction(TENANT) as tx:
            await tx.run(f"delete from {table} where tenant = %(tenant)s")  # noqa: S608  # two names above
