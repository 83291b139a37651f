"""Whose copy it is."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from gatepost.trust.room.paper import Grant, State, Visitor
from gatepost.trust.room.watermark import mark, marked

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def grant(name: str = "Ada Reader") -> Grant:
    who = Visitor(name=name, company="Reader Ltd", address="ada@reader.test", why="audit")
    return Grant(id="rg_one", visitor=who, state=State.APPROVED, asked_at=AT)


def test_the_mark_names_viewer_time_and_grant() -> None:
    assert mark(grant(), AT) == "For Ada Reader, Reader Ltd (ada@reader.test) - 2026-11-20T12:00:00Z - rg_one"


@given(name=st.text(max_size=80))
def test_no_name_leaves_its_line(name: str) -> None:
    assert len(mark(grant(name), AT).splitlines()) == 1


@given(octets=st.binary(max_size=2000))
def test_every_page_of_a_text_has_the_mark_and_no_line_is_lost(octets: bytes) -> None:
    lines = octets.decode("utf-8", "replace").splitlines()
    text = marked(octets, grant(), AT)
    line = mark(grant(), AT)
    assert text.startswith(line)
    assert text.rstrip().endswith(line)
    assert text.count(line) == max(-(-len(lines) // 50), 1) + 1
    kept = [each for each in text.splitlines() if each not in {line, ""}]
    assert kept == [each for each in lines if each not in {line, ""}]
