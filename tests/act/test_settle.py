from dataclasses import replace
from datetime import timedelta

import pytest

from act.scene import announce, due, happened, register, settled, stands
from gatepost.act import store, telling_store
from gatepost.act.paper import Answer, State, Telling
from gatepost.act.retry import WAITS_S
from gatepost.act.settle import Told, ending_of
from gatepost.db import Database
from gatepost.ids import WebhookId
from outbound import ACCOUNT, NOW, TENANT, Hands, consequences, house

HOOK = WebhookId("wh_a")


def _told(answer: Answer, attempts: int = 0, hook: WebhookId = HOOK) -> Told:
    return Told(Telling(webhook=hook, event=happened(), attempts=attempts), answer, NOW, 0.5)


@pytest.mark.parametrize(
    ("answer", "attempts", "state"),
    [
        (Answer(204, "receiver.accepted"), 0, State.DELIVERED),
        (Answer(500, "receiver.refused"), 0, State.WAITING),
        (Answer(0, "receiver.too_slow"), 0, State.WAITING),
        (Answer(500, "receiver.refused"), len(WAITS_S), State.DEAD),
        (Answer(410, "receiver.refused"), 0, State.DEAD),
        (Answer(0, "egress.refused"), 0, State.WAITING),
        (Answer(0, "email.erased"), 0, State.DEAD),
    ],
)
def test_each_answer_has_its_end(answer: Answer, attempts: int, state: State) -> None:
    ending = ending_of(_told(answer, attempts))
    assert (ending.telling.state, ending.telling.attempts) == (state, attempts + 1)
    assert (ending.due_at is not None) == (state is State.WAITING)


def test_a_receiver_that_names_a_time_is_left_alone_until_then() -> None:
    ending = ending_of(_told(Answer(429, "receiver.refused", retry_after="300")))
    assert ending.due_at == NOW + timedelta(seconds=300)


async def test_what_was_settled_stays_settled_and_is_recorded_once(db: Database, tmp_path: object) -> None:
    standing = house(db, tmp_path, Hands())  # type: ignore[arg-type]  # pytest's own path
    hook, _ = await register(standing, "http://127.0.0.1:9/")
    await announce(db, happened())
    done = _told(Answer(200, "receiver.accepted", 12), hook=hook.id)
    await settled(standing, done)
    await settled(standing, _told(Answer(500, "receiver.refused"), hook=hook.id))
    [logged] = await stands(db, hook.id)
    assert (logged.telling.state, logged.status_code, logged.attempts[0].took_ms) == (State.DELIVERED, 200, 12)
    assert logged.entry is not None
    assert [action for _, action in await consequences(db)] == ["webhook.add", "webhook.delivered"]


@pytest.mark.parametrize(
    ("answer", "attempts", "state"),
    [
        (Answer(500, "receiver.refused"), len(WAITS_S), State.WAITING),
        (Answer(200, "x"), len(WAITS_S) + 1, State.DELIVERED),
    ],
)
def test_a_question_before_its_time_uses_up_no_attempt(answer: Answer, attempts: int, state: State) -> None:
    later = NOW + timedelta(hours=4)
    early = replace(_told(answer, len(WAITS_S)).telling, due_at=later)
    ending = ending_of(Told(early, answer, NOW, 0.5))
    assert (ending.telling.attempts, ending.telling.state) == (attempts, state)
    assert ending.due_at == (later if state is State.WAITING else None)


async def test_once_a_receiver_is_back_all_that_waits_is_due(db: Database, tmp_path: object) -> None:
    standing = house(db, tmp_path, Hands())  # type: ignore[arg-type]  # pytest's own path
    hook, _ = await register(standing, "http://127.0.0.1:9/")
    await announce(db, happened(1, lane="a"), happened(2, lane="b"))
    old, other = await due(db, hook.id)
    refused = Answer(500, "receiver.refused")
    for attempts in range(12):
        await settled(standing, Told(replace(old, attempts=attempts, due_at=None), refused, NOW, 0.5))
    assert [one.event.id for one in await due(db, hook.id)] == [other.event.id]
    async with db.transaction(TENANT) as tx:
        untried = await telling_store.question(tx, hook.id, busy=())
        assert untried is not None
        assert untried.event.id == other.event.id  # though what was tried was promised first
        before_its_time = await telling_store.question(tx, hook.id, busy=("b",))
        assert before_its_time is not None
        assert before_its_time.event.id == old.event.id
    later = NOW + timedelta(minutes=7)
    assert [each[1] for each in await store.take(db, "me", at=later, until=later)] == [hook.id]
    await settled(standing, Told(other, Answer(200, "receiver.accepted"), NOW, 0.5))
    assert [one.event.id for one in await due(db, hook.id)] == [old.event.id]


async def test_a_question_before_its_time_lets_another_be_the_next(db: Database, tmp_path: object) -> None:
    standing = house(db, tmp_path, Hands())  # type: ignore[arg-type]  # pytest's own path
    hook, _ = await register(standing, "http://127.0.0.1:9/")
    await announce(db, happened(1, lane="a"), happened(2, lane="b"))
    refused = Answer(500, "receiver.refused")
    for one, chance in zip(await due(db, hook.id), (0.0, 1.0), strict=True):  # the first is due hours before the other
        await settled(standing, Told(replace(one, attempts=len(WAITS_S) - 1, due_at=None), refused, NOW, chance))
    asked = []
    for minutes in (5, 10, 15):
        async with db.transaction(TENANT) as tx:
            wanted = await telling_store.question(tx, hook.id, busy=())
        assert wanted is not None
        asked.append(wanted.event.lane)
        await settled(standing, Told(wanted, refused, NOW + timedelta(minutes=minutes), 0.5))
    assert asked == ["a", "b", "a"]


async def test_one_410_among_other_answers_stops_the_endpoint(db: Database, tmp_path: object) -> None:
    standing = house(db, tmp_path, Hands())  # type: ignore[arg-type]  # pytest's own path
    hook, _ = await register(standing, "http://127.0.0.1:9/")
    await announce(db, happened(1, lane="a"), happened(2, lane="b"))
    first, second = await due(db, hook.id)
    gone, heard = Answer(410, "receiver.refused"), Answer(200, "receiver.accepted")
    await settled(standing, Told(first, gone, NOW, 0.5), Told(second, heard, NOW, 0.5))
    async with db.transaction(TENANT) as tx:
        [found] = await store.webhooks(tx, ACCOUNT)
    assert found.stop_reason == "receiver.gone"
