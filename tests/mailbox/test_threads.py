from gatepost.ids import EmailId
from gatepost.mailbox.threads import REFERENCES_MAX, keys_of, new_thread


def test_its_own_id_comes_first_then_the_nearest_reference() -> None:
    own, near, far = (keys_of(name, ())[0] for name in ("own", "near", "far"))
    assert keys_of("own", ("far", "near")) == [own, near, far]


def test_a_message_without_ids_has_no_keys() -> None:
    assert keys_of("", ("",)) == []


def test_only_the_nearest_references_count() -> None:
    many = tuple(f"{number}@example.org" for number in range(10_000))
    keys = keys_of("own", many)
    assert len(keys) == REFERENCES_MAX + 1
    assert keys[1] == keys_of(many[-1], ())[0]


def test_half_a_character_is_a_key_like_any_other() -> None:
    assert len(keys_of("\ud800", ())) == 1


def test_a_new_thread_is_named_after_the_message_that_begins_it() -> None:
    assert new_thread(EmailId("em_abc")) == "th_abc"
