"""Which facts are news."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gatepost.ids import EntryId
from gatepost.record.trust_log import Stated
from gatepost.trust import incidents, leaf, notice, read_operator, terms
from gatepost.trust.incidents import Impact, State
from gatepost.trust.news import told
from gatepost.trust.news.paper import Topic
from gatepost.trust.uptime import Component
from trust.scene import EXAMPLE

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
        components=[Component.SMTP],
        is_exercise=is_exercise,
    )
    return Stated(EntryId(1), None, AT, fact.action, fact.object_ref, fact.detail)


def test_an_incident_is_told_under_status_with_its_name_and_state() -> None:
    fact = opened(is_exercise=False)
    news = told.news_of(fact, incidents.incidents_of([fact])[0])
    assert news is not None
    assert (news.topic, news.title) == (Topic.STATUS, "Mail is late: investigating")
    assert news.text == "We are looking.\n\nImpact: major\nParts: Mail in"
    assert news.path == "/status/incidents/in_one"


def test_planned_maintenance_says_when_it_is() -> None:
    fact = incidents.opened(
        "in_one",
        name="New disks",
        state=State.SCHEDULED,
        impact=Impact.MAINTENANCE,
        body="Mail may be late.",
        at=AT,
        window=(AT + timedelta(hours=8), AT + timedelta(hours=13)),
    )
    said = Stated(EntryId(1), None, AT, fact.action, fact.object_ref, fact.detail)
    news = told.news_of(said, incidents.incidents_of([said])[0])
    assert news is not None
    assert "Planned: 2026-11-20 20:00 to 2026-11-21 01:00 UTC" in news.text


def test_suppliers_and_texts_are_told_by_their_names() -> None:
    operator = read_operator(EXAMPLE)
    supplier, text = stated(notice.NOTICED, "backups", digest="00"), stated(terms.NOTICED, "terms", sha256="00")
    for fact, name in ((supplier, "Polder Storage"), (text, "Terms of service")):
        news, bare = told.news_of(fact, operator=operator), told.news_of(fact)
        assert news is not None
        assert bare is not None
        assert news.title.endswith(f": {name}")
        assert bare.title.endswith(f": {fact.object_ref}")


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
