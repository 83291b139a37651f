"""What lets in more waits for a second person, is bound to what was seen, and is put in force once."""

import asyncio
import json
from typing import Any

import pytest

from gatepost import access, decide
from gatepost.decide import TENANT_WIDE, PolicyError, Stored, store
from gatepost.ids import AccountId, KeyId, ProposalId
from gatepost.mail.address import Address
from gatepost.workbench import Bench, change, proposal_store, run, run_store
from gatepost.workbench.change import Wish
from gatepost.workbench.paper import (
    ChangedError,
    OutdatedError,
    Proposal,
    ProposalError,
    ProposalState,
    RunState,
    SamePersonError,
    SettledError,
    TooManyError,
    UnjudgedError,
)
from gatepost.workbench.proposal import WAITING_MAX, Ruling, get, is_outdated, put_or_propose, rule
from workbench import test_again
from workbench.test_again import POLICY

ONE, OTHER = KeyId("ky_one"), KeyId("ky_other")
WIDER = {**POLICY, "senders": [*POLICY["senders"], {"match": {"domain": "new.example"}}]}
NARROWER = {**POLICY, "senders": POLICY["senders"][:1]}
UNDECIDED = {**NARROWER, "outbound": {"recipients": {"domains": ["new.example"]}}}
bare = test_again.scene


class Scene(test_again.Scene):
    """A mailbox under a policy, of a tenant that wants a second person."""

    async def put(self, document: object, *, by: KeyId = ONE, account: AccountId | None = None) -> Stored | Proposal:
        whose = self.account if account is None else account
        return await put_or_propose(
            self.house, self.tenant, Wish(account=whose, document=document, actor=by, why="needed"), Bench()
        )

    async def propose(self, document: object = WIDER) -> Proposal:
        came = await self.put(document)
        assert isinstance(came, Proposal)
        return came

    async def replayed(self, wanted: Proposal) -> None:
        """Let its replay come to its end, as the jobs of a running house do."""
        await run.go_on(self.house, self.tenant, wanted.replay)

    async def rule(self, wanted: Proposal, *, by: KeyId = OTHER, is_replayed: bool = True, **said: Any) -> Proposal:
        if is_replayed:
            await self.replayed(wanted)
        ruling = Ruling(**{"is_approved": True, "by": by, "digest": wanted.digest, **said})
        async with self.house.db.transaction(self.tenant) as tx:
            return await rule(tx, self.house, wanted.id, ruling)

    async def live(self) -> Stored:
        async with self.house.db.transaction(self.tenant) as tx:
            found = await decide.get_policy(tx, self.account)
        assert found is not None
        return found

    async def said_last(self) -> dict[str, Any]:
        """Return what the newest entry tells everybody."""
        async with self.house.db.transaction(self.tenant) as tx:
            row = await tx.one("select leaf from entry where tenant = %(tenant)s order by id desc limit 1")
        return dict(json.loads(row.leaf)["detail"])

    async def actions(self) -> list[str]:
        async with self.house.db.transaction(self.tenant) as tx:
            rows = await tx.all("select leaf from entry where tenant = %(tenant)s order by id")
        return [json.loads(row.leaf)["action"] for row in rows]


@pytest.fixture
async def scene(bare: test_again.Scene) -> Scene:
    async with bare.house.db.transaction(bare.tenant) as tx:
        assert await access.set_second_person(tx, is_needed=True)
        assert not await access.set_second_person(tx, is_needed=True)
    return Scene(bare.house, bare.tenant, bare.account)


async def test_without_the_tenants_wish_nothing_waits(bare: test_again.Scene) -> None:
    assert isinstance(await Scene(bare.house, bare.tenant, bare.account).put(WIDER), Stored)


async def test_only_what_is_proven_not_to_widen_is_in_force_at_once(scene: Scene) -> None:
    assert isinstance(await scene.put(NARROWER), Stored)
    for document, verdict in ((POLICY, "wider"), (UNDECIDED, "undecided")):
        waiting = await scene.propose(document)
        assert (waiting.verdict.value, waiting.live_version, waiting.state) == (verdict, 2, ProposalState.WAITING)
    assert (await scene.live()).version == 2
    with pytest.raises(PolicyError):
        await scene.put({"defaultAction": "later"})
    with pytest.raises(PolicyError):
        await put_or_propose(
            scene.house, scene.tenant, Wish(account=scene.account, document=WIDER, actor=ONE, why="\n"), Bench()
        )
    assert (await scene.actions())[-2:] == ["policy.propose"] * 2


