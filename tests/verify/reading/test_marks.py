from gatepost.verify.paper import MAX_SPAN_CHARS, Span, Technique
from gatepost.verify.reading.marks import MAX_CHARS, MAX_SPANS, Marks


def test_spans_are_kept_in_order_and_empty_ones_are_none() -> None:
    marks = Marks()
    marks.add(Technique.META, "html", 1, 9, " words ")
    marks.add(Technique.META, "html", 9, 12, " \n ")
    assert marks.spans == [Span(Technique.META, "html", 1, 9, "words")]
    assert not marks.is_cut


def test_spans_beyond_their_number_are_told_together() -> None:
    marks = Marks()
    for at in range(MAX_SPANS):
        marks.add(Technique.META, "html", at, at + 1, "x")
    marks.add(Technique.ALT_TEXT, "html", 5_000, 5_001, "obey")
    marks.add(Technique.ALT_TEXT, "html", 6_000, 6_001, "me")
    assert marks.spans[MAX_SPANS:] == [Span(Technique.ALT_TEXT, "html", 5_000, 6_001, "obey\nme")]
    assert not marks.is_cut


def test_more_than_we_keep_is_told() -> None:
    marks = Marks()
    marks.add(Technique.META, "html", 0, 1, "x" * (MAX_CHARS - 1))
    assert not marks.is_cut
    marks.add(Technique.META, "html", 0, 1, "yz")
    marks.add(Technique.META, "html", 0, 1, "z")
    assert ([span.text[:1] for span in marks.spans], marks.is_cut) == (["x", "y"], True)
    many = Marks()
    for number in range(2 * MAX_SPANS + 1):
        many.add(Technique.META, f"header:{number}", 0, 1, "x")
    assert (len(many.spans), many.is_cut) == (2 * MAX_SPANS, True)


def test_quoted_history_which_is_kept_whole_is_cut() -> None:
    marks = Marks()
    marks.add(Technique.QUOTED_HISTORY, "quoted", 0, 1, "x" * (MAX_SPAN_CHARS + 1))
    assert (len(marks.spans[0].text), marks.is_cut) == (MAX_SPAN_CHARS, False)
