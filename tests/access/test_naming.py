import pytest

from gatepost.access.naming import NAME_MAX, plain_name
from gatepost.access.paper import AccessError


def test_space_around_a_name_is_dropped() -> None:
    assert plain_name("label", "  Zoë's key ") == "Zoë's key"


@pytest.mark.parametrize("text", ["", "   ", "a\nb", "a\x00b", "a\x1b[31mb", "a\u202eb", "x" * (NAME_MAX + 1)])
def test_what_cannot_be_shown_is_no_name(text: str) -> None:
    with pytest.raises(AccessError, match="a label has"):
        plain_name("label", text)
