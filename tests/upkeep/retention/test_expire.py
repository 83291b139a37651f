import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from act.scene import until
from gatepost import access, decide, journey, mailbox
from gatepost.act.tell import forget_old
from gatepost.app.chores import Staff, chores_of, expire_all, fates
from gatepost.app.past import Past
from gatepost.decide.paper import Ruling
from gatepost.deliver.hold import HoldMissingError, get, hold_of
from gatepost.ids import EmailId
from gatepost.keys import ErasedError, Kind
from gatepost.mailbox.body import object_path
from gatepost.upkeep.retention import Expired, Scope, erase_person, expire, place_hold, release_hold
from journeys.scene import KEY, POLICY
from outbound import BOSS, TENANT
from upkeep.retention.scene import REMAINS, Kept, stranger_writes

PLAN_DAYS, POLICY_DAYS = 365, 30
"""The scene's tenant is on the plan team; its mailbox's policy says thirty days."""


async def _aged(kept: Kept, **time: float) -> None:
    """Let mail arrive, be answered, and grow old."""
    first = await kept.scene.boss_asks()
    await kept.scene.boss_asks(text="large\r\n" * 20_000)
    await kept.scene.agent_says(first, "On Tuesday.")
    await kept.index()
    kept.later(**time)


async def test_what_is_young_stays(kept: Kept) -> None:
    await _aged(kept, days=POLICY_DAYS - 1)
    before = await kept.rows()
    assert await expire(kept.keeper, await kept.tenant()) == Expired()
    assert await kept.rows() == before


async def test_a_policys_limit_takes_the_records_words_and_leaves_the_mail(kept: Kept) -> None:
    await _aged(kept, days=POLICY_DAYS, seconds=10)
    before = await kept.rows()
    done = await expire(kept.keeper, await kept.tenant())
    assert done.openings >= 3
    assert done.messages == 0
    after = await kept.rows()
    assert after == {**before, "opening": before["opening"] - done.openings + 1}
    (leaf,) = await kept.leaves("record.expired")
    assert leaf["detail"]["rule"] == "policy"
    assert leaf["detail"]["accounts"] == [kept.scene.account]
    assert leaf["detail"]["days"] == POLICY_DAYS
    assert (await kept.verified()).findings == []


async def test_the_record_of_a_removed_tenant_goes_by_its_plan_and_a_person_can_be_erased_from_it(kept: Kept) -> None:
    await _aged(kept, days=1)
    async with kept.house.db.transaction(TENANT) as tx:
        await access.remove_tenant(tx, at=kept.house.clock())
    (former,) = await access.list_recorded(kept.house.db)
    assert (former.id, former.plan) == (TENANT, "team")
    assert (await erase_person(kept.keeper, former.id, BOSS, actor="operator")).openings >= 2
    await kept.index()
    kept.later(days=PLAN_DAYS + 12)
    await expire_all(kept.keeper)
    assert (await kept.rows())["body"] == (await kept.rows())["email"] == 0
    assert "2026-11" not in kept.keeper.own.keys.names(TENANT, Kind.EPOCH)
    assert (await kept.verified()).findings == []


@pytest.mark.parametrize("is_mended", [False, True])
async def test_a_clock_that_is_ahead_removes_nothing_and_destroys_no_key(
    kept: Kept, tmp_path: Path, *, is_mended: bool
) -> None:
    """A house whose clock was eight days ahead when it started lost all its mail, which was minutes old."""
    await _aged(kept, minutes=5)
    past, stop = Past(tmp_path, kept.house.clock, lambda: 5.0), asyncio.Event()
    past.confirm()
    house = replace(kept.house, past=past)
    keeper = replace(kept.keeper, past=past)
    await kept.house.blobs.write(object_path(TENANT, EmailId("em_undecided")), b"Its decision is under way.")
    octets = await _octets(kept)
    before = (await kept.reached(), keeper.own.keys.names(TENANT, Kind.EPOCH))
    kept.later(days=400)
    chores = chores_of(house, keeper, past)

    async def all_done() -> bool:
        return all(each.value for each in chores.metrics()[0].samples if each.labels["end"] == "done")

    async with asyncio.TaskGroup() as group:
        group.create_task(chores.run(stop))
        await until(all_done)
        stop.set()
    await forget_old(house)
    (figure,) = Staff(keeper, chores).metrics()[-1].samples
    assert figure.value == pytest.approx(400 * 86_400, abs=120)
    if is_mended:
        kept.later(days=-400)
        await expire_all(keeper)
    after = (await kept.reached(), keeper.own.keys.names(TENANT, Kind.EPOCH))
    assert {name: count - after[0][name] for name, count in before[0].items() if count > after[0][name]} == {}
    assert set(before[1]) <= set(after[1])
    assert await _octets(kept) == octets
    assert await kept.leaves("record.expired") == await kept.leaves("keys.expired") == []
    if not is_mended:  # what was held back is what would have gone
        await expire_all(kept.keeper)
        assert (await kept.rows())["email"] == 0


