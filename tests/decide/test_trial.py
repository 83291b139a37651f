"""A draft is tried on what was seen then, and what was not looked up is not guessed."""

from decide.scene import content, evidence, inbound, policy, unproven
from decide.test_replay import seen_again, told_by
from gatepost.decide import settle
from gatepost.decide.language import Policy
from gatepost.decide.paper import Facts
from gatepost.decide.trial import Change, Pair, attempt, credit
from gatepost.verify.paper import Content, Evidence


def tried(
    live: Policy, draft: Policy, found: Evidence | None = None, said: Content | None = None
) -> tuple[Change, str]:
    decided = settle(inbound(found), live, Facts())
    came = attempt(seen_again(decided, said), Pair(draft, None), told_by(decided))
    return came.change, came.reason or came.why


def test_what_changes_is_told_and_the_same_is_the_same() -> None:
    assert tried(policy(), policy()) == (Change.SAME, "rule.matched")
    assert tried(policy(), policy(action="hold")) == (Change.CHANGED, "rule.held")
    assert tried(policy(), policy({"domain": "other.example"})) == (Change.CHANGED, "sender.unmatched")


def test_it_says_which_rule_spoke_and_which_would() -> None:
    decided = settle(inbound(), policy(), Facts())
    shut = attempt(seen_again(decided, None), Pair(policy({"domain": "other.example"}), None), told_by(decided))
    assert (shut.rule_then, shut.rule) == ("senders[0]", "")


def granted(live: Policy, draft: Policy, *, is_known: bool = True) -> tuple[Change, str, str]:
    decided = settle(inbound(), live, Facts())
    then = Pair(live, None) if is_known else None
    came = attempt(seen_again(decided, None), Pair(draft, None), told_by(decided), then)
    return came.change, came.terms_then, came.terms


def test_more_or_less_that_is_granted_is_a_change() -> None:
    few, many = policy(capabilities=["read_calendar"]), policy(capabilities=["send", "calendar.read"], labels=["x"])
    assert granted(few, many) == (Change.CHANGED, "may calendar.read", "may calendar.read, send; labelled x")
    assert granted(few, policy(capabilities=["calendar.read", "reply"])) == (Change.SAME, "", "")
    assert granted(few, many, is_known=False) == (Change.SAME, "", "")
    short, long = (policy(action="hold", hold={"expiresAfter": span}) for span in ("1h", "2h"))
    assert granted(short, long)[0] is Change.CHANGED
    assert granted(few, policy(action="reject")) == (Change.CHANGED, "may calendar.read", "")


def test_a_refused_mails_text_is_gone_and_only_a_guard_minds() -> None:
    guarded = policy(guards=[{"reject": "money", "reason": "r"}])
    change, _ = tried(policy(action="reject"), guarded)
    assert change is Change.NO_TEXT
    assert tried(policy(), guarded, evidence(), content("money")) == (Change.CHANGED, "content.guard")
    assert tried(policy(), guarded, unproven())[0] is Change.SAME


def test_what_was_not_looked_up_or_counted_then_is_not_guessed() -> None:
    change, why = tried(policy(), policy(when={"firstTime": True}))
    assert (change, why) == (Change.UNDECIDABLE, "firstTime was not looked up then")
    assert tried(policy(), policy(rateLimit={"perHour": 1}))[0] is Change.UNDECIDABLE
    per_rule = policy(name="a", rateLimit={"perHour": 1, "per": "rule"})
    assert tried(policy(rateLimit={"perHour": 1}), per_rule)[0] is Change.UNDECIDABLE
    assert tried(policy(rateLimit={"perHour": 5}), policy(rateLimit={"perHour": 3}))[0] is Change.SAME


def test_only_what_both_a_draft_and_the_policy_in_force_change_alike_was_changed_since() -> None:
    decided = settle(inbound(), policy(), Facts())
    same, held, labelled = (
        attempt(seen_again(decided, None), Pair(each, None), told_by(decided), Pair(policy(), None))
        for each in (policy(), policy(action="hold"), policy(action="hold", labels=["x"]))
    )
    assert credit(held, held).change is Change.SINCE
    assert credit(labelled, held).change is Change.CHANGED
    assert credit(held, same).change is Change.CHANGED
    assert credit(same, held).change is Change.SAME
