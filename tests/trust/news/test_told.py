"""Which facts are news."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gatepost.ids import EntryId
from gatepost.record.trust_log import Stated
from gatepost.trust import incidents, leaf, notice
from gatepost.trust.incidents import Impact, State
from gatepost.trust.news import told
from gatepost.trust.news.paper import Topic

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def stated(action: str, object_ref: str = "one", **detail: Any) -> Stated:
    return Stated(EntryId(1), None, AT, action, object_ref, detail)


def opened(*, is_exercise: bool) -> Stated:
    fact = incidents.opened(
        "in_one",
        name="Mail is late",
        state=State.INVESTIGATING,
        impact=Impact.MAJOR,
        body="We are looking.",
        at=AT,
        is_exercise=is_exercise,
    )
    return Stated(EntryId(1), None, AT, fact.action, fact.object_ref, fact.detail)


def test_an_incident_is_told_under_status_with_its_name_and_state() -> None:
    fact = opened(is_exercise=False)
    news = told.news_of(fact, incidents.incidents_of([fact])[0])
    assert news is not None
    assert (news.topic, news.title, news.text) == (Topic.STATUS, "Mail is late: investigating", "We are looking.")
    assert news.path == "/status/incidents/in_one"


def test_an_exercise_frightens_nobody() -> None:
    fact = opened(is_exercise=True)
    assert told.news_of(fact, incidents.incidents_of([fact])[0]) is None


@pytest.mark.parametrize(
    ("fact", "is_news"),
    [
        (stated(leaf.REVISED, digest="00"), True),
        (stated(notice.NOTICED, digest="00"), True),
        (stated(notice.ENGAGED, digest="00", basis="notice"), True),
        (stated(notice.ENGAGED, digest="00", basis="before_the_log"), False),
        (stated(notice.OBJECTED, objection="ob_x"), False),
        (stated(leaf.CHECKED), False),
        (stated(incidents.MARKED, event="aware"), False),
    ],
)
def test_what_is_published_is_told_under_trust_and_the_rest_is_no_news(fact: Stated, *, is_news: bool) -> None:
    news = told.news_of(fact, changes="Changed: claims (A45).")
    assert (news is not None) is is_news
    assert news is None or news.topic is Topic.TRUST


def test_a_revision_is_told_by_what_it_changed_and_one_that_changed_nothing_is_no_news() -> None:
    fact = stated(leaf.REVISED, digest="00")
    news = told.news_of(fact, changes="Changed: claims (A45).")
    assert news is not None
    assert news.text == "Changed: claims (A45).\n\nSHA-256 of the whole: 00"
    assert told.news_of(fact) is None
