import os

from gatepost.keys.drafts import Drafts
from gatepost.keys.keyring import Keyring
from gatepost.keys.rotation import WRAPPING


def test_a_draft_is_known_until_it_is_dropped_and_opens_as_it_was_written() -> None:
    drafts = Drafts(os.urandom)
    assert not drafts
    made, key = drafts.make("tn_a", "epoch", "2026-11")
    assert drafts
    assert drafts.key(made) == key
    master = Keyring(os.urandom(32), os.urandom)
    [row] = drafts.wrapped(master)
    assert master.unwrap(WRAPPING, row.wrapped, row.about) == key
    drafts.drop([row.id])
    assert (bool(drafts), drafts.key(made)) == (False, None)


def test_ids_follow_each_other_and_names_say_whose_they_are() -> None:
    drafts = Drafts(os.urandom)
    first, _ = drafts.make("tn_a", "epoch", "2026-11")
    second, _ = drafts.make("tn_a", "subject", "ann")
    drafts.make("tn_b", "subject", "ann")
    assert second == first + 1
    assert drafts.named("tn_a", None, None) == [first, second]
    assert drafts.named("tn_a", "subject", None) == [second]
    assert drafts.named("tn_a", "subject", "bob") == []
