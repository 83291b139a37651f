from datetime import timedelta

import pytest

from gatepost.ids import EntryId, LeafIndex
from gatepost.record.trust_log import Stated
from gatepost.trust import notice
from outbound import NOW
from trust.test_engagement import NEW
from trust.ticking import log_after

TOLD = {"digest": notice.digest(NEW)}


def fact(number: int, action: str, days: float = 0, **detail: str) -> Stated:
    return Stated(EntryId(number), LeafIndex(number), NOW + timedelta(days=days), action, NEW.id, detail or TOLD)


@pytest.mark.parametrize(("days", "reason"), [(29, "notice.running"), (29.999, "notice.running"), (30, "")])
def test_the_clock_runs_from_the_notice_and_not_from_the_announcement(days: float, reason: str) -> None:
    case = notice.case_of([fact(1, notice.ANNOUNCED, -100), fact(2, notice.NOTICED)])
    assert notice.obstacle(case, NEW, log_after(NOW, timedelta(days=days))) == reason


def test_a_new_announcement_begins_the_clock_anew_and_leaves_what_is_engaged_in_use() -> None:
    facts = [fact(1, notice.ENGAGED, -100), fact(2, notice.ANNOUNCED, digest="other"), fact(3, notice.NOTICED)]
    case = notice.case_of(facts)
    assert case.noticed_at is None  # that notice was of something else
    assert notice.is_engaged(case, NEW)


def test_the_page_says_by_the_log_how_far_one_is() -> None:
    facts = [fact(1, notice.ANNOUNCED), fact(2, notice.NOTICED), fact(3, notice.ENGAGED, 30)]
    said = [notice.state(notice.case_of(facts[:count]), NEW) for count in range(4)]
    assert said == ["not announced", "announced", "notice since 2026-11-20", "engaged"]


def test_objections_are_open_until_settled_one_by_one() -> None:
    facts = [fact(1, notice.ANNOUNCED), fact(2, notice.NOTICED)]
    facts += [fact(3, notice.OBJECTED, objection="a"), fact(4, notice.OBJECTED, objection="b")]
    facts += [fact(5, notice.SETTLED, objection="a", outcome="exit")]
    assert notice.case_of(facts).objections == {"b"}
    assert notice.obstacle(notice.case_of(facts), NEW, log_after(NOW, timedelta(days=31))) == "objection.open"