async def test_mail_that_came_while_the_clock_was_behind_keeps_the_key_of_the_month_it_is_dated_in(kept: Kept) -> None:
    """It was gone with the key of a month long past, though it had come that day."""
    await kept.scene.boss_asks()
    kept.later(days=-2 * PLAN_DAYS)
    behind = await kept.scene.boss_asks(text="by a clock that was behind")
    kept.later(days=2 * PLAN_DAYS)
    await kept.index()
    (month,) = [name for name in kept.keeper.own.keys.names(TENANT, Kind.EPOCH) if name < "2026"]
    await expire_all(kept.keeper)
    assert (await kept.scene.kept(behind)).subject == "The meeting"
    assert month in kept.keeper.own.keys.names(TENANT, Kind.EPOCH)
    kept.later(days=PLAN_DAYS + 1)
    await expire_all(kept.keeper)
    assert (await kept.rows())["email"] == 0
    assert month not in kept.keeper.own.keys.names(TENANT, Kind.EPOCH)


async def _octets(kept: Kept) -> list[str]:
    """Return the names of all bodies in the object store, one that nobody decided on among them."""
    later = kept.scene.clock.now.replace(year=2999)
    return sorted([path async for page in kept.house.blobs.names("bodies", later) for path in page])


async def test_the_plans_limit_takes_all_and_then_the_keys_of_the_month(kept: Kept) -> None:
    await _aged(kept, days=PLAN_DAYS, seconds=10)
    done = await expire(kept.keeper, await kept.tenant())
    assert done.messages == 2
    assert done.months == ()  # the month was not over then
    after = await kept.rows()
    assert {name: count for name, count in after.items() if name not in REMAINS} == {
        "email": 0,
        "body": 0,
        "submission": 0,
        "email_words": 0,
        "unindexed": 0,
    }
    later = kept.scene.clock.now.replace(year=2999)
    assert [page async for page in kept.house.blobs.names("bodies", later) if page] == []
    assert (await kept.verified()).findings == []
    assert kept.keeper.own.keys.names(TENANT, Kind.EPOCH)[0] == "2026-11"
    kept.later(days=11)
    assert (await expire(kept.keeper, await kept.tenant())).months == ("2026-11",)
    assert "2026-11" not in kept.keeper.own.keys.names(TENANT, Kind.EPOCH)
    (leaf,) = await kept.leaves("keys.expired")
    assert leaf["detail"]["months"] == ["2026-11"]
    assert (await kept.verified()).findings == []


async def test_a_copy_of_a_row_opens_until_the_month_is_over_and_never_after(kept: Kept) -> None:
    await _aged(kept, days=PLAN_DAYS, seconds=10)
    async with kept.house.db.transaction(TENANT) as tx:
        copy = await tx.one("select id, sealed from email where tenant = %(tenant)s order by seq limit 1")
    vault = kept.keeper.own.keys.vault(TENANT)
    await expire(kept.keeper, await kept.tenant())
    assert b"The meeting" in vault.open(f"email/{copy.id}", bytes(copy.sealed))
    kept.later(days=11)
    await expire(kept.keeper, await kept.tenant())
    with pytest.raises(ErasedError):
        kept.keeper.own.keys.vault(TENANT).open(f"email/{copy.id}", bytes(copy.sealed))


