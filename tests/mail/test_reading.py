import orjson
from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail.kinds import Begins
from gatepost.mail.mime import Part
from gatepost.mail.reading import (
    UNSEEN,
    Attachment,
    Extraction,
    ModelView,
    Reading,
    Span,
    Technique,
    file_names,
    from_json,
    of_text,
    to_json,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBER = st.integers(0, 2**40)
READINGS = st.builds(
    Reading, TEXT, st.builds(ModelView, TEXT, TEXT, TEXT),
    st.lists(st.builds(Span, st.sampled_from(Technique), TEXT, NUMBER, NUMBER, TEXT), max_size=3).map(tuple),
    st.lists(
        st.builds(Attachment, NUMBER, TEXT, TEXT, NUMBER, TEXT, st.sampled_from(Extraction), st.sampled_from(Begins)),
        max_size=3,
    ).map(tuple),
    st.lists(st.builds(Part, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, NUMBER, NUMBER, NUMBER), max_size=3).map(tuple),
    st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip


@given(READINGS)
def test_a_reading_comes_back_as_it_was_kept(reading: Reading) -> None:
    assert from_json(orjson.loads(orjson.dumps(to_json(reading)))) == reading


def test_a_reading_of_before_the_octets_were_looked_at_is_read() -> None:
    written = to_json(Reading("", ModelView(""), attachments=(Attachment(1, "a.pdf", "application/pdf", 1),)))
    written["attachments"][0].pop()
    assert from_json(written).attachments[0].begins is Begins.UNKNOWN


@given(READINGS)
def test_the_names_of_files_are_read_without_the_rest(reading: Reading) -> None:
    assert file_names(to_json(reading)) == tuple(one.filename for one in reading.attachments)


def test_what_both_views_share_is_written_once() -> None:
    assert orjson.dumps(to_json(of_text("x" * 1000))).count(b"x") == 1000


def test_only_words_that_are_nowhere_on_the_page_are_unseen() -> None:
    assert {Technique.QUOTED_HISTORY, Technique.MISMATCHED_LINK, Technique.ATTACHMENT_TEXT}.isdisjoint(UNSEEN)
