import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail import parameters


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("text/plain; charset=utf-8", {"charset": "utf-8"}),
        ('TEXT/plain ; Charset = "utf-8" (comment)', {"charset": "utf-8"}),
        (r'a/b; name="x;y\"z"; q=1', {"name": 'x;y"z', "q": "1"}),
        ("a/b; name=my file.txt; name=other", {"name": "my file.txt"}),
        ("a/b; name*=utf-8'de'B%C3%B6b", {"name": "B\u00f6b"}),
        ("a/b; name*1=b; name*0=a; name*2*=%63", {"name": "abc"}),
        ("a/b; name*0*=iso-8859-1''%E9; name*1*=%E8; name=plain", {"name": "\u00e9\u00e8"}),
        ('a/b; name="open; q=1', {"name": "open; q=1"}),
        ("a/b; =x; y; ;;", {}),
        ("a/b (x; name=evil) ; name=good", {"name": "good"}),
        ("a/b; name=good (x) (y)", {"name": "good"}),
        ('a/b; name=(x)"good"', {"name": "good"}),
        ("a/b; (x) name (y (z\\))) = (v) good", {"name": "good"}),
        ('a/b; name="(x)"', {"name": "(x)"}),
        ("a/b; name=report (1).pdf", {"name": "report (1).pdf"}),
        ("a/b; name=report (1; q=2", {"name": "report (1", "q": "2"}),
        ("", {}),
    ],
)  # fmt: skip
def test_parameters_are_read(value: str, found: dict[str, str]) -> None:
    assert parameters.read(value)[1] == found


def test_the_value_itself_is_a_lowercase_token() -> None:
    assert parameters.read("Text/HTML (really); x=y")[0] == "text/html"


def test_comments_before_a_token_are_no_part_of_it() -> None:
    assert parameters.read("(a \\) b) (c)\tText/HTML; x=y")[0] == "text/html"
    assert parameters.token(" (seven bits it is not) base64") == "base64"
    assert parameters.token("(never closed base64") == ""


def test_a_file_name_may_stand_in_either_field_and_be_encoded_as_everybody_does() -> None:
    assert parameters.file_name("", "=?utf-8?q?B=C3=B6b?=") == "B\u00f6b"
    assert parameters.file_name("a", "b") == "a"


@given(st.text("a*0';=\"\\ %\u00e9", max_size=60))
def test_any_value_is_read(value: str) -> None:
    parameters.read("a/b;" + value)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", [";", '"', "\\", "a=", "a*0=b;", ' "', "=;", "a*=''%", "(", "()", " (a) b", "( "])
def test_long_values_take_linear_time(piece: str) -> None:
    parameters.read(piece * (1_000_000 // len(piece)))
