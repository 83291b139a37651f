"""The course of a text and the standing of a customer. Pure."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.ids import EntryId, LeafIndex
from gatepost.record.trust_log import Stated
from gatepost.trust import terms
from gatepost.trust.log_time import LogTime, Tick
from gatepost.trust.terms import Change, Course, Standing
from trust.ticking import log_after

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CHANGE = Change(
    document="terms",
    version="3",
    sha256="ab" * 32,
    effective_on=date(2026, 12, 1),
    material=True,
    rule="Changes what a customer pays",
    reason="Prices",
    decided_by="managing director",
)


def stated(action: str, at: datetime = AT, *, is_signed: bool = True, **detail: Any) -> Stated:
    return Stated(EntryId(1), LeafIndex(1) if is_signed else None, at, action, "terms", detail)


def announced(change: Change = CHANGE) -> Stated:
    return Stated(EntryId(1), LeafIndex(1), AT, terms.ANNOUNCED, "terms", change.public)


def noticed(*, is_signed: bool = True) -> Stated:
    return stated(terms.NOTICED, is_signed=is_signed, sha256=CHANGE.sha256)


def test_a_change_is_read_back_as_it_was_stated() -> None:
    assert terms.course_of([announced()]).change == CHANGE


@pytest.mark.parametrize(
    ("facts", "passed", "why"),
    [
        ([], DAY * 0, "notice.never_given"),
        ([announced()], DAY * 0, "notice.undelivered"),
        ([announced(), noticed(is_signed=False)], DAY * 40, "notice.undelivered"),
        ([announced(), noticed()], DAY * 30 - timedelta(hours=1), "notice.running"),
        ([announced(), noticed()], DAY * 30, ""),
        ([announced(replace(CHANGE, material=False)), noticed()], DAY * 0, "terms.not_yet"),
        ([announced(replace(CHANGE, material=False)), noticed()], DAY * 11, ""),
        ([announced(replace(CHANGE, sha256="00")), noticed()], DAY * 40, "notice.undelivered"),
    ],
)
def test_only_what_is_announced_told_and_waited_for_applies(facts: list[Stated], passed: timedelta, why: str) -> None:
    assert terms.obstacle(terms.course_of(facts), log_after(AT, passed)) == why


def test_a_clock_set_ahead_brings_no_version_s_day_nearer() -> None:
    course = terms.course_of([announced(replace(CHANGE, material=False)), noticed()])
    ahead = AT + DAY * 11
    assert terms.obstacle(course, LogTime(ahead, [Tick(ahead, LeafIndex(2))])) == "terms.not_yet"


def test_what_applies_goes_on_while_a_new_version_is_announced() -> None:
    facts = [announced(), noticed(), stated(terms.IN_FORCE, sha256=CHANGE.sha256)]
    found = terms.course_of([*facts, announced(replace(CHANGE, version="4", sha256="cd" * 32))])
    assert (found.in_force, found.noticed_at) == (CHANGE.sha256, None)
    assert terms.course_of([]) == Course()


@given(words=st.lists(st.sampled_from([*Standing, "announced", "nonsense"]), max_size=8))
def test_the_newest_word_on_this_text_counts_and_others_do_not(words: list[str]) -> None:
    outcomes = [f"{word} aa" for word in words] + ["closed bb"]
    known = [word for word in words if word in set(Standing)]
    assert terms.standing_of(outcomes, "aa") == (known[0] if known else Standing.TOLD)


def test_nobody_is_closed_without_an_export() -> None:
    assert [each for each, steps in terms.NEXT.items() if Standing.CLOSED in steps] == [Standing.EXPORTED]
    assert [each for each, steps in terms.NEXT.items() if Standing.EXPORTED in steps] == [Standing.REJECTED]
