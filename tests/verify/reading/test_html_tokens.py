import time

import pytest

from gatepost.verify.reading.html_tokens import NOTHING, closing, parts, plain, unescaped, written


@pytest.mark.parametrize(
    "inside", ['"};"', "'};'", "url(};{)", r"\}", r"\;", "/*};*/", "(;})", "[a;({};)]", '"/*;"', '"\\";"', r"\7b", "'a"]
)
def test_only_signs_that_mean_something_are_left(inside: str) -> None:
    assert not set("{};") & set(plain(inside))


@pytest.mark.parametrize("source", ["a{b:c;d:e}", "a[b]{c:rgb(1, 2)}", "@media (a:b) and (c){d{e:f}}", 'a{b:"x"}'])
def test_what_hides_nothing_stays(source: str) -> None:
    assert plain(source) == source


def test_what_was_masked_is_brought_back_and_escapes_are_resolved() -> None:
    assert written(plain(r'.a\:b{x:"};"}')) == '.a:b{x:"};"}'
    assert plain(r"dis\70lay:n\6f ne") == "display:none"
    assert unescaped(r"a\62 c\"") == 'abc"'
    assert plain("a/* b */c") == f"a{NOTHING}c"
    assert plain("'a\n;b") == "'a'\n;b"


def test_any_sheet_takes_linear_time() -> None:
    for piece in ("'", '"', "(", "[", "\\", "/*", "url(", "url(a", "'\\", "({", "(}", "]", "('", '"\n'):
        spent = []
        for size in (20_000, 80_000):
            started = time.process_time()
            plain(piece * (size // len(piece)) + "x\\")
            spent.append(time.process_time() - started)
        assert spent[1] < 12 * spent[0] + 0.3, piece


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:is(b,c),d[e=f]", ["a:is(b,c)", "d[e=f]"]),
        ("a[b=c,d],e", ["a[b=c,d]", "e"]),
        ("screen and (width:1px),print", ["screen and (width:1px)", "print"]),
        ("a),b", ["a)", "b"]),
        ("a,b", ["a", "b"]),
    ],
)
def test_a_list_is_cut_outside_of_brackets(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


def test_a_bracket_closes_where_its_own_does() -> None:
    text = "a(b(c)d)e"
    assert closing(text, 2) == 7
    assert closing(text[:7], 2) == 7
