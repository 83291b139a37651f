"""A person who is one of several recipients, whose mail waits, or who is asked about: erased and held all the same."""

import psycopg
import pytest

from gatepost import access, decide, journey
from gatepost.act import petition
from gatepost.act.petition.paper import Kind as Asked
from gatepost.decide.paper import Ruling
from gatepost.deliver.hold import hold_of
from gatepost.ids import HoldId
from gatepost.mail.address import Address
from gatepost.reply import Letter, Sent
from gatepost.upkeep.retention import HoldError, Scope, erase_person, expire, place_hold, release_hold
from journeys.scene import KEY, POLICY
from outbound import BOSS, NOW, TENANT, entropy
from upkeep.retention.remembering import Remembering
from upkeep.retention.scene import Kept

ANN = Address("ann", "customer.example")
RULED = (True, False, None)
"""How a wait ends, if it does."""


async def _put(kept: Kept, **changes: object) -> None:
    both = {"domains": [ANN.domain], "addresses": [str(BOSS)]}
    document = {**POLICY, "outbound": {"recipients": both}, **changes}
    async with kept.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, kept.scene.account, document, at=NOW, actor=KEY)


async def _sent(kept: Kept, text: str = "It left today.") -> Sent:
    """Send a letter to Ann and the boss, in this order."""
    letter = Letter(
        tenant=TENANT, account=kept.scene.account, submitter=KEY, to=(ANN, BOSS), subject="zqorder", text=text
    )
    return await journey.send(letter, kept.house)


async def _rule(kept: Kept, waiting: HoldId, *, is_approved: bool) -> None:
    await journey.release(TENANT, waiting, Ruling(is_approved=is_approved, by="pe_o"), kept.house, digest=None)


async def _all_that_waits(kept: Kept) -> None:
    """Let both directions wait, and be ruled on either way; and let somebody ask about the boss."""
    async with kept.house.db.transaction(TENANT) as tx:
        await decide.put_policy(tx, kept.scene.account, {**POLICY, "senders": []}, at=NOW, actor=KEY)
        await petition.make(
            tx,
            kept.scene.account,
            Asked.SENDER,
            sender=BOSS,
            why="zqwhy",
            proposer=KEY,
            email=None,
            at=NOW,
            entropy=entropy,
        )
    await _put(kept, senders=[{"match": {"address": str(BOSS)}, "action": "hold", "capabilities": []}])
    await _sent(kept)
    async with kept.house.db.transaction(TENANT) as tx:
        await access.set_sandboxed(tx, kept.scene.account, is_sandboxed=True)
    for is_approved in RULED:
        out = (await _sent(kept, f"{is_approved}")).hold
        assert out is not None
        for text in ("zqwaits", "zqwaits\r\n" * 20_000):
            done = await kept.scene.boss_writes(text, header='X-Z: "zqcc" <zqcc@example.net>\r\n')
            if is_approved is not None:
                await _rule(kept, hold_of(done.recorded.arrived.email), is_approved=is_approved)
        if is_approved is not None:
            await _rule(kept, out, is_approved=is_approved)


async def test_nothing_of_whoever_waits_or_is_a_second_recipient_is_left(
    kept: Kept, keys: Remembering, owner_dsn: str
) -> None:
    await _all_that_waits(kept)
    await kept.index()
    words = (str(BOSS).encode(), b'["boss","example.org"]', b"zqwaits", b"zqwhy", b"zqcc")
    hiding = [each for each in keys.made if any(word in each.octets for word in words)]
    assert {"body", "hold", "opening", "petition", "submission"} <= {each.place.partition("/")[0] for each in hiding}
    await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
    left = {each.place for each in hiding if keys.opens(each) and not each.place.startswith("policy/")}
    # Of a mail to two the octets and the wait are under the first one's keys, and what was decided on the first one's
    # copy names both: of these no row is left.
    assert {place.partition("/")[0] for place in left} == {"body", "hold", "opening"}
    names = [place.rpartition("/")[2] for place in left]
    with psycopg.connect(owner_dsn) as owner:
        assert owner.execute("select ref from opening where ref = any(%s)", [names]).fetchall() == []
        assert owner.execute("select id from hold where id = any(%s)", [names]).fetchall() == []
        assert owner.execute("select email from body where email = any(%s)", [names]).fetchall() == []
    assert (await kept.verified()).findings == []


async def test_what_waited_for_an_erased_second_recipient_is_not_sent(kept: Kept) -> None:
    await _put(kept)
    async with kept.house.db.transaction(TENANT) as tx:
        await access.set_sandboxed(tx, kept.scene.account, is_sandboxed=True)
    waiting = (await _sent(kept)).hold
    assert waiting is not None
    await kept.index()
    await erase_person(kept.keeper, TENANT, BOSS, actor="operator")
    with pytest.raises(LookupError):
        await _rule(kept, waiting, is_approved=True)
    assert (await kept.rows())["submission"] == 0


async def test_what_a_held_person_got_with_another_is_kept_whoever_is_erased_and_however_old(kept: Kept) -> None:
    await _put(kept, auditLog={"retentionDays": 30})
    await _sent(kept)
    await kept.index()
    matter = await place_hold(kept.keeper, TENANT, Scope(person=BOSS), reason="Matter 7", actor="operator")
    before = await kept.rows()
    octets = {name: before[name] for name in ("body", "submission")}
    with pytest.raises(HoldError, match=matter.id):
        await erase_person(kept.keeper, TENANT, ANN, actor="operator")
    kept.later(days=400)
    await expire(kept.keeper, await kept.tenant())
    after = await kept.rows()
    assert {name: after[name] for name in octets} == octets
    await release_hold(kept.keeper, TENANT, matter.id, actor="operator")
    await expire(kept.keeper, await kept.tenant())
    assert (await kept.rows())["body"] == 0
