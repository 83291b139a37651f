import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost_client.sse import LINES_MAX, Parser, Said, StreamError


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
