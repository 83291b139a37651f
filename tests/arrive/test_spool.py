import hashlib

from gatepost.arrive.spool import Spool


def test_what_was_added_is_handed_out_whole_with_its_digest() -> None:
    spool = Spool()
    spool.add(b"ab")
    spool.add(b"c")
    assert spool.take() == (b"abc", hashlib.sha256(b"abc").hexdigest())


def test_nothing_of_one_message_is_left_for_the_next() -> None:
    spool = Spool()
    spool.add(b"first")
    spool.discard()
    spool.add(b"second")
    assert spool.take()[0] == b"second"
    assert spool.take() == (b"", hashlib.sha256(b"").hexdigest())