async def test_a_mailboxs_first_policy_waits_and_the_first_above_them_does_not(scene: Scene) -> None:
    async with scene.house.db.transaction(scene.tenant) as tx:
        other = await access.add_account(tx, Address("new", "gatepost.test"), at=scene.house.clock())
    assert isinstance(await scene.put(POLICY, account=other.id), Proposal)
    assert isinstance(await scene.put(POLICY, account=TENANT_WIDE), Stored)
    assert isinstance(await scene.put(WIDER, account=TENANT_WIDE), Proposal)


async def test_a_second_person_puts_it_in_force_and_each_step_is_an_entry(scene: Scene) -> None:
    waiting = await scene.propose()
    done = await scene.rule(waiting)
    assert (done.state, done.settled_by, done.version) == (ProposalState.APPROVED, OTHER, 2)
    assert (await scene.live()).document == WIDER
    async with scene.house.db.transaction(scene.tenant) as tx:
        assert await get(tx, waiting.id) == done
        signed = (await decide.policy_history(tx, scene.account))[0]
        assert (signed.version.actor, signed.version.why, signed.is_genuine(tx.vault)) == (OTHER, "needed", True)
        replay = await run_store.get(tx, waiting.replay)
    assert replay is not None
    assert replay.document == WIDER
    assert (await scene.actions())[-3:] == ["policy.propose", "policy.set", "policy.approve"]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"by": ONE}, SamePersonError),
        ({"is_agent": True}, SamePersonError),
        ({"is_agent": True, "is_approved": False}, SamePersonError),
        ({"digest": "0" * 64}, ChangedError),
        ({"digest": None}, ChangedError),
    ],
)
async def test_a_ruling_that_may_not_be_changes_nothing(
    scene: Scene, said: dict[str, Any], error: type[ProposalError]
) -> None:
    waiting = await scene.propose()
    before = await scene.actions()
    with pytest.raises(error):
        await scene.rule(waiting, **said)
    assert (await scene.live()).version == 1
    assert await scene.actions() == before
    assert (await scene.rule(waiting)).version == 2


async def test_two_keys_of_one_person_are_one_person(scene: Scene) -> None:
    made: list[KeyId] = []
    house = scene.house
    async with house.db.transaction(scene.tenant) as tx:
        for name in ("boss@people.test", "officer@people.test"):
            person = await access.add_person(
                tx, Address.parse(name), access.Role.OWNER, at=house.clock(), entropy=house.entropy
            )
            for _ in range(2):
                key, _ = await access.add_key(
                    tx, person.role, label="k", at=house.clock(), entropy=house.entropy, person=person
                )
                made.append(key.id)
    first, second, of_another, _ = made
    waiting = await scene.put(WIDER, by=first)
    assert isinstance(waiting, Proposal)
    with pytest.raises(SamePersonError):
        await scene.rule(waiting, by=second)
    assert (await scene.rule(waiting, by=of_another)).version == 2


async def test_an_approval_waits_for_the_replay_or_says_that_it_does_without(scene: Scene) -> None:
    waiting = await scene.propose()
    before = await scene.actions()
    with pytest.raises(UnjudgedError) as refused:
        await scene.rule(waiting, is_replayed=False)
    assert refused.value.replay == "running"
    async with scene.house.db.transaction(scene.tenant) as tx:
        await run_store.finish(tx, waiting.replay, RunState.FAILED, "it broke", at=scene.house.clock())
    with pytest.raises(UnjudgedError) as refused:
        await scene.rule(waiting)
    assert refused.value.replay == "failed"
    assert (await scene.live()).version == 1
    assert await scene.actions() == before
    assert (await scene.rule(waiting, is_replayed=False, without_replay=True)).version == 2
    assert (await scene.said_last())["replay"] == "failed"


