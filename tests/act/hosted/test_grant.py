from dataclasses import replace

from msgspec import structs

from act.hosted.pieces import GRANT
from act.hosted.stage import Stage
from gatepost.act.hosted.grant import granted_for, names
from outbound import KEPT, NOW, TENANT


def test_a_capability_has_one_name_whatever_the_policy_calls_it() -> None:
    assert names(replace(GRANT, capabilities=("read_calendar", "calendar.read"))) == {"calendar.read"}


async def test_a_message_without_a_grant_grants_nothing(stage: Stage) -> None:
    await stage.allow("search_mail")
    email = await stage.scene.kept(await stage.scene.boss_asks())
    async with stage.scene.house.db.transaction(TENANT) as tx:
        assert await granted_for(tx, email, NOW) == {"search_mail"}
        assert await granted_for(tx, structs.replace(KEPT, account=email.account), NOW) == frozenset()


async def test_what_the_thread_has_read_before_narrows_it(stage: Stage) -> None:
    await stage.allow()
    await stage.scene.boss_asks()
    await stage.allow("search_mail")
    later = await stage.scene.boss_asks(header="In-Reply-To: <1@example.org>\r\n")
    async with stage.scene.house.db.transaction(TENANT) as tx:
        assert await granted_for(tx, await stage.scene.kept(later), NOW) == frozenset()
