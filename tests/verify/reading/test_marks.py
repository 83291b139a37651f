from gatepost.verify.paper import MAX_SPAN_CHARS, Span, Technique
from gatepost.verify.reading.marks import MAX_CHARS, MAX_SPANS, Marks


def test_spans_are_kept_in_order_and_empty_ones_are_none() -> None:
    marks = Marks()
    marks.add(Technique.META, "html", 1, 9, " words ")
    marks.add(Technique.META, "html", 9, 12, " \n ")
    assert marks.spans == [Span(Technique.META, "html", 1, 9, "words")]
    assert not marks.is_cut


def test_more_than_we_keep_is_told() -> None:
    marks = Marks()
    marks.add(Technique.META, "html", 0, 1, "x" * (MAX_SPAN_CHARS + 1))
    assert (len(marks.spans[0].text), marks.is_cut) == (MAX_SPAN_CHARS, True)
    many = Marks()
    for _ in range(MAX_SPANS + 1):
        many.add(Technique.META, "html", 0, 1, "x")
    assert (len(many.spans), many.is_cut) == (MAX_SPANS, True)
    long = Marks()
    for _ in range(MAX_CHARS // MAX_SPAN_CHARS + 1):
        long.add(Technique.META, "html", 0, 1, "x" * MAX_SPAN_CHARS)
    assert (len(long.spans), long.is_cut) == (MAX_CHARS // MAX_SPAN_CHARS, True)
