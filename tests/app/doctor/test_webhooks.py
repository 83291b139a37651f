from datetime import timedelta
from pathlib import Path

from act.scene import announce, happened, register
from gatepost.act import store
from gatepost.act.paper import Health
from gatepost.act.retry import STRIKES
from gatepost.app.doctor import webhooks
from gatepost.app.doctor.finding import Level
from gatepost.db import Database
from outbound import NOW, TENANT, Hands
from outbound import house as built


async def test_endpoints_that_do_not_answer_are_named_with_what_to_do(db: Database, tmp_path: Path) -> None:
    house = built(db, tmp_path, Hands())
    hooks = [(await register(house, f"http://127.0.0.1:{port}/"))[0].id for port in range(1, webhooks.SHOWN + 3)]
    assert [each.level for each in await webhooks.look(db, NOW)] == [Level.OK]
    await announce(db, happened(1))
    async with db.transaction(TENANT) as tx:
        for hours, hook in enumerate(hooks):
            since = NOW - timedelta(hours=100 - hours)
            store.put_health(tx, hook, Health(failures=STRIKES, failing_since=since))
        store.stop_webhook(tx, hooks[0], reason="webhook.unheard", at=NOW)
    found = await webhooks.look(db, NOW)
    assert {each.level for each in found} == {Level.WARNING}
    assert hooks[0] in found[0].said
    assert "4 days, 4:00:00" in found[0].said
    assert f"gatepost webhook start {hooks[0]} --tenant" in found[0].next_step
    assert f"gatepost webhook test {hooks[1]} --tenant" in found[1].next_step
    assert found[webhooks.SHOWN].said == "2 more webhook endpoints do not answer"
    assert found[-1].said == f"{len(hooks) - 1} events wait for webhook endpoints, and 1 were given up"
