import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost_client.sse import LINES_MAX, OCTETS_MAX, Lines, Parser, Said, StreamError


def _read(text: str) -> tuple[list[Said], str]:
    parser = Parser()
    return [said for line in text.split("\n") if (said := parser.take(line))], parser.last_id


def test_events_comments_and_places_are_read_as_the_standard_says() -> None:
    text = 'retry: 5\n\n: beat\n\nid: 7\nevent: a\ndata: {"x":\ndata: 1}\n\ndata:plain\n\nevent: without data\n\n'
    assert _read(text) == ([Said("a", '{"x":\n1}'), Said("message", "plain")], "7")


def test_an_event_without_end_is_refused() -> None:
    with pytest.raises(StreamError):
        _read("data: x\n" * (LINES_MAX + 1))


@given(st.text())
def test_nothing_a_server_writes_breaks_it(text: str) -> None:
    try:
        _read(text)
    except StreamError:
        return


@given(st.text(alphabet="ab\r\n\x0b\x0c\x1c\x85\u2028\u2029\u00e4"), st.integers(1, 7))
def test_lines_end_at_cr_and_lf_alone_however_they_are_cut(text: str, size: int) -> None:
    octets, lines = text.encode() + b"\n", Lines()
    read = [line for start in range(0, len(octets), size) for line in lines.take(octets[start : start + size])]
    wanted = (text + "\n").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert read == wanted[:-1]


def test_a_line_without_end_is_refused() -> None:
    lines = Lines()
    assert lines.take(b"x" * OCTETS_MAX) == []
    with pytest.raises(StreamError):
        lines.take(b"x")


def test_an_event_that_broke_off_is_asked_for_again() -> None:
    parser = Parser("6")
    for line in ("id: 7", "event: a", "data: {"):
        parser.take(line)
    parser.begin()
    assert parser.last_id == "6"
    assert [parser.take(line) for line in ("data: x", "")] == [None, Said("message", "x")]


def test_a_place_without_an_event_is_kept() -> None:
    assert _read("retry: 1\n\nid: 9\n\n") == ([], "9")
