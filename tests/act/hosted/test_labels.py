from msgspec.structs import replace

from gatepost.act.hosted.labels import Label, label_of
from gatepost.mail.address import Address
from outbound import KEPT


def test_a_proven_sender_that_a_rule_matched_is_a_sender() -> None:
    assert label_of(KEPT) is Label.SENDER


def test_who_was_not_proven_is_anybody() -> None:
    assert label_of(replace(KEPT, is_proven=False)) is Label.ANYBODY


def test_mail_to_postmaster_matched_no_rule() -> None:
    assert label_of(replace(KEPT, recipient=Address("PostMaster", "gatepost.test"))) is Label.ANYBODY


def test_the_operator_stands_above_all() -> None:
    assert [label.word for label in sorted(Label)] == ["anybody", "sender", "operator"]
