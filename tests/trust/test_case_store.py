from gatepost.ids import AccountId, EmailId, TenantId, ThreadId
from gatepost.record.trust_log import TRUST
from gatepost.trust import case_store
from gatepost.trust.case_store import Place
from outbound import NOW
from trust.scene import Scene

PLACE = Place(tenant=TenantId("tn_one"), account=AccountId(7), email=EmailId("em_one"), thread=ThreadId("th_one"))


async def test_a_conversation_is_kept_once_and_a_report_is_forgotten(scene: Scene) -> None:
    async with scene.house.db.transaction(TRUST) as tx:
        assert await case_store.add_mailed(tx, "cs_one", PLACE, NOW)
        assert not await case_store.add_mailed(tx, "cs_two", PLACE, NOW)
        await case_store.add_written(tx, "cs_three", b"sealed", NOW)
        assert (await case_store.report(tx, "cs_one")) == case_store.Report(id="cs_one", place=PLACE, sealed=None)
        assert await case_store.forget(tx, "cs_three")
        assert not await case_store.forget(tx, "cs_three")
        assert await case_store.report(tx, "cs_three") is None


async def test_a_mark_moves(scene: Scene) -> None:
    async with scene.house.db.transaction(TRUST) as tx:
        assert await case_store.mark(tx, PLACE.tenant, PLACE.account) is None
        for name in ("em_one", "em_two"):
            await case_store.set_mark(tx, PLACE.tenant, PLACE.account, EmailId(name))
        assert await case_store.mark(tx, PLACE.tenant, PLACE.account) == "em_two"
