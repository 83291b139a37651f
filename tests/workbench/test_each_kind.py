"""Every kind of decision that a house can write comes out again, or says why it cannot: whole, with real mail."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from decide.test_order import walks
from gatepost import access, decide, journey
from gatepost.db import Database
from gatepost.decide.language import parse
from gatepost.decide.order import INWARD, OUTWARD
from gatepost.decide.paper import Ruling
from gatepost.decide.replay import Verdict
from gatepost.decide.trial import Change
from gatepost.deliver import hold
from gatepost.deliver.paper import HoldState
from gatepost.ids import EmailId
from gatepost.reply import ReplyRefusedError, Voice
from gatepost.workbench.again import Case, replay_entries
from gatepost.workbench.draft import Trial, replay_draft
from journeys.scene import KEY, POLICY, Scene, open_scene
from outbound import NOW, TENANT, smtp_sink
from workbench.test_again import TEXT_GONE

OUTBOUND = {"cardNumbers": "reject", "external": "deliver", "recipients": {"thread": True}}


@pytest.fixture
async def scene(db: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    async with smtp_sink() as sink, open_scene(db, tmp_path, sink_port=sink.port) as opened:
        yield opened


async def put(scene: Scene, **changes: object) -> None:
    async with scene.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, scene.account, {**POLICY, **changes}, at=NOW, actor=KEY)


async def cases(scene: Scene) -> list[Case]:
    """Return every decision there is, replayed."""
    async with scene.house.db.transaction(TENANT) as tx:
        rows = await tx.all("select distinct email from decision_row where tenant = %(tenant)s")
    return [case for row in rows for case in await replay_entries(scene.house, TENANT, email=EmailId(row.email))]


async def rule(scene: Scene, *, is_approved: bool) -> None:
    async with scene.house.db.transaction(TENANT) as tx:
        (waiting,) = (await hold.page(tx, scene.account, state=HoldState.WAITING, limit=9)).holds
    ruling = Ruling(is_approved=is_approved, by="ky_person")
    await journey.release(TENANT, waiting.id, ruling, scene.house, digest=waiting.digest)


async def test_every_kind_of_decision_comes_out_again_or_says_why_not(scene: Scene) -> None:
    parent = await scene.boss_asks()
    await scene.agent_says(parent, "By the house's own rules.")
    await put(scene, outbound=OUTBOUND)
    await scene.agent_says(parent, "Yes.")
    await scene.agent_says(parent, "No such thing.", Voice.BOUNCE)
    with pytest.raises(ReplyRefusedError):
        await scene.agent_says(parent, "Pay with 4111 1111 1111 1111.")
    await put(scene, outbound={"recipients": {"domains": ["elsewhere.example"]}})
    with pytest.raises(ReplyRefusedError):
        await scene.agent_says(parent, "Not to you.")
    await put(scene, outbound={"recipients": {"thread": True}, "rateLimit": {"perAgent": {"perHour": 1}}})
    with pytest.raises(ReplyRefusedError):
        await scene.agent_says(parent, "Too much.")
    await put(scene, outbound={"external": "hold"})
    for is_approved in (True, False):
        await scene.agent_says(parent, f"May I? {is_approved}")
        await rule(scene, is_approved=is_approved)
    async with scene.house.db.transaction(TENANT) as tx:
        await access.set_sandboxed(tx, scene.account, is_sandboxed=True)
    await put(scene, outbound=OUTBOUND)
    await scene.agent_says(parent, "From the sandbox.")
    await rule(scene, is_approved=True)
    for action in ("hold", "defer", "discard", "reject"):
        await put(scene, senders=[{"match": {"domain": "example.org"}, "action": action}])
        await scene.boss_writes()
        if action == "hold":
            await rule(scene, is_approved=True)
    await put(scene, senders=[])
    await scene.boss_writes()
    found = await cases(scene)
    told = {(case.row.is_outbound, case.row.reason): (case.replayed.verdict, case.replayed.why) for case in found}
    for case in found:
        assert walks(OUTWARD if case.row.is_outbound else INWARD, case.row.trace)
        if case.replayed.verdict is not Verdict.SAME:
            assert case.replayed.verdict is Verdict.UNDECIDABLE, (case.row.reason, case.replayed.why)
    assert {key for key, (verdict, _) in told.items() if verdict is Verdict.SAME} >= {
        (True, "reply.to_author"),
        (True, "recipient.unlisted"),
        (True, "send.rate_agent"),
        (True, "recipient.external"),
        (True, "hold.approved"),
        (False, "rule.matched"),
        (False, "rule.held"),
        (False, "hold.approved"),
        (False, "rule.deferred"),
        (False, "rule.discarded"),
        (False, "rule.rejected"),
        (False, "sender.unmatched"),
    }
    assert told[True, "leak.card_number"] == (Verdict.UNDECIDABLE, TEXT_GONE)


async def test_what_left_is_tried_under_a_drafts_outbound_half(scene: Scene) -> None:
    """A draft that lets nothing out was said to change nothing."""
    parent = await scene.boss_asks()
    await scene.agent_says(parent, "Yes, at ten.")
    (one,) = (await tried(scene, {"external": "hold"})).changed
    assert (one.row.is_outbound, one.tried.reason) == (True, "recipient.external")
    assert (one.tried.terms_then, one.tried.terms) == ("", "waits 7 days, then is refused")
    assert (await tried(scene, {"cardNumbers": "reject"})).counts[Change.CHANGED] == 0
    for name, asked in {"otherCorrespondents": "reject", "recipients": {"thread": True}}.items():
        assert (await tried(scene, {name: asked})).counts[Change.UNDECIDABLE] == 1
    await put(scene, outbound=OUTBOUND)
    await scene.agent_says(parent, "Yes, at eleven.")
    trial = await tried(scene, {"recipients": {"thread": True}, "footer": "The agents"})
    assert [each.tried.reason for each in trial.changed] == ["footer.missing"]
    assert trial.counts[Change.UNDECIDABLE] == 1


async def tried(scene: Scene, outbound: dict[str, object]) -> Trial:
    policy = parse({**POLICY, "outbound": outbound}, version=0)[0]
    return await replay_draft(scene.house, TENANT, scene.account, policy, days=1, progress=lambda *_: None)