async def test_a_list_that_is_read_while_its_messages_expire_ends_where_what_is_left_ends(kept: Kept) -> None:
    await kept.scene.boss_asks()
    await _aged(kept, days=PLAN_DAYS - 1)
    left = await kept.scene.boss_asks()
    query = mailbox.parse_query("from:boss@example.org")
    async with kept.house.db.transaction(TENANT) as tx:
        listed = await mailbox.page(tx, kept.scene.account, limit=2)
        found = await mailbox.search(tx, kept.scene.account, query, limit=2)
    assert listed.after is not None
    assert found.after is not None
    kept.later(days=2)
    assert (await expire(kept.keeper, await kept.tenant())).messages >= 3
    async with kept.house.db.transaction(TENANT) as tx:
        assert await mailbox.page(tx, kept.scene.account, limit=2, cursor=listed.after) == ([], None)
        more = await mailbox.search(tx, kept.scene.account, query, limit=2, cursor=found.after)
        assert (more.emails, more.after) == ((), None)
        assert [each.id for each in (await mailbox.page(tx, kept.scene.account, limit=2)).emails] == [left]


async def test_a_dry_run_counts_and_changes_nothing(kept: Kept) -> None:
    await _aged(kept, days=PLAN_DAYS + 11)
    before = await kept.rows()
    would = await expire(kept.keeper, await kept.tenant(), dry_run=True)
    assert would.openings >= 3
    assert would.months == ("2026-11",)
    assert await kept.rows() == before
    assert await kept.leaves("record.expired") == []


async def test_expiry_does_not_feed_itself(kept: Kept) -> None:
    await _aged(kept, days=PLAN_DAYS, seconds=10)
    await expire(kept.keeper, await kept.tenant())
    for _ in range(3):
        await kept.sequencer.sequence(TENANT)
        kept.later(days=PLAN_DAYS + 31)
        await expire(kept.keeper, await kept.tenant())
    assert (
        len(await kept.leaves("record.expired")) == 2
    )  # the policy's and the plan's, and none of these for the others


@pytest.mark.parametrize("which", ["all", "mailbox", "person"])
async def test_what_is_held_stays_and_goes_once_it_is_released(kept: Kept, which: str) -> None:
    scope = {"all": Scope(), "mailbox": Scope(account=kept.scene.account), "person": Scope(person=BOSS)}[which]
    hold = await place_hold(kept.keeper, TENANT, scope, reason="Matter 7", actor="operator")
    await stranger_writes(kept.scene)
    await _aged(kept, days=PLAN_DAYS + 40)
    done = await expire(kept.keeper, await kept.tenant())
    assert (done.messages, done.months) == (0, ())
    assert (await kept.rows())["email"] == 2
    found = await kept.scene.kept(await _first(kept))
    assert found.subject == "The meeting"
    await release_hold(kept.keeper, TENANT, hold.id, actor="operator")
    done = await expire(kept.keeper, await kept.tenant())
    assert done.messages == 2
    assert "2026-11" in done.months
    assert (await kept.verified()).findings == []


async def test_what_waited_and_was_refused_keeps_its_octets_while_a_legal_hold_is_in_force(kept: Kept) -> None:
    """They went with the wait: nobody looked for a week, and what a court asked for was gone."""
    held_by = {**POLICY, "senders": [{"match": {"address": "boss@example.org"}, "action": "hold", "capabilities": []}]}
    async with kept.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, kept.scene.account, held_by, at=kept.scene.clock.now, actor=KEY)
    small, large = (await kept.scene.boss_writes("small"), await kept.scene.boss_writes("large\r\n" * 100_000))
    emails = [one.recorded.arrived.email for one in (small, large)]
    matter = await place_hold(kept.keeper, TENANT, Scope(), reason="Matter 7", actor="operator")
    no = Ruling(is_approved=False, by="house", is_expiry=True)
    for email in emails:
        await journey.release(TENANT, hold_of(email), no, kept.house, digest=None)
    assert (await kept.rows())["body"] == 1
    async with fates(kept.house, TENANT, emails) as known:
        assert known == dict.fromkeys(emails, True)
    await release_hold(kept.keeper, TENANT, matter.id, actor="operator")
    async with fates(kept.house, TENANT, emails) as known:
        assert known == dict.fromkeys(emails, False)
    await kept.index()
    kept.later(days=PLAN_DAYS + 12)
    await expire(kept.keeper, await kept.tenant())
    assert (await kept.rows())["body"] == 0


