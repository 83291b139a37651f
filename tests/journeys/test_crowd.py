"""How much waits for a person: it fills its author's windows, and there is an end to it."""

import asyncio
from datetime import timedelta
from ipaddress import IPv4Address

import pytest

from gatepost import access, journey
from gatepost.arrive.paper import Peer
from gatepost.decide import crowd
from gatepost.decide.paper import Ruling, Waiting
from gatepost.deliver import Held, Kept, Refused, hold
from gatepost.deliver.paper import CarriedOut
from gatepost.doors.smtp import reply_for
from gatepost.ids import HoldId
from gatepost.reply.paper import ReplyRefusedError
from gatepost.workbench.again import replay_entries
from journeys.scene import Scene
from journeys.test_hold import expire
from journeys.test_ruled_late import held_mail, let_go, obey
from outbound import TENANT

STRANGER = Peer(IPv4Address("127.0.0.66"), "mx.evil.example", None)
NO = Ruling(is_approved=False, by="pe_officer")
HOUR = timedelta(hours=1)


def reasons(done: list[CarriedOut]) -> list[str]:
    return sorted(one.recorded.decision.reason.value for one in done)


async def deny(scene: Scene, waiting: HoldId) -> None:
    await journey.release(TENANT, waiting, NO, scene.house, digest=None)


async def at_once(scene: Scene, count: int = 64) -> list[CarriedOut]:
    return await asyncio.gather(*(scene.boss_writes() for _ in range(count)))


async def test_a_rate_limit_holds_for_what_waits(scene: Scene) -> None:
    """Nothing was counted before somebody let it go: a rule that held had no limit."""
    await obey(scene, action="hold", rateLimit={"perHour": 5})
    assert reasons(await at_once(scene)) == ["rate.per_hour"] * 59 + ["rule.held"] * 5
    scene.clock.move(HOUR)
    assert reasons(await at_once(scene, 8)) == ["rate.per_hour"] * 3 + ["rule.held"] * 5


async def test_what_is_let_go_counts_once_and_what_is_denied_still_counts(scene: Scene) -> None:
    await obey(scene, action="hold", rateLimit={"perHour": 3})
    first, second, _ = [await held_mail(scene) for _ in range(3)]
    assert isinstance((await let_go(scene, first)).outcome, Kept), "it does not stand in its own way"
    await deny(scene, second)
    assert reasons([await scene.boss_writes()]) == ["rate.per_hour"]
    scene.clock.move(HOUR)
    assert isinstance((await scene.boss_writes()).outcome, Held)


async def test_no_more_waits_of_one_author_than_the_house_lets(scene: Scene) -> None:
    """However many come at once; each that is ruled on makes room."""
    await obey(scene, action="hold")
    done = await at_once(scene)
    most = crowd.MOST.author
    assert reasons(done) == ["hold.full_author"] * (64 - most) + ["rule.held"] * most
    refused = next(one for one in done if isinstance(one.outcome, Refused))
    assert (reply_for(refused).code, reply_for(refused).text[:16]) == (450, "Too much for now")
    waiting = [one.outcome.hold for one in done if isinstance(one.outcome, Held)]
    await deny(scene, waiting[0])
    assert isinstance((await let_go(scene, waiting[1])).outcome, Kept)
    assert reasons(await at_once(scene, 3)) == ["hold.full_author", "rule.held", "rule.held"]
    scene.clock.move(timedelta(days=8))
    for each in waiting[2:4]:
        await expire(scene, each, after=timedelta())
    assert reasons(await at_once(scene, 3)) == ["hold.full_author", "rule.held", "rule.held"]
    for one in (done[0], refused):
        (case, *_) = await replay_entries(scene.house, TENANT, email=one.recorded.arrived.email)
        assert case.replayed.verdict == "same", case.replayed.why


async def test_a_mailbox_has_an_end_too_and_so_has_what_an_agent_proposes(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "MOST", Waiting(author=20, domain=2, mailbox=3))
    parent = await scene.boss_asks()
    async with scene.house.db.transaction(TENANT) as tx:
        await access.set_sandboxed(tx, scene.account, is_sandboxed=True)
    sent = [await scene.agent_says(parent, text) for text in ("One.", "Two.")]
    assert all(each.hold for each in sent)
    with pytest.raises(ReplyRefusedError, match=r"hold\.full_domain"):
        await scene.agent_says(parent, "Three.")
    await obey(scene, action="hold")
    assert isinstance((await scene.boss_writes()).outcome, Held)
    assert reasons([await scene.boss_writes()]) == ["hold.full_mailbox"]
    async with scene.house.db.transaction(TENANT) as tx:
        page = await hold.page(tx, scene.account, state=None, limit=10)
    assert len(page.holds) == 3


async def test_whoever_forges_a_name_fills_nobodys_window_and_takes_nobodys_place(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "MOST", Waiting(author=2, domain=3, mailbox=1_000))
    await obey(scene, match={"anyone": True, "assurance": "none"}, action="hold", rateLimit={"perHour": 2})
    forged = [await scene.boss_writes(peer=STRANGER) for _ in range(4)]
    assert reasons(forged) == ["hold.full_domain"] + ["rule.held"] * 3
    assert reasons([await scene.boss_writes() for _ in range(3)]) == ["rate.per_hour"] + ["rule.held"] * 2
