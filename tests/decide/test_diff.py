import pytest

from decide.scene import document
from gatepost.decide.diff import Change, diff
from gatepost.decide.language import PolicyError


def test_spelling_is_no_change() -> None:
    assert diff(document({"address": "boss@EXAMPLE.com"}), document({"address": "boss@example.com"})) == []


def test_each_change_has_its_place() -> None:
    after = document(capabilities=["reply"])
    after["senders"].append({"match": {"domain": "new.example"}})
    found = diff(document(), after)
    assert found[0] == Change("senders[0].capabilities", "[]", '["reply"]')
    assert (found[1].path, found[1].before) == ("senders[1]", "")
    with pytest.raises(PolicyError):
        diff(document(), {})
