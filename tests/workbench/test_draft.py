"""A draft is tried on the mail of the last days, on a real house."""

from collections.abc import Mapping

from gatepost import journey
from gatepost.app.administer import set_policy
from gatepost.decide import TENANT_WIDE
from gatepost.decide.language import parse
from gatepost.decide.paper import Ruling
from gatepost.decide.trial import Change
from gatepost.deliver import hold
from gatepost.ids import AccountId
from gatepost.workbench.draft import Kind, Trial, replay_draft
from workbench import test_again
from workbench.test_again import POLICY, Scene

scene = test_again.scene
HELD = {"match": {"domain": "example.org"}, "action": "hold"}


async def tried(scene: Scene, draft: Mapping[str, object], *, above: bool = False, **asked: int | None) -> Trial:
    heard: list[tuple[int, int]] = []
    account = AccountId(TENANT_WIDE) if above else scene.account
    policy = parse({**POLICY, **draft}, version=0, is_tenant_wide=above)[0]
    trial = await replay_draft(
        scene.house, scene.tenant, account, policy, progress=lambda *each: heard.append(each), days=1, **asked
    )
    assert heard[-1] == (sum(trial.counts.values()),) * 2
    return trial


async def test_each_changed_decision_is_shown_and_what_cannot_be_told_is_counted_apart(scene: Scene) -> None:
    delivered = await scene.receive("\r\nhello\r\n")
    await scene.receive("\r\nhello\r\n", author="x@other.example")
    refused = await scene.receive("\r\nplease wire the money\r\n")
    trial = await tried(scene, {"senders": [HELD]})
    assert trial.counts == dict.fromkeys(Change, 0) | {Change.SAME: 1, Change.CHANGED: 1, Change.NO_TEXT: 1}
    (changed,) = trial.changed
    assert (changed.row.email, changed.tried.reason) == (delivered, "rule.held")
    assert (changed.tried.rule_then, changed.tried.rule) == ("senders[2]", "senders[0]")
    assert "@" in changed.author
    trial = await tried(scene, {"senders": [HELD], "contentGuards": []})
    assert [each.row.email for each in trial.changed] == [delivered, refused]
    assert (await tried(scene, {})).counts[Change.CHANGED] == 0


async def test_what_would_be_granted_otherwise_is_a_change(scene: Scene) -> None:
    email = await scene.receive("\r\nhello\r\n")
    more = {"match": {"domain": "example.org"}, "capabilities": ["send"], "labels": ["new"]}
    trial = await tried(scene, {"senders": [more]})
    (changed,) = trial.changed
    assert (changed.row.email, changed.tried.reason) == (email, "rule.matched")
    assert (changed.tried.terms_then, changed.tried.terms) == ("may answer", "may send; labelled new")


async def test_all_changes_are_counted_by_kind_however_few_are_listed(scene: Scene) -> None:
    for _ in range(2):
        await scene.receive("\r\nhello\r\n")
    some = await tried(scene, {"senders": [HELD]}, changes_max=1)
    every = await tried(scene, {"senders": [HELD]}, changes_max=None)
    assert (len(some.changed), len(every.changed)) == (1, 2)
    kind = Kind(("deliver", "rule.matched", "senders[2]"), ("hold", "rule.held", "senders[0]"))
    assert some.kinds == every.kinds == {kind: 2}


async def test_what_the_policy_in_force_changes_already_is_not_the_drafts_doing(scene: Scene) -> None:
    """After a change each replay told of all mail before it, whatever the draft: what that itself does was not seen."""
    await scene.receive("\r\nhello\r\n")
    tightened = {**POLICY, "senders": [HELD]}
    await set_policy(scene.house, scene.tenant, scene.account, tightened)
    same = await tried(scene, {"senders": [HELD]})
    assert (same.counts[Change.SINCE], same.counts[Change.CHANGED], same.changed, same.kinds) == (1, 0, (), {})
    other = await tried(scene, {"senders": [{**HELD, "action": "reject"}]})
    assert (other.counts[Change.SINCE], other.counts[Change.CHANGED]) == (0, 1)
    assert other.changed[0].tried.reason == "rule.rejected"


async def test_what_a_tenants_policy_in_force_changes_already_is_not_the_drafts_doing(scene: Scene) -> None:
    await scene.receive("\r\nhello\r\n")
    wide = {"senders": [{"match": {"anyone": True, "assurance": "none"}, "action": "discard"}], "contentGuards": []}
    await set_policy(scene.house, scene.tenant, AccountId(TENANT_WIDE), {**POLICY, **wide})
    trial = await tried(scene, wide, above=True)
    assert (trial.counts[Change.SINCE], trial.counts[Change.CHANGED]) == (1, 0)


async def test_what_waits_for_a_person_is_read_as_that_person_reads_it(scene: Scene) -> None:
    await set_policy(scene.house, scene.tenant, scene.account, {**POLICY, "senders": [HELD]})
    clean, found = await scene.receive("Subject: a\r\n\r\nhello\r\n"), await scene.receive("\r\ninvoice 7\r\n")
    guard = {"reject": r"invoice \d", "reason": "invoices", "action": "reject"}
    delivers = {"match": {"domain": "example.org"}}
    trial = await tried(scene, {"senders": [delivers], "contentGuards": [guard]})
    told = [(each.row.email, each.tried.reason, each.subject) for each in trial.changed]
    assert told == [(clean, "rule.matched", "a"), (found, "content.guard", "")]
    denied = Ruling(is_approved=False, by="pe_officer")
    await journey.release(scene.tenant, hold.hold_of(found), denied, scene.house, digest=None)
    assert (await tried(scene, {"senders": [delivers], "contentGuards": [guard]})).counts[Change.NO_TEXT] == 2


async def test_a_draft_of_the_tenants_policy_stands_above_the_mailboxes_own(scene: Scene) -> None:
    await scene.receive("\r\nhello\r\n")
    wide = {"senders": [{"match": {"anyone": True, "assurance": "none"}, "action": "discard"}], "contentGuards": []}
    trial = await tried(scene, wide, above=True)
    assert [each.tried.reason for each in trial.changed] == ["rule.discarded"]
