import json
from dataclasses import replace

from act.hosted.pieces import TURN, step
from gatepost.act import store
from gatepost.act.hosted.entries import called, rested
from gatepost.act.hosted.paper import StepState, TurnState
from gatepost.act.paper import Endpoint, EventKind, Secrets, Webhook
from gatepost.db import Database
from gatepost.ids import WebhookId
from outbound import NOW, TENANT, entropy


async def test_a_call_is_recorded_with_label_and_digests_and_none_of_its_words(db: Database) -> None:
    done = step(1, 1, StepState.DONE, tokens=1_100, cost_microusd=4_500)
    done = replace(
        done, content={**done.content, "arguments": {"text": "the secret"}, "result": {"found": "the finding"}}
    )
    async with db.transaction(TENANT) as tx:
        await called(tx, TURN, done, at=NOW, entropy=entropy)
        await rested(tx, replace(TURN, state=TurnState.DONE), at=NOW, entropy=entropy)
        rows = await tx.all("select leaf from entry where tenant = %(tenant)s order by id")
    first, last = (json.loads(bytes(row.leaf)) for row in rows)
    assert (first["action"], first["detail"]["label"], first["detail"]["tools"]) == ("tool.done", "sender", ["reply"])
    assert (first["detail"]["tokens"], first["detail"]["cost_microusd"]) == (1_100, 4_500)
    assert set(first["c"]) == {"arguments_sha256", "result_sha256", "tool"}
    assert (last["action"], last["detail"]["agent_version"]) == ("turn.done", 1)
    assert "the secret" not in json.dumps([first, last])
    assert "the finding" not in json.dumps([first, last])


async def test_what_somebody_may_want_to_act_on_is_told_to_whoever_asked_for_it(db: Database) -> None:
    hook = Webhook(
        id=WebhookId("wh_x"),
        account=TURN.account,
        url="https://a.example/",
        created_at=NOW,
        events=(EventKind.TURN_WAITING,),
    )
    async with db.transaction(TENANT) as tx:
        await store.insert_webhook(tx, Endpoint(hook, Secrets(b"", None, ())))
        for state in (TurnState.WAITING, TurnState.DONE, TurnState.HELD):
            await rested(tx, replace(TURN, state=state, reason="model.unavailable"), at=NOW, entropy=entropy)
        [row] = await tx.all("select kind, email, detail from event where tenant = %(tenant)s")
    assert (row.kind, row.email) == ("turn.waiting", TURN.email)
    assert row.detail == {"turn_id": TURN.id, "thread_id": TURN.thread, "reason": "model.unavailable"}


async def test_a_name_a_model_made_up_is_committed_to_and_not_shown(db: Database) -> None:
    refused = step(1, 1, StepState.REFUSED)
    refused = replace(refused, content={**refused.content, "name": "tell boss@example.org"})
    async with db.transaction(TENANT) as tx:
        await called(tx, TURN, refused, at=NOW, entropy=entropy)
        [row] = await tx.all("select leaf from entry where tenant = %(tenant)s")
    assert b"boss@" not in bytes(row.leaf)
