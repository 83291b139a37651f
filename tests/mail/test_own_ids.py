from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail.own_ids import NO_IDS, OwnIds

OURS = OwnIds(b"a key of ours")


def test_what_we_wrote_is_ours_and_looks_like_a_message_id() -> None:
    written = OURS.write("em_abc", "house.example")
    assert OURS.is_own(written)
    assert written.startswith("em_abc.")
    assert written.endswith("@house.example")


def test_a_house_with_another_key_wrote_something_else() -> None:
    assert not OwnIds(b"another key").is_own(OURS.write("em_abc", "house.example"))


def test_a_tag_moved_to_another_name_or_domain_is_no_tag() -> None:
    written = OURS.write("em_abc", "house.example")
    assert not OURS.is_own(written.replace("em_abc", "em_abd"))
    assert not OURS.is_own(written.replace("house", "mouse"))
    assert not OURS.is_own(written.upper())


def test_our_plain_names_alone_are_nobodys() -> None:
    assert not OURS.is_own("em_abc@house.example")
    assert not OURS.is_own("em_abc.@house.example")
    assert not OURS.is_own("")


@given(st.text())
def test_no_text_raises_and_none_is_ours_by_luck(text: str) -> None:
    assert not OURS.is_own(text)
    assert not NO_IDS.is_own(text)


def test_what_anybody_can_sign_with_no_key_is_nobodys() -> None:
    assert not NO_IDS.is_own(NO_IDS.write("em_abc", "house.example"))
