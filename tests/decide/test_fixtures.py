"""A described mail is judged as a real one."""

import pytest

from decide.scene import document, policy
from gatepost.decide.fixtures import read_fixtures, read_mail, run, see_mail
from gatepost.decide.language import PolicyError, parse

BOSS = {"from": "boss@example.com"}


def fixture(expect: dict[str, object], **mail: object) -> dict[str, object]:
    return {"name": "t", "mail": {**BOSS, **mail}, "expect": expect}


def test_an_expectation_that_does_not_hold_is_told_in_words() -> None:
    (tried,) = run(policy(capabilities=["reply"]), [fixture({"action": "hold", "rule": 0, "capabilities": []})])
    assert tried.faults == ("action: hold was expected, deliver came", "capabilities: none was expected, reply came")


@pytest.mark.parametrize(
    ("proof", "reason"),
    [
        ("dmarc", "rule.matched"),
        ("aligned", "rule.matched"),
        ("none", "sender.unproven"),
        ("unsettled", "sender.unsettled"),
    ],
)
def test_each_proof_is_what_a_rule_asks_for(proof: str, reason: str) -> None:
    (tried,) = run(policy(), [fixture({"reason": reason}, proof=proof)])
    assert tried.faults == ()


def test_counts_words_and_files_are_seen() -> None:
    guarded = policy(rateLimit={"perHour": 2}, guards=[{"reject": "money", "reason": "r", "in": ["attachments"]}])
    file = {"name": "a.pdf", "type": "application/pdf", "text": "money"}
    assert run(guarded, [fixture({"reason": "content.guard"}, attachments=[file])])[0].faults == ()
    assert run(guarded, [fixture({"reason": "rate.per_hour"}, counts={"hour": 2})])[0].faults == ()
    assert see_mail({**BOSS, "tls": False}).is_encrypted is False


@pytest.mark.parametrize("per", ["author", "domain", "rule"])
def test_counts_are_those_of_the_window_the_rule_counts_in(per: str) -> None:
    limited = policy(name="boss", rateLimit={"perHour": 2, "per": per})
    told = [fixture({"action": action}, counts={"hour": hour}) for hour, action in ((1, "deliver"), (2, "defer"))]
    assert [tried.faults for tried in run(limited, told)] == [(), ()]


def test_what_a_file_begins_as_is_seen() -> None:
    careful = policy(action="reject", when={"attachmentTypes": [".exe"]})
    file = {"name": "a.pdf", "type": "application/pdf"}
    [innocent, program] = run(
        careful,
        [
            fixture({"reason": "sender.unmatched"}, attachments=[file]),
            fixture({"reason": "rule.rejected"}, attachments=[{**file, "begins": "mz"}]),
        ],
    )
    assert (innocent.faults, program.faults) == ((), ())


def test_tests_inside_a_policy_are_no_part_of_its_digest() -> None:
    inside = {**document(), "tests": [fixture({"action": "deliver"})]}
    assert parse(inside, version=1)[0].digest == parse(document(), version=1)[0].digest
    assert len(read_fixtures(inside)) == len(read_fixtures(inside["tests"])) == 1


@pytest.mark.parametrize("bad", [None, 7, {}, [{}], {"tests": "x"}])
def test_what_is_no_test_is_refused_in_words(bad: object) -> None:
    with pytest.raises(PolicyError):
        read_fixtures(bad)
    with pytest.raises(PolicyError):
        read_mail(bad)
