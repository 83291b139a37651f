from gatepost.verify.reading.flow import LINE, PARAGRAPH, Flow


def test_white_space_collapses_and_breaks_wait_for_words() -> None:
    flow = Flow()
    for text in ("  a ", " \n ", "b", " "):
        flow.write(text)
    flow.break_(LINE)
    flow.break_(PARAGRAPH)
    assert flow.text() == "a b"
    flow.write(" c")
    assert flow.text() == "a b\n\nc"


def test_two_line_ends_make_one_empty_line_and_three_no_more() -> None:
    flow = Flow()
    flow.write("a")
    for _ in range(3):
        flow.line_end()
    flow.write("b")
    assert flow.text() == "a\n\nb"


def test_marks_stand_before_the_words_they_wait_for() -> None:
    flow = Flow()
    flow.mark("- ")
    flow.unmark()
    flow.mark("# ")
    flow.write("a")
    flow.space()
    flow.write("b")
    assert flow.text() == "# a b"


def test_a_reserved_place_is_filled_later() -> None:
    flow = Flow()
    place = flow.reserve()
    flow.write("a ")
    flow.break_(LINE)
    assert flow.since(place) == "a"
    flow.fill(place, "[")
    flow.close("]")
    assert flow.text() == "[a]"


def test_preformatted_text_keeps_its_lines() -> None:
    flow = Flow()
    flow.write("a\n  b\n\n c", is_preformatted=True)
    assert flow.text() == "a\n  b\n\n c"