async def test_a_refusal_waits_for_no_replay(scene: Scene) -> None:
    waiting = await scene.propose()
    refused = await scene.rule(waiting, is_replayed=False, is_approved=False, digest=None)
    assert refused.state is ProposalState.REFUSED


async def test_what_a_waiting_proposal_shows_cannot_be_taken_away(scene: Scene) -> None:
    waiting = await scene.propose()
    async with scene.house.db.transaction(scene.tenant) as tx:
        assert not await run_store.remove(tx, waiting.replay)
    await scene.rule(waiting)
    assert (await scene.said_last())["replay"] == "done"
    async with scene.house.db.transaction(scene.tenant) as tx:
        assert await run_store.remove(tx, waiting.replay)


async def test_it_is_refused_once_and_its_proposer_may_take_it_back(scene: Scene) -> None:
    for by in (OTHER, ONE):
        waiting = await scene.propose()
        refused = await scene.rule(waiting, by=by, is_approved=False, digest=None)
        assert (refused.state, refused.version) == (ProposalState.REFUSED, None)
        with pytest.raises(SettledError):
            await scene.rule(waiting)
    assert (await scene.live()).version == 1
    with pytest.raises(LookupError):
        async with scene.house.db.transaction(scene.tenant) as tx:
            await rule(tx, scene.house, ProposalId("pp_none"), Ruling(is_approved=False, by=OTHER))


async def test_when_the_live_version_moved_on_it_must_be_compared_anew(scene: Scene) -> None:
    waiting = await scene.propose()
    await scene.put(NARROWER)
    async with scene.house.db.transaction(scene.tenant) as tx:
        assert await is_outdated(tx, waiting)
    with pytest.raises(OutdatedError):
        await scene.rule(waiting)
    assert (await scene.live()).document == NARROWER
    again = await scene.propose()
    assert again.digest != waiting.digest
    assert (await scene.rule(again)).version == 3


async def test_of_two_approvals_at_once_one_puts_one_version_in_force(scene: Scene) -> None:
    waiting, twin = await scene.propose(), await scene.propose()
    same = [scene.rule(waiting, by=KeyId(f"ky_{number}")) for number in range(4)]
    came = await asyncio.gather(*same, scene.rule(twin), return_exceptions=True)
    done = [each for each in came if isinstance(each, Proposal)]
    assert len(done) == 1
    assert {type(each) for each in came if not isinstance(each, Proposal)} <= {SettledError, OutdatedError}
    assert (await scene.live()).version == 2
    assert (await scene.actions()).count("policy.approve") == 1


async def test_a_way_back_to_more_waits_too(scene: Scene) -> None:
    await scene.put(NARROWER)
    async with scene.house.db.transaction(scene.tenant) as tx:
        back = await change.wish_back(tx, scene.account, 1, actor=ONE)
    waiting = await put_or_propose(scene.house, scene.tenant, back, Bench())
    assert isinstance(waiting, Proposal)
    assert (waiting.document, waiting.why) == (POLICY, "back to version 1")


async def test_what_is_in_force_and_unreadable_is_compared_with_nothing(scene: Scene) -> None:
    async with scene.house.db.transaction(scene.tenant) as tx:
        await store.add_version(
            tx, scene.account, digest="", document={}, warnings=[], at=scene.house.clock(), actor=ONE
        )
    waiting = await scene.propose(NARROWER)
    assert (waiting.verdict.value, waiting.doubt) == (
        "undecided",
        "the policy in force cannot be read by this release",
    )
    assert (await scene.rule(waiting)).version == 3


async def test_not_everything_waits_for_ever(scene: Scene) -> None:
    made = [await scene.propose() for _ in range(WAITING_MAX)]
    with pytest.raises(TooManyError):
        await scene.propose()
    await scene.rule(made[0], is_approved=False)
    await scene.propose()
    async with scene.house.db.transaction(scene.tenant) as tx:
        waiting = await proposal_store.page(tx, scene.account, state=ProposalState.WAITING, limit=99)
        assert len(waiting) == WAITING_MAX
        assert len(await proposal_store.page(tx, None, state=None, limit=99)) == WAITING_MAX + 1
        assert await proposal_store.page(tx, AccountId(scene.account + 1), state=None, limit=9) == []
