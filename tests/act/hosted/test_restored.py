"""A hosted agent's turn that the record knows more of than the tables is not taken again."""

from pathlib import Path

import pytest

from act.hosted.stage import Stage
from gatepost.act.hosted.paper import TurnState
from gatepost.act.hosted.restored import REASON
from gatepost.db import Database
from gatepost.ids import EmailId
from journeys.scene import set_scene
from model_api import ModelApi, text, use
from outbound import Sink, consequences, entropy
from restoring import backup


@pytest.fixture
async def stage(db: Database, tmp_path: Path, api: ModelApi, sink: Sink) -> Stage:
    """Without what must always hold: of a restored house, the record knows mail that the tables lost."""
    return Stage(await set_scene(db, tmp_path, sink_port=sink.port), api)


async def asked(stage: Stage, api: ModelApi) -> EmailId:
    await stage.host()
    api.script = [[use("reply", text="Tuesday at ten.")], [text("Done.")]]
    return await stage.scene.boss_asks()


async def test_a_turn_that_ended_is_not_taken_again(stage: Stage, api: ModelApi, sink: Sink, owner_dsn: str) -> None:
    email = await asked(stage, api)
    older = await backup(stage.scene.house.db, owner_dsn)
    await stage.work()
    await stage.send()
    requests = len(api.requests)
    assert len(sink.mails) == 1
    assert await older.recover(stage.scene.house, entropy) == 1
    await stage.work()
    await stage.send()
    assert (len(api.requests), len(sink.mails)) == (requests, 1)
    assert (await stage.turn(email)).state is TurnState.DONE


@pytest.mark.parametrize("is_begun", [True, False])
async def test_a_turn_that_had_called_a_tool_is_stopped_and_the_record_says_so(
    stage: Stage, api: ModelApi, sink: Sink, owner_dsn: str, *, is_begun: bool
) -> None:
    await stage.host()
    api.script = (
        [529, [use("reply", text="Tuesday at ten.")], 529]
        if is_begun
        else [
            [use("reply", text="Tuesday at ten.")],
            529,
        ]
    )
    email = await stage.scene.boss_asks()
    if is_begun:
        await stage.work()
    older = await backup(stage.scene.house.db, owner_dsn)
    await stage.work()
    await stage.send()
    assert (await stage.turn(email)).state is TurnState.WAITING
    assert await older.recover(stage.scene.house, entropy) == 1
    requests = len(api.requests)
    await stage.work()
    await stage.send()
    turn = await stage.turn(email)
    assert (turn.state, turn.reason, len(api.requests), len(sink.mails)) == (TurnState.STOPPED, REASON, requests, 1)
    assert [action for _, action in await consequences(stage.scene.house.db)].count("turn.stopped") == 1


async def test_a_turn_that_nothing_came_of_is_taken(stage: Stage, api: ModelApi, sink: Sink, owner_dsn: str) -> None:
    await stage.host()
    api.script = [529, [use("reply", text="Tuesday at ten.")], [text("Done.")]]
    email = await stage.scene.boss_asks()
    older = await backup(stage.scene.house.db, owner_dsn)
    await stage.work()
    assert await older.recover(stage.scene.house, entropy) == 0
    await stage.work()
    await stage.send()
    assert ((await stage.turn(email)).state, len(sink.mails)) == (TurnState.DONE, 1)
