import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail.taglist import TagListError, parse, parse_leniently, without_space


def test_values_lose_outer_white_space_and_keep_inner() -> None:
    assert parse(" v = 1 ;\r\n b=a b\r\n c;x=;") == {"v": "1", "b": "a b\r\n c", "x": ""}


@pytest.mark.parametrize("text", ["v=1;v=1", "v", "=1", "v=1;;x=2", "1v=2", "v v=1"])
def test_what_is_no_tag_list_is_refused(text: str) -> None:
    with pytest.raises(TagListError):
        parse(text)


def test_a_record_for_people_is_read_as_far_as_it_can_be() -> None:
    assert parse_leniently("V=DMARC1; p = none; nonsense; p=reject") == {"v": "DMARC1", "p": "none"}


def test_base64_may_be_folded() -> None:
    assert without_space(" ab\r\n\tcd ") == "abcd"


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    parse_leniently(text)
    try:
        tags = parse(text)
    except TagListError:
        return
    assert parse(";".join(f"{name}={value}" for name, value in tags.items())) == tags
