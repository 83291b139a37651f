import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.reading.html_tame import tame


@pytest.mark.parametrize(
    ("source", "tamed"),
    [
        ("a{b:c}", "a{b:c}"),
        ("a/* } */b", "a b"),
        ("a/* }", "a "),
        ("a{b:'/*'}c{d:e}f{g:'*/'}", "a{b:'__'}c{d:e}f{g:'*/'}"),
        ('a{b:"};\\";"}', 'a{b:"__\\"_"}'),
        ("a{b:'c\nd}", "a{b:'c\nd}"),
        ("a{b:url(x;y})}", "a{b:url(_)}"),
        ('a{b:url( "x;y" )}', 'a{b:url( "x_y" )}'),
        ("a{b:c(d;e)}", "a{b:c(d_e)}"),
        (".a\\:b{c:d}", ".a_b{c:d}"),
        ("a{b:c(;d:e}", "a{b:c(_d:e_"),
    ],
)
def test_only_syntax_is_left(source: str, tamed: str) -> None:
    assert tame(source) == tamed


@given(st.text("a\"'(){};/*\\\nurl"))
def test_a_tamed_sheet_has_no_comment_and_is_no_longer(source: str) -> None:
    assert len(tame(source)) <= len(source) + source.count("url(")
    assert "/*" not in tame(source) or "url" in source or '"' in source or "'" in source or "\\" in source


@pytest.mark.parametrize("piece", ["/*", "'", '"\\', "(", "url(", "\\", "'a\n", "/", "(;"])
def test_endless_sheets_are_tamed_in_linear_time(piece: str) -> None:
    def spent(size: int) -> float:
        source = piece * (size // len(piece))
        at = time.process_time()
        tame(source)
        return time.process_time() - at

    small, large = spent(100_000), spent(800_000)
    assert large < 30 * small + 0.5