async def test_what_still_waits_when_the_plan_ends_is_said_to_wait_no_longer(kept: Kept) -> None:
    """A wait may be longer than the plan: the message was gone, and the record never said what became of it."""
    held_by = {**POLICY, "senders": [{"match": {"address": "boss@example.org"}, "action": "hold", "capabilities": []}]}
    async with kept.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, kept.scene.account, held_by, at=kept.scene.clock.now, actor=KEY)
    email = (await kept.scene.boss_writes("wait")).recorded.arrived.email
    await kept.index()
    kept.later(days=PLAN_DAYS + 1)
    await expire(kept.keeper, await kept.tenant())
    await kept.index()
    (leaf,) = await kept.leaves("hold.abandon")
    assert leaf["object_ref"] == hold_of(email)
    async with kept.house.db.transaction(TENANT) as tx:
        with pytest.raises(HoldMissingError):
            await get(tx, hold_of(email))
    assert (await kept.verified()).findings == []


async def test_what_waited_and_was_refused_is_kept_no_longer_where_nothing_must_stay(kept: Kept) -> None:
    async with kept.house.db.transaction(TENANT) as tx:
        await access.set_sandboxed(tx, kept.scene.account, is_sandboxed=True)
    sent = await kept.scene.agent_says(await kept.scene.boss_asks(), "Yes.")
    before = (await kept.rows())["body"]
    no = Ruling(is_approved=False, by="pe_officer")
    await journey.release(TENANT, hold_of(sent.email), no, kept.house, digest=None)
    assert (await kept.rows())["body"] == before - 1


async def _first(kept: Kept) -> EmailId:
    async with kept.house.db.transaction(TENANT) as tx:
        row = await tx.one("select id from email where tenant = %(tenant)s order by seq limit 1")
    return EmailId(row.id)


async def test_a_hold_of_a_person_keeps_back_nobody_else(kept: Kept) -> None:
    await place_hold(kept.keeper, TENANT, Scope(person=BOSS), reason="Matter 7", actor="operator")
    await stranger_writes(kept.scene)
    await _aged(kept, days=PLAN_DAYS + 40)
    before = await kept.rows()
    done = await expire(kept.keeper, await kept.tenant())
    assert done.openings >= 1  # the stranger's
    assert (await kept.rows())["email"] == before["email"]


async def test_a_policy_that_becomes_shorter_reaches_back(kept: Kept) -> None:
    await _aged(kept, days=20)
    assert await expire(kept.keeper, await kept.tenant()) == Expired()
    async with kept.house.db.transaction(TENANT) as tx:
        shorter = {**POLICY, "auditLog": {"retentionDays": 10}}
        await decide.put_policy(tx, kept.scene.account, shorter, at=kept.scene.clock.now, actor=KEY)
    assert (await expire(kept.keeper, await kept.tenant())).openings >= 3


async def test_past_the_plans_limit_no_table_the_keeper_reaches_knows_anybody(kept: Kept) -> None:
    await kept.turn(await kept.scene.boss_asks())
    await _aged(kept, days=PLAN_DAYS, seconds=10)
    await decide.forget_counts(kept.house.db, kept.scene.clock.now)
    before = await kept.reached()
    for name in ("turn", "turn_step", "model_call", "correspondent", "known_author"):
        assert before[name], name
    await expire(kept.keeper, await kept.tenant())
    after = await kept.reached()
    assert {name: count for name, count in after.items() if count and name not in REMAINS} == {}


async def test_whoever_wrote_lately_stays_known_and_is_held_with_all_others(kept: Kept) -> None:
    await _aged(kept, days=PLAN_DAYS, seconds=10)
    hold = await place_hold(kept.keeper, TENANT, Scope(account=kept.scene.account), reason="Matter 7", actor="operator")
    await expire(kept.keeper, await kept.tenant())
    assert (await kept.reached())["sent_message"] == 1
    await kept.scene.boss_asks()
    await release_hold(kept.keeper, TENANT, hold.id, actor="operator")
    await expire(kept.keeper, await kept.tenant())
    after = await kept.reached()
    assert (after["known_author"], after["correspondent"], after["sent_message"]) == (1, 1, 0)
