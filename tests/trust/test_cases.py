from datetime import UTC, datetime, timedelta

from gatepost.ids import EntryId
from gatepost.record.trust_log import Fact, Stated
from gatepost.trust import cases
from gatepost.trust.cases import Case, Ending, Sort, Way

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def folded(*facts: Fact) -> Case:
    rows = [
        Stated(EntryId(number), None, fact.at, fact.action, fact.object_ref, fact.detail)
        for number, fact in enumerate(facts)
    ]
    (found,) = cases.cases_of(rows)
    return found


def test_a_case_is_what_its_leaves_say_in_order() -> None:
    first = cases.received("cs_one", sort=Sort.SECURITY, way=Way.MAIL, at=AT, arrived_at=AT)
    assert folded(first).state(AT + DAY, DAY) == "waiting"
    assert folded(first).state(AT + DAY + timedelta(seconds=1), DAY) == "overdue"
    second = cases.acknowledged(folded(first), by="member 4", at=AT + 2 * DAY)
    assert folded(first, second).state(AT + 3 * DAY, DAY) == "acknowledged late"
    third = cases.closed(folded(first, second), ending=Ending.FIXED, by="member 4", at=AT + 3 * DAY)
    assert folded(first, second, third).state(AT + 3 * DAY, DAY) == "closed"
    assert folded(first, second, third).waited(AT + 9 * DAY) == 2 * DAY


def test_a_leaf_of_a_case_nobody_opened_says_nothing() -> None:
    stray = Stated(EntryId(1), None, AT, cases.ACKNOWLEDGED, "cs_none", {"by": "member 4"})
    assert cases.cases_of([stray]) == []


def test_spam_needs_no_answer() -> None:
    first = cases.received("cs_one", sort=Sort.ABUSE, way=Way.FORM, at=AT, arrived_at=AT + DAY)
    gone = folded(first, cases.closed(folded(first), ending=Ending.SPAM, by="member 4", at=AT))
    assert gone.waited(AT + DAY) == timedelta()
